//! The command line: one file for each verb.

mod completions;
mod dev;
mod health;
mod init;
mod version;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// An authorization gateway: who is calling, what do they want, may they?
#[derive(Debug, Parser)]
#[command(name = "portreeve", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write a small working project
    Init(init::Init),
    /// Help with development: tokens without an identity provider
    #[command(subcommand)]
    Dev(dev::Dev),
    /// Ask a running gateway whether it is ready (for container health checks)
    Health(health::Health),
    /// Print a completion script for a shell
    Completions(completions::Completions),
    /// Print what this program is
    Version(version::Version),
}

/// Runs what was asked for. 0: done. 1: not done, and why is on standard error. 2: the command line or a file is wrong.
pub(crate) fn run() -> ExitCode {
    let done = match Cli::parse().verb {
        Verb::Init(verb) => verb.run(),
        Verb::Dev(verb) => verb.run(),
        Verb::Health(verb) => verb.run(),
        Verb::Completions(verb) => verb.run(),
        Verb::Version(verb) => verb.run(),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// Prints to standard output. A reader that went away, as `head` does, is no error.
fn print(text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
