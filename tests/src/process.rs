//! A process that a test started, and stops by its own id.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::wait::within;

/// A running process whose output is kept in files. Dropping it asks it to end, and insists after five seconds.
#[derive(Debug)]
pub struct Process {
    child: Child,
    output: TempDir,
}

impl Process {
    /// Starts a command with its output kept aside.
    pub fn start(command: &mut Command) -> Process {
        let output = tempfile::tempdir().expect("a temporary directory can be made");
        let stream = |name| Stdio::from(File::create(output.path().join(name)).expect("a file can be made"));
        let child = command
            .stdin(Stdio::null())
            .stdout(stream("stdout"))
            .stderr(stream("stderr"))
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        Process { child, output }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to standard output so far.
    pub fn stdout(&self) -> String {
        read(&self.output.path().join("stdout"))
    }

    /// What it wrote to standard error so far.
    pub fn stderr(&self) -> String {
        read(&self.output.path().join("stderr"))
    }

    /// The folder that holds its output, for what else a test wants to keep as long as the process runs.
    pub fn keep(&self) -> PathBuf {
        self.output.path().to_path_buf()
    }

    /// Sends a signal by name, such as `TERM` or `HUP`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "no process {} to signal", self.id());
    }

    /// Waits for its end; `None` when it still runs after `limit`.
    pub fn ended_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        within(limit, || self.child.try_wait().expect("a child can be asked"))
    }

    /// Fails the test with the process' output if it has ended already.
    pub fn assert_alive(&mut self) {
        if let Some(status) = self.ended_within(Duration::ZERO) {
            panic!("it ended with {status}:\n{}\n{}", self.stdout(), self.stderr());
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended_within(Duration::ZERO).is_some() {
            return;
        }
        self.signal("TERM");
        if self.ended_within(Duration::from_secs(5)).is_none() {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}
