//! Stores: where does the text of a revision come from?
//!
//! A store hands over [`Bundle`](portreeve_diagnostics::Bundle)s, named by a hash of what is in them, and says when
//! there is another one. What the text means is none of its business. [`Directory`] is the store over files and
//! folders; [`archive`] reads those that are packed into one file.

#![forbid(unsafe_code)]

pub mod archive;
mod directory;
mod read;
mod revision;
mod walk;
mod watch;

pub use directory::{Directory, Limits, is_json, is_yaml, is_yaml_or_json};
pub use revision::revision;
pub use watch::Watch;
