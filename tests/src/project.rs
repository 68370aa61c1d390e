//! A directory with `portreeve.yaml` and what it names, gone when the test ends.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::tokens::Issuer;
use crate::{free_port, workspace};

/// A project on disk and the two ports its gateway will listen on.
#[derive(Debug)]
pub struct Project {
    root: TempDir,
    port: u16,
    admin: u16,
}

impl Project {
    /// An empty directory and two free ports.
    pub fn empty() -> Project {
        let root = tempfile::tempdir().expect("a temporary directory can be made");
        Project { root, port: free_port(), admin: free_port() }
    }

    /// A project whose `portreeve.yaml` has the listeners, `issuer`'s keys, one upstream `app` and an audit file;
    /// `routes` becomes the one route file. Policies are still to be written.
    pub fn with_routes(upstream: u16, issuer: &Issuer, routes: &str) -> Project {
        let project = Project::empty();
        project.write("portreeve.yaml", &project.config(upstream, issuer));
        project.write("routes/main.yaml", routes);
        project.write("jwks.json", &issuer.jwks().to_string());
        std::fs::create_dir_all(project.path("policies")).expect("a folder can be made");
        project
    }

    /// The text of `portreeve.yaml` that [`Project::with_routes`] writes.
    pub fn config(&self, upstream: u16, issuer: &Issuer) -> String {
        let (port, admin) = (self.port, self.admin);
        let (iss, aud) = (issuer.name(), issuer.audience());
        format!(
            "listeners: [{{ address: 127.0.0.1:{port} }}]
admin: {{ address: 127.0.0.1:{admin} }}
upstreams:
  app: {{ endpoints: [http://127.0.0.1:{upstream}] }}
authenticators:
  test:
    jwt: {{ issuer: {iss}, audience: {aud}, jwks: jwks.json, algorithms: [RS256, ES256] }}
    principal: {{ id: claims.sub, roles: claims.roles, attr: {{ department: claims.department }} }}
routes: [routes/]
policies: {{ directory: policies }}
audit: [{{ file: {{ path: decisions.log }} }}]
"
        )
    }

    /// The project with these authenticators, indented by two, in the place of those it had.
    pub fn with_authenticators(self, authenticators: &str) -> Project {
        let config = std::fs::read_to_string(self.path("portreeve.yaml")).expect("a project has a config");
        let (before, rest) = config.split_once("authenticators:").expect("the config has authenticators");
        let (_, after) = rest.split_once("\nroutes:").expect("routes come after them");
        self.write("portreeve.yaml", &format!("{before}authenticators:\n{authenticators}\nroutes:{after}"));
        self
    }

    /// A copy of `deploy/examples/<name>` that listens on this project's ports, asks `upstream` and trusts `issuer`.
    pub fn example(name: &str, upstream: u16, issuer: &Issuer) -> Project {
        let project = Project::empty();
        let source = workspace().join("deploy/examples").join(name);
        for folder in ["routes", "policies"] {
            copy(&source.join(folder), &project.path(folder));
        }
        let text = std::fs::read_to_string(source.join("portreeve.yaml")).expect("an example has a config");
        let replaced = [
            ("127.0.0.1:8080", format!("127.0.0.1:{}", project.port)),
            ("127.0.0.1:9901", format!("127.0.0.1:{}", project.admin)),
            ("127.0.0.1:8000", format!("127.0.0.1:{upstream}")),
            ("https://dev.portreeve.test", issuer.name().to_owned()),
        ];
        let text = replaced.iter().fold(text, |text, (from, to)| {
            assert!(text.contains(from), "the example no longer says `{from}`");
            text.replace(from, to)
        });
        project.write("portreeve.yaml", &text);
        project.write("dev/jwks.json", &issuer.jwks().to_string());
        project
    }

    /// Writes a file, making the folders on the way. Not atomic: see [`Project::replace`].
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a file lives in a folder"))
            .expect("a folder can be made");
        std::fs::write(&path, text).expect("a file can be written");
    }

    /// Replaces a file the way editors and deployment tools do: write beside it, then rename over it.
    pub fn replace(&self, name: &str, text: &str) {
        let beside = self.path(&format!("{name}.new~"));
        std::fs::write(&beside, text).expect("a file can be written");
        std::fs::rename(&beside, self.path(name)).expect("a file can be renamed");
    }

    /// Where a file of the project is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The project's own folder.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The port that requests come to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The port of the admin listener.
    pub fn admin(&self) -> u16 {
        self.admin
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("an example's folder can be read") {
        let entry = entry.expect("an entry can be read").path();
        let target = to.join(entry.file_name().expect("an entry has a name"));
        if entry.is_dir() {
            copy(&entry, &target);
        } else {
            std::fs::copy(&entry, &target).expect("a file can be copied");
        }
    }
}
