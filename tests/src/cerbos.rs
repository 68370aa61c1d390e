//! A real Cerbos and a decision point of ours, side by side.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::apps::try_prepared;
use crate::client::Request;
use crate::wait::within;
use crate::{Process, free_port, portreeve, workspace};

/// Cerbos' own program, from its npm package, which is installed once. `None` where there is none to be had; that is
/// said aloud.
pub fn cerbos() -> Option<PathBuf> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        println!("SKIPPED: the package of Cerbos that is compared with is for Linux on x86-64");
        return None;
    }
    let package = workspace().join("tests/tests/differential/package.json");
    let folder = try_prepared("cerbos", &[&package], |folder| {
        std::fs::copy(&package, folder.join("package.json")).map_err(|error| error.to_string())?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund"]).current_dir(folder);
        match npm.output() {
            Ok(ran) if ran.status.success() => Ok(()),
            Ok(ran) => Err(String::from_utf8_lossy(&ran.stderr).into_owned()),
            Err(error) => Err(format!("npm does not start: {error}")),
        }
    });
    match folder {
        Ok(folder) => Some(folder.join("node_modules/@cerbos/cerbos-linux-x64/cerbos-linux-x64")),
        Err(error) => {
            println!("SKIPPED: Cerbos cannot be installed: {error}");
            None
        }
    }
}

/// A decision point that answers at a port, Cerbos' or ours, until it is dropped.
#[derive(Debug)]
pub struct Server {
    process: Process,
    port: u16,
}

impl Server {
    /// Cerbos, over the policies of a folder. `config` is more text for its configuration. The error is what it wrote
    /// when it did not get ready.
    pub fn cerbos(program: &Path, policies: &Path, config: &str) -> Result<Server, String> {
        let mut command = Command::new(program);
        command.args(["server", "--log-level", "error"]).env("CERBOS_NO_TELEMETRY", "1");
        Server::start(command, policies, config)
    }

    /// `portreeve pdp`, with the same configuration.
    pub fn ours(policies: &Path, config: &str) -> Result<Server, String> {
        Server::ours_of(portreeve(), policies, config)
    }

    /// `portreeve pdp` of this build.
    pub fn ours_of(program: &Path, policies: &Path, config: &str) -> Result<Server, String> {
        let mut command = Command::new(program);
        command.args(["pdp", "--log-level", "error"]).env("NO_COLOR", "1");
        Server::start(command, policies, config)
    }

    fn start(mut command: Command, policies: &Path, config: &str) -> Result<Server, String> {
        let (port, grpc) = (free_port(), free_port());
        let text = format!(
            "server: {{ httpListenAddr: '127.0.0.1:{port}', grpcListenAddr: '127.0.0.1:{grpc}' }}\n\
             storage: {{ driver: disk, disk: {{ directory: '{}' }} }}\n{config}\n",
            policies.display()
        );
        let folder = tempfile::tempdir().expect("a temporary directory can be made");
        let file = folder.path().join("cerbos.yaml");
        std::fs::write(&file, text).expect("a file can be written");
        let mut process = Process::start(command.arg("--config").arg(&file));
        let health = Request::get("/_cerbos/health");
        let ready = within(Duration::from_secs(120), || {
            let ended = process.ended_within(Duration::ZERO).is_some();
            let healthy = health.try_send(port).is_some_and(|reply| reply.status == 200);
            (ended || healthy).then_some(healthy)
        });
        if ready == Some(true) {
            return Ok(Server { process, port });
        }
        Err(format!("{}{}", process.stdout(), process.stderr()))
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        &self.process
    }
}
