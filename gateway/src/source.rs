//! The text of a project: `portreeve.yaml` and everything that it names, as one bundle.

use std::path::{Path, PathBuf};

use portreeve_diagnostics::{Bundle, Diagnostic, Report, Span, yaml};
use portreeve_store::{Directory, is_yaml_or_json};

use crate::config::{self, Config, Folder};

/// Where a project's text is.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    file: PathBuf,
    folder: Folder,
}

/// The files and folders that a configuration names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// Of routes and policies.
    texts: Vec<String>,
    /// Of everything else; key sets among them, so that new keys make a new revision.
    files: Vec<String>,
    /// Of what is read and is no part of a revision.
    pub(crate) beside: Vec<String>,
}

impl Named {
    /// Those of this one.
    pub(crate) fn by(config: &Config) -> Self {
        let texts = config.routes.iter().chain([&config.policies]).map(|path| path.value.clone());
        let files = files(config).map(|(path, _)| path.to_owned());
        Self { texts: texts.collect(), files: files.collect(), beside: config.beside.clone() }
    }
}

/// The single files that a configuration names, and where it does.
fn files(config: &Config) -> impl Iterator<Item = (&str, Span)> {
    let files = config::key_files(&config.authenticators).chain(config::page_files(&config.answers));
    files.filter_map(|node| Some((node.as_str()?, node.span)))
}

/// Gives the findings about what the configuration names, and what is not there, the place where it does.
fn place(config: &Config, report: &mut Report) {
    let texts = config.routes.iter().chain([&config.policies]).map(|path| (&*path.value, path.span));
    let named: Vec<_> = texts.chain(files(config)).collect();
    for found in report.findings.iter_mut().filter(|found| found.labels.is_empty()) {
        let is_about = |path: &str| found.message.contains(&format!("`{}`", plain(path)));
        if let Some((_, span)) = named.iter().find(|(path, _)| is_about(path)) {
            found.labels.push((*span, "named here".to_owned()));
            let help = "paths are relative to the folder of the configuration";
            found.help.get_or_insert_with(|| help.to_owned());
        }
    }
}

/// One reading of it. The configuration is the bundle's first file.
#[derive(Debug)]
pub(crate) struct Text {
    /// All files.
    pub(crate) bundle: Bundle,
    /// Which of them have routes.
    pub(crate) routes: Vec<u32>,
    /// Which of them have policies.
    pub(crate) policies: Vec<u32>,
    /// What the configuration says, as far as it can be understood. With errors in the report it is good for looking on,
    /// and for nothing else.
    pub(crate) config: Option<Config>,
    /// What is wrong so far: with files, and with the configuration.
    pub(crate) report: Report,
}

impl Source {
    /// The project of this file, or of the file of the usual name in this folder.
    pub(crate) fn of(path: &Path) -> Self {
        let file = if path.is_dir() { path.join(config::DEFAULT_FILE) } else { path.to_owned() };
        let folder = Folder::of(&file);
        Self { file, folder }
    }

    /// Where relative paths of the configuration lead.
    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Reads everything.
    pub(crate) fn read(&self) -> Text {
        let (alone, report) = self.read_alone();
        if report.has_errors() {
            return Text::without_parts(alone, None, report);
        }
        // Which other files there are, the configuration says; what is wrong with it is reported once, below.
        let mut found = Report::default();
        let Some(config) = self.configured(&alone, &mut found) else {
            return Text::without_parts(alone, None, found);
        };
        let (bundle, mut report) = self.directory(&Named::by(&config)).read();
        place(&config, &mut report);
        self.refuse_folders(&config, &mut report);
        let named = self.configured(&bundle, &mut report);
        let (routes, policies) = parts(&bundle, &config);
        Text { bundle, routes, policies, config: named, report }
    }

    /// Reads the configuration and the policies, and nothing else that it names:
    /// what is wrong elsewhere is not looked for.
    pub(crate) fn read_policies(&self) -> Text {
        let (alone, report) = self.read_alone();
        if report.has_errors() {
            return Text::without_parts(alone, None, report);
        }
        let mut found = Report::default();
        let config = self.configured(&alone, &mut found).filter(|_| !found.has_errors());
        let Some(config) = config else {
            return Text::without_parts(alone, None, found);
        };
        let (bundle, mut report) = self.alone().include(&config.policies.value, is_yaml_or_json).read();
        place(&config, &mut report);
        let (_, policies) = parts(&bundle, &config);
        Text { bundle, routes: Vec::new(), policies, config: Some(config), report }
    }

    /// The configuration and all that it names, for reading and watching.
    pub(crate) fn directory(&self, named: &Named) -> Directory {
        let texts = named.texts.iter();
        let directory = texts.fold(self.alone(), |directory, path| directory.include(path, is_yaml_or_json));
        named.files.iter().fold(directory, |directory, path| directory.include(path, |_| true))
    }

    /// The configuration's own text. Of one that cannot be read it is said where it was looked for.
    fn read_alone(&self) -> (Bundle, Report) {
        let (bundle, mut report) = self.alone().read();
        let name = format!("`{}`", self.file.file_name().unwrap_or_default().display());
        let path = format!("`{}`", self.file.display());
        for found in &mut report.findings {
            found.message = found.message.replacen(&name, &path, 1);
            if found.code == "store/not-found" {
                let help = "name a configuration or its folder; `portreeve init DIR` writes a small project";
                found.help = Some(help.to_owned());
            }
        }
        (bundle, report)
    }

    fn alone(&self) -> Directory {
        let name = self.file.file_name().unwrap_or_default();
        Directory::new(self.folder.path("")).include(name, is_yaml_or_json)
    }

    /// What is one file, such as a key set, is not looked for in a folder.
    fn refuse_folders(&self, config: &Config, report: &mut Report) {
        for (path, span) in files(config).filter(|(path, _)| self.folder.path(path).is_dir()) {
            let message = format!("`{path}` is a folder");
            report.push(
                Diagnostic::error("store/not-a-file", message)
                    .at(span, "a folder")
                    .help("name the very file"),
            );
        }
    }

    fn configured(&self, bundle: &Bundle, report: &mut Report) -> Option<Config> {
        let documents = match yaml::read(bundle, 0) {
            Ok(documents) => documents,
            Err(diagnostic) => {
                report.push(diagnostic);
                return None;
            }
        };
        match documents.as_slice() {
            [document] => config::compile(document, &self.folder, report),
            [] => {
                let start = Span { file: 0, start: 0, end: 0 };
                let found = Diagnostic::error("config/empty", "the configuration is empty");
                report.push(found.at(start, "nothing here").help("`portreeve init` writes a small one"));
                None
            }
            [_, second, ..] => {
                let message = "the configuration has more than one document";
                report.push(Diagnostic::error("config/documents", message).at(second.span, "the second one"));
                None
            }
        }
    }
}

impl Text {
    fn without_parts(bundle: Bundle, config: Option<Config>, report: Report) -> Self {
        Self { bundle, routes: Vec::new(), policies: Vec::new(), config, report }
    }
}

/// Which files have routes and which have policies. A file that is below both belongs to the nearer folder.
fn parts(bundle: &Bundle, config: &Config) -> (Vec<u32>, Vec<u32>) {
    let (mut routes, mut policies) = (Vec::new(), Vec::new());
    for (index, file) in (0u32..).zip(&bundle.files).skip(1) {
        let route = config.routes.iter().filter_map(|path| below(&file.name, &path.value)).max();
        let policy = below(&file.name, &config.policies.value);
        if route > policy {
            routes.push(index);
        } else if policy.is_some() {
            policies.push(index);
        }
    }
    (routes, policies)
}

/// How long the path is that a file is at or below.
fn below(name: &str, path: &str) -> Option<usize> {
    let path = plain(path);
    let at_or_below = name.strip_prefix(&path).is_some_and(|rest| {
        rest.is_empty() || path.is_empty() || path.ends_with('/') || rest.starts_with('/')
    });
    at_or_below.then_some(path.len())
}

/// The path as names of files begin with it: `./routes/` is `routes`.
pub(crate) fn plain(path: &str) -> String {
    let parts = Path::new(path).components().filter(|part| *part != std::path::Component::CurDir);
    parts.collect::<PathBuf>().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_below_the_folders_that_its_path_goes_through() {
        for (name, path, expected) in [
            ("routes/a.yaml", "routes/", Some(6)),
            ("routes/a.yaml", "./routes", Some(6)),
            ("routes/a.yaml", "routes/a.yaml", Some(13)),
            ("routes2/a.yaml", "routes", None),
            ("a.yaml", ".", Some(0)),
            ("/etc/p/a.yaml", "/etc/p", Some(6)),
            ("/a.yaml", "/", Some(1)),
            ("../p/a.yaml", "../p/", Some(4)),
        ] {
            assert_eq!(below(name, path), expected, "{name} {path}");
        }
    }

    #[test]
    fn a_project_is_one_bundle_whose_first_file_is_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        crate::project::write(folder.path(), &[]).unwrap();
        crate::devkey::DevKey::in_folder(&folder.path().join("dev")).unwrap();
        let text = Source::of(folder.path()).read();
        assert!(text.report.is_empty(), "{:?}", text.report);
        let name = |index: &u32| &*text.bundle.files[*index as usize].name;
        assert_eq!(name(&0), "portreeve.yaml");
        assert_eq!(text.routes.iter().map(name).collect::<Vec<_>>(), ["routes/notes.yaml"]);
        let policies: Vec<_> = text.policies.iter().map(name).collect();
        assert_eq!(policies, ["policies/note.yaml", "policies/tests/note_test.yaml"]);
    }

    #[test]
    fn what_is_named_and_not_there_is_shown_where_it_is_named() {
        for (path, shown) in
            [("dev/jwks.json", "dev/jwks.json"), ("routes/", "routes/"), ("policies }", "policies")]
        {
            let folder = tempfile::tempdir().unwrap();
            let elsewhere = path.replace(shown, "no/such");
            crate::project::write(folder.path(), &[(path, &elsewhere)]).unwrap();
            crate::devkey::DevKey::in_folder(&folder.path().join("dev")).unwrap();
            let text = Source::of(folder.path()).read();
            let [found] = &*text.report.findings else { panic!("{path}: {:?}", text.report) };
            assert_eq!(found.message, "there is no file or folder `no/such`");
            assert_eq!(text.bundle.text(found.span().unwrap()), Some("no/such"), "{path}");
        }
    }

    #[test]
    fn a_project_that_is_not_there_is_said_to_be() {
        let folder = tempfile::tempdir().unwrap();
        let text = Source::of(folder.path()).read();
        assert!(text.config.is_none());
        assert_eq!(text.report.findings[0].code, "store/not-found");
    }
}
