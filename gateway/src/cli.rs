//! The command line: one file for each verb.

mod check;
mod compile;
mod completions;
mod demo;
mod dev;
mod explain;
mod health;
mod here;
mod import;
mod init;
mod pdp;
mod presets;
mod repl;
mod routes;
mod serve;
mod suites;
mod test;
mod version;

use std::{io::IsTerminal, process::ExitCode};

use clap::{Parser, Subcommand};
use portreeve_diagnostics::{Bundle, Report, Span, render};

/// An authorization gateway: who is calling, what do they want, may they?
#[derive(Debug, Parser)]
#[command(name = "portreeve", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serve: forward what is permitted, refuse the rest
    Serve(serve::Serve),
    /// Say what is wrong with a project: configuration, routes, policies, and how they fit together
    Check(check::Check),
    /// Say what would be decided about a request, and why
    Explain(explain::Explain),
    /// Run the tests of policies: suites in files `*_test.yaml`
    Test(test::Test),
    /// Compile and test a folder of policies, as `cerbos compile` does
    Compile(compile::Compile),
    /// Try out expressions and the conditions of a policy
    Repl(repl::Repl),
    /// List the routes in their order of precedence
    Routes(routes::Routes),
    /// Write a small working project
    Init(init::Init),
    /// Make a project of another gateway's configuration
    #[command(subcommand)]
    Import(import::Import),
    /// Try it: an embedded upstream, routes, policies and a development key
    Demo(demo::Demo),
    /// Help with development: tokens without an identity provider
    #[command(subcommand)]
    Dev(dev::Dev),
    /// Answer the questions that a Cerbos server answers, from the configuration of one
    Pdp(pdp::Pdp),
    /// List the configurations for well-known identity providers
    Presets(presets::Presets),
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
        Verb::Serve(verb) => verb.run(),
        Verb::Check(verb) => verb.run(),
        Verb::Explain(verb) => verb.run(),
        Verb::Test(verb) => verb.run(),
        Verb::Compile(verb) => verb.run(),
        Verb::Repl(verb) => verb.run(),
        Verb::Routes(verb) => verb.run(),
        Verb::Init(verb) => verb.run(),
        Verb::Import(verb) => verb.run(),
        Verb::Demo(verb) => verb.run(),
        Verb::Dev(verb) => verb.run(),
        Verb::Pdp(verb) => verb.run(),
        Verb::Presets(verb) => verb.run(),
        Verb::Health(verb) => verb.run(),
        Verb::Completions(verb) => verb.run(),
        Verb::Version(verb) => verb.run(),
    };
    done.unwrap_or_else(|error| {
        say(&format!("error: {error:#}\n"));
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

/// Says something on standard error. Where nobody reads it, the exit code still says how it went.
fn say(text: &str) {
    use std::io::Write;
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Where something is written: `file:line`.
fn place(span: Span, bundle: &Bundle) -> Option<String> {
    let file = bundle.file(span)?;
    Some(format!("{}:{}", file.name, file.place(span.start).line))
}

/// Shows findings on standard error, as a person reads them.
fn show(report: &Report, bundle: &Bundle) {
    if !report.is_empty() {
        let color = colored(&std::io::stderr());
        say(&render::terminal(report, bundle, color));
    }
}

/// Whether a person reads it, and wants colours.
fn colored(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none()
}
