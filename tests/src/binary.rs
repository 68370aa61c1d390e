//! The binary under test: found, built when it has to be, and run to its end.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::tree::{profile_dir, target_dir, workspace};
use crate::wait::{PATIENCE, within};

/// Path of the `portreeve` binary: `PORTREEVE_BIN` where that is set, else built by cargo, once per test program.
///
/// Cargo is asked every time, since a test must never judge yesterday's binary; when nothing changed that costs
/// a fraction of a second.
pub fn portreeve() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("PORTREEVE_BIN") {
        Some(path) => path.into(),
        None => build(),
    })
}

/// What `scripts/dist` builds.
fn shipped() -> PathBuf {
    let mut script = outside(Command::new(workspace().join("scripts/dist")));
    let status = script.env("CARGO_TARGET_DIR", target_dir()).status();
    assert!(status.is_ok_and(|status| status.success()), "scripts/dist does not build");
    target_dir().join("shipped/portreeve")
}

/// An example of this package, optimized as what is shipped, but for the guide.
///
/// # Panics
/// It does not build.
pub fn optimized(example: &str) -> PathBuf {
    let mut cargo = cargo();
    cargo.args(["build", "--profile", "dist", "--quiet", "--locked", "--package", "portreeve-tests"]);
    let status = cargo.args(["--example", example, "--target-dir"]).arg(target_dir()).status();
    assert!(status.is_ok_and(|status| status.success()), "{example} does not build");
    target_dir().join("dist/examples").join(example)
}

fn build() -> PathBuf {
    let profile = profile_dir();
    // Measured is what is shipped.
    if profile.ends_with("release") {
        return shipped();
    }
    let mut cargo = cargo();
    cargo.args(["build", "--quiet", "--package", "portreeve", "--target-dir"]);
    cargo.arg(target_dir());
    let built = cargo.output().expect("cargo starts");
    assert!(built.status.success(), "portreeve does not build:\n{}", String::from_utf8_lossy(&built.stderr));
    profile.join("portreeve")
}

fn cargo() -> Command {
    outside(Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())))
}

/// A command in the workspace, as it is when it is not started by a test. Build scripts are run again when a variable has
/// changed that they asked for, and those that cargo sets for a test are among them (`CARGO_MANIFEST_DIR`, by `ring`):
/// each build by a test and each build of tests would undo the other, with all that depends on it.
fn outside(mut command: Command) -> Command {
    let of_test = |name: &str| name.starts_with("CARGO_MANIFEST_") || name.starts_with("CARGO_PKG_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(of_test)) {
        command.env_remove(name);
    }
    command.current_dir(workspace());
    command
}

/// What a command left behind.
#[derive(Debug)]
pub struct Ran {
    /// Exit code; `None` when a signal ended it or it had to be stopped.
    pub code: Option<i32>,
    /// All of standard output.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
}

impl Ran {
    /// Standard output as JSON; fails the test when it is not.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }

    /// Both streams together, for assertions on text that may go to either.
    pub fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// Runs a verb to its end in the root of the workspace. Stopped after 30 seconds.
pub fn run(arguments: &[&str]) -> Ran {
    run_in(workspace(), arguments)
}

/// Runs a verb to its end in the given directory. Stopped after 30 seconds.
pub fn run_in(directory: &Path, arguments: &[&str]) -> Ran {
    let mut child = Command::new(portreeve())
        .args(arguments)
        .current_dir(directory)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let stdout = read_all(child.stdout.take());
    let stderr = read_all(child.stderr.take());
    let status = within(PATIENCE, || child.try_wait().ok().flatten());
    if status.is_none() {
        child.kill().ok();
        child.wait().ok();
    }
    Ran {
        code: status.and_then(|status| status.code()),
        stdout: stdout.join().unwrap_or_default(),
        stderr: stderr.join().unwrap_or_default(),
    }
}

fn read_all(stream: Option<impl std::io::Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            stream.read_to_end(&mut bytes).ok();
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
