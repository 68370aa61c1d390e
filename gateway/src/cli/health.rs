use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context;
use clap::Args;

/// `portreeve health`.
#[derive(Debug, Args)]
pub(crate) struct Health {
    /// The admin listener of the gateway
    #[arg(long, default_value = "127.0.0.1:9901", env = "PORTREEVE_ADMIN")]
    admin: SocketAddr,
    /// Ask only whether it is alive, not whether it is ready
    #[arg(long)]
    live: bool,
    /// How long to wait for an answer
    #[arg(long, default_value = "2s", value_parser = humantime::parse_duration)]
    timeout: Duration,
}

impl Health {
    /// Asks. 0: yes. 1: no, or no answer.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let path = if self.live { "/health/live" } else { "/health/ready" };
        let answer = self.ask(path).with_context(|| format!("no answer from {}", self.admin))?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        super::print(&format!("{}\n", body.trim_end()))?;
        let status = head.split(' ').nth(1);
        Ok(if status == Some("200") { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn ask(&self, path: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&self.admin, self.timeout)?;
        stream.set_read_timeout(Some(self.timeout))?;
        stream.set_write_timeout(Some(self.timeout))?;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.admin);
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        // A health page is short; whoever sends more is not a gateway.
        stream.take(64 * 1024).read_to_string(&mut answer)?;
        Ok(answer)
    }
}
