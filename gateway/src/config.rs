//! `portreeve.yaml`: what a person writes about the gateway itself.
//!
//! [`raw`] takes the file apart into spanned values without defaults and without logic; [`compile`] makes settings of
//! them that cannot be wrong, and reports everything that cannot be made into one.

mod answers;
mod authenticators;
mod compile;
mod files;
mod itself;
mod listeners;
mod mutators;
mod raw;
mod secrets;
mod upstreams;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use portreeve_diagnostics::{Node, Spanned};

pub(crate) use answers::{answers, page_files};
pub(crate) use authenticators::{Kept, authenticators, key_files};
pub(crate) use compile::compile;
pub(crate) use files::Folder;
pub(crate) use listeners::{CertificateFiles, ListenerSettings, ListenerTls};
pub(crate) use mutators::{KeptMint, mutators};

use crate::upstreams::UpstreamSettings;

/// The name of the file when none is given.
pub(crate) const DEFAULT_FILE: &str = "portreeve.yaml";

/// Everything `portreeve.yaml` says, compiled. What it names (routes, policies) is read with each revision.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where requests come in. Never empty.
    pub(crate) listeners: Vec<ListenerSettings>,
    /// Where health, metrics and the like are.
    pub(crate) admin: SocketAddr,
    /// How much is too much.
    pub(crate) limits: Limits,
    /// How the gateway tells what it does.
    pub(crate) log: LogSettings,
    /// What is behind.
    pub(crate) upstreams: Vec<UpstreamSettings>,
    /// Their names, where they are written.
    pub(crate) upstream_names: Vec<Spanned<String>>,
    /// Who can prove who they are, by name, as written: each mechanism reads its own.
    pub(crate) authenticators: Vec<(Spanned<String>, Node)>,
    /// How requests can be changed on their way, by name, as written.
    pub(crate) mutators: Vec<(Spanned<String>, Node)>,
    /// How the gateway answers by itself, by name, as written.
    pub(crate) answers: Vec<(Spanned<String>, Node)>,
    /// Files and folders with routes, relative to the configuration's own folder.
    pub(crate) routes: Vec<Spanned<String>>,
    /// The folder with policies, relative likewise.
    pub(crate) policies: Spanned<String>,
    /// Whether an error in a condition denies, or does what Cerbos does.
    pub(crate) evaluation: Evaluation,
    /// Where records go.
    pub(crate) audit: Vec<AuditSettings>,
    /// Files that are read beside the text, relative likewise: secrets and authorities.
    pub(crate) beside: Vec<String>,
}

/// Bounds on what clients may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Open connections, over all listeners.
    pub(crate) connections: usize,
    /// How long the header of a request may take, from its first byte.
    pub(crate) header_timeout: Duration,
    /// How many bytes the body of a request may have.
    pub(crate) body: u64,
    /// How many requests one connection may carry.
    pub(crate) requests_per_connection: u32,
    /// How long an HTTP/2 connection without streams is kept.
    pub(crate) idle_timeout: Duration,
    /// How long requests may go on after the gateway was told to stop.
    pub(crate) drain_timeout: Duration,
}

/// How the gateway tells what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogSettings {
    /// One JSON object a line, instead of text.
    pub(crate) json: bool,
    /// What is told: a level, or directives for single parts (`info,portreeve=debug`).
    pub(crate) filter: String,
}

/// What an error in a condition does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evaluation {
    /// It denies the action.
    Strict,
    /// The rule does not apply, as in Cerbos.
    Cerbos,
}

/// A place for audit records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AuditSettings {
    /// JSON lines appended to a file.
    File {
        /// The file.
        path: PathBuf,
        /// Begin a new one when it has so many bytes.
        max_bytes: Option<u64>,
        /// How many full ones to keep.
        keep: u32,
    },
    /// JSON lines on standard output.
    Stdout,
}

impl AuditSettings {
    /// Whether another one writes to the same place.
    fn writes_to(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File { path, .. }, Self::File { path: other, .. }) => path == other,
            (Self::Stdout, Self::Stdout) => true,
            _ => false,
        }
    }
}
