//! `portreeve serve` on a project.

use std::process::Command;

use serde_json::Value;

use crate::client::{Reply, Request};
use crate::wait::{PATIENCE, within};
use crate::{Audit, Process, Project, portreeve};

/// A gateway that is ready, until it is dropped.
#[derive(Debug)]
pub struct Gateway {
    // Before `project`, so that the process ends before its files go.
    process: Process,
    project: Project,
}

impl Gateway {
    /// Starts and waits until `/health/ready` says so; fails the test with its output when it does not.
    pub fn start(project: Project) -> Gateway {
        let mut gateway = Gateway::spawn(project);
        let ready = within(PATIENCE, || {
            gateway.process.assert_alive();
            gateway.ready().then_some(())
        });
        assert!(ready.is_some(), "not ready:\n{}\n{}", gateway.process.stdout(), gateway.process.stderr());
        gateway
    }

    /// Starts without waiting, for tests of gateways that do not get ready.
    pub fn spawn(project: Project) -> Gateway {
        let mut command = Command::new(portreeve());
        command.args(["serve", "-c", "portreeve.yaml"]).current_dir(project.root()).env("NO_COLOR", "1");
        Gateway { process: Process::start(&mut command), project }
    }

    /// Whether the admin listener says that a revision is live.
    pub fn ready(&self) -> bool {
        Request::get("/health/ready").try_send(self.project.admin()).is_some_and(|reply| reply.status == 200)
    }

    /// Sends one request on a connection of its own.
    pub fn send(&self, request: &Request) -> Reply {
        request.send(self.project.port())
    }

    /// Sends these very bytes on a connection of their own.
    pub fn send_raw(&self, bytes: impl AsRef<[u8]>) -> Reply {
        crate::client::send_raw(self.project.port(), bytes.as_ref())
    }

    /// Asks the admin listener.
    pub fn admin(&self, path: &str) -> Reply {
        Request::get(path).send(self.project.admin())
    }

    /// What `/revision` says.
    pub fn revision(&self) -> Value {
        self.admin("/revision").json()
    }

    /// The sum of every sample of a metric whose line starts with `name` and holds each of `labels`.
    pub fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let text = self.admin("/metrics").text();
        let wanted = |line: &&str| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
                && labels.iter().all(|label| line.contains(label))
        };
        text.lines().filter(wanted).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    /// The audit file that the project's configuration names.
    pub fn audit(&self) -> Audit {
        let names = ["dev/decisions.log", "decisions.log"];
        let path = names.iter().map(|name| self.project.path(name)).find(|path| path.exists());
        Audit::at(&path.unwrap_or_else(|| self.project.path("decisions.log")))
    }

    /// The project it serves.
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// The process itself, for signals and output.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}
