//! Portreeve: the gateway as one program. The doors, the command line, and nothing of routes or policies, which other
//! crates know about.

#![forbid(unsafe_code)]

mod admin;
mod answer;
mod answers;
mod beside;
mod cli;
mod config;
mod devkey;
mod echo;
mod import;
mod listeners;
mod observe;
mod pdp;
mod project;
mod proxy;
mod records;
mod reload;
mod revision;
mod route_tests;
mod serve;
mod source;
mod unused;
mod upstreams;

// A request makes some hundred small allocations, nearly all of them in the HTTP library: less CPU, more memory.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    // Before anybody looks for one, authenticators and pingora among them. Nothing else can have set another yet.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    cli::run()
}
