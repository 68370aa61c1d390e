//! A Redis of a test's own, where there is one on this machine.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::wait::{PATIENCE, within};
use crate::{Process, free_port};

/// A running `redis-server` that keeps nothing on disk, until it is dropped.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    process: Option<Process>,
}

impl Redis {
    /// Starts one that wants a password; `None`, and a line that says so, where `redis-server` is not installed.
    pub fn start(password: &str) -> Option<Redis> {
        let installed = Command::new("redis-server").arg("--version").output().is_ok();
        if !installed {
            println!("skipped: `redis-server` is not installed");
            return None;
        }
        let mut redis = Redis { port: free_port(), process: None };
        redis.restart(password);
        Some(redis)
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops it, with everything in it.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts it again, empty, at the same port.
    pub fn restart(&mut self, password: &str) {
        let mut command = Command::new("redis-server");
        command.args([
            "--port",
            &self.port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]);
        command.args(["--requirepass", password]).current_dir(Path::new("/"));
        let process = Process::start(&mut command);
        let up = within(PATIENCE, || self.ask(password, "0", &["PING"]).filter(|said| said.contains("PONG")));
        assert!(up.is_some(), "redis does not start:\n{}", process.stdout());
        self.process = Some(process);
    }

    /// What it answers about one of its databases, as it comes over the wire; `None` when nobody answers.
    pub fn ask(&self, password: &str, database: &str, command: &[&str]) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        for words in [&["AUTH", password][..], &["SELECT", database], command, &["QUIT"]] {
            let mut line = format!("*{}\r\n", words.len());
            for word in words {
                line.push_str(&format!("${}\r\n{word}\r\n", word.len()));
            }
            stream.write_all(line.as_bytes()).ok()?;
        }
        let mut said = Vec::new();
        stream.read_to_end(&mut said).ok()?;
        Some(String::from_utf8_lossy(&said).into_owned())
    }
}
