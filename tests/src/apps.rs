//! The services of `deploy/examples`, started for real.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::client::Request;
use crate::wait::{PATIENCE, within};
use crate::{Process, free_port, target_dir, workspace};

/// A service that answers, until it is dropped.
#[derive(Debug)]
pub struct App {
    port: u16,
    _process: Process,
}

impl App {
    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// Starts `deploy/examples/fastapi-contacts/app` with uvicorn from a virtual environment that is made once.
pub fn fastapi_contacts() -> App {
    let source = workspace().join("deploy/examples/fastapi-contacts/app");
    let environment = python(&source.join("requirements.txt"));
    start(|port| {
        let mut command = Command::new(environment.join("bin/uvicorn"));
        command.args(["--app-dir"]).arg(&source).args(["--port", &port.to_string(), "main:app"]);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    })
}

/// Starts `deploy/examples/express-expenses/app` with packages that are installed once.
pub fn express_expenses() -> App {
    let source = workspace().join("deploy/examples/express-expenses/app");
    let app = node(&source, &["package.json", "package-lock.json", "server.js", "expenses.js"]);
    start(|port| {
        let mut command = Command::new("node");
        command.arg("server.js").current_dir(&app).env("PORT", port.to_string());
        command
    })
}

/// Starts the OpenID provider of `tests/provider`, for a gateway that browsers find at a port of loopback.
pub fn oidc_provider(gateway: u16) -> App {
    let provider =
        node(&workspace().join("tests/provider"), &["package.json", "package-lock.json", "provider.js"]);
    start(|port| {
        let mut command = Command::new("node");
        command.arg("provider.js").current_dir(&provider).env("PORT", port.to_string());
        command.env("APP", format!("http://127.0.0.1:{gateway}"));
        command
    })
}

/// A virtual environment with these requirements: made when they change, shared by all tests of this target directory.
pub fn python(requirements: &Path) -> PathBuf {
    prepared("python", &[requirements], |folder| {
        check(Command::new("python3").args(["-m", "venv"]).arg(folder));
        let mut install = Command::new(folder.join("bin/python"));
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]);
        check(install.arg(requirements));
    })
}

fn node(source: &Path, files: &[&str]) -> PathBuf {
    let files: Vec<PathBuf> = files.iter().map(|name| source.join(name)).collect();
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    prepared("node", &files, |folder| {
        for file in &files {
            let name = file.file_name().expect("a file has a name");
            std::fs::copy(file, folder.join(name)).expect("a file can be copied");
        }
        check(Command::new("npm").args(["ci", "--silent", "--no-audit", "--no-fund"]).current_dir(folder));
    })
}

/// A folder under the target directory that `make` fills once for this content of `files`. Test programs that come at
/// the same time wait for the first; one that is cut off half-way is made anew.
fn prepared(kind: &str, files: &[&Path], make: impl FnOnce(&Path)) -> PathBuf {
    let made = try_prepared(kind, files, |folder| {
        make(folder);
        Ok(())
    });
    made.expect("it panics where it cannot be made")
}

/// The same, for what cannot always be made.
pub(crate) fn try_prepared(
    kind: &str,
    files: &[&Path],
    make: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    let content: Vec<u8> =
        files.iter().flat_map(|file| std::fs::read(file).expect("a file can be read")).collect();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &content);
    let name: String = digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let base = target_dir().join("test-apps");
    std::fs::create_dir_all(&base).expect("a folder can be made");
    let lock = File::create(base.join(format!("{kind}-{name}.lock"))).expect("a file can be made");
    lock.lock().expect("a file can be locked");

    let folder = base.join(format!("{kind}-{name}"));
    let complete = base.join(format!("{kind}-{name}.complete"));
    if !complete.exists() {
        std::fs::remove_dir_all(&folder).ok();
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        make(&folder)?;
        File::create(&complete).expect("a file can be made");
    }
    Ok(folder)
}

fn check(command: &mut Command) {
    let ran = command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let output = [ran.stdout, ran.stderr].concat();
    assert!(ran.status.success(), "{command:?} failed:\n{}", String::from_utf8_lossy(&output));
}

/// Starts on a free port and waits for `/health`.
fn start(command: impl FnOnce(u16) -> Command) -> App {
    let port = free_port();
    let mut process = Process::start(&mut command(port));
    let healthy = within(PATIENCE, || {
        process.assert_alive();
        Request::get("/health").try_send(port).filter(|reply| reply.status == 200)
    });
    assert!(healthy.is_some(), "it does not answer:\n{}\n{}", process.stdout(), process.stderr());
    App { port, _process: process }
}
