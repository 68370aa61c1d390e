//! How does the whole behave, seen from outside?
//!
//! Nothing here knows the gateway's insides: the harness writes a project to a temporary directory, starts the
//! real binary on it, talks to it over TCP byte by byte, and reads what upstreams saw and what the audit file says.
//! Everything listens on loopback, on ports that are free at that moment, and is stopped by its own process id.
//!
//! - [`Project`] is a directory with `portreeve.yaml` and what it names.
//! - [`Gateway`] is `portreeve serve` on such a directory; [`run`] is any other verb.
//! - [`Upstream`] records each request as it came, and answers as told.
//! - [`Issuer`] makes keys, key sets and tokens; nothing it makes outlives the test.
//! - [`Door`] is all of these together: a gateway, a service that answers with what it was asked, and tokens.
//! - [`client`] sends bytes that no well-behaved client would send.
//! - [`apps`] starts the services of `deploy/examples`, and a real identity provider; a [`Browser`] logs in
//!   there, or [`Chromium`].
//! - [`WebLogin`] is a gateway where browsers log in.
//! - [`Redis`] is a Redis of a test's own.

#![forbid(unsafe_code)]

pub mod apps;
mod audit;
mod binary;
mod browser;
mod cerbos;
mod chromium;
pub mod client;
mod door;
mod gateway;
mod login;
mod ports;
mod process;
mod project;
mod redis;
mod tokens;
mod tree;
mod upstream;
mod wait;

pub use audit::Audit;
pub use binary::{Ran, optimized, portreeve, run, run_in};
pub use browser::Browser;
pub use cerbos::{Server, cerbos};
pub use chromium::Chromium;
pub use client::{Reply, Request};
pub use door::Door;
pub use gateway::Gateway;
pub use login::WebLogin;
pub use ports::free_port;
pub use process::Process;
pub use project::Project;
pub use redis::Redis;
pub use tokens::{Issuer, KeyKind, SigningKey};
pub use tree::{target_dir, workspace};
pub use upstream::{Answer, Seen, Upstream};
pub use wait::{PATIENCE, eventually, within};
