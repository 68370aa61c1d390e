//! Portreeve: the gateway as one program. The doors, the command line, and nothing of routes or policies, which other
//! crates know about.

#![forbid(unsafe_code)]

mod cli;
mod devkey;
mod project;

fn main() -> std::process::ExitCode {
    cli::run()
}
