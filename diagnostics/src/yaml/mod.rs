//! YAML and JSON text to [`Node`]s that know their places.
//!
//! The rules are those of YAML 1.2's core schema, less what makes configuration dangerous: equal keys in one mapping,
//! custom tags, keys that are not text, and texts that unfold into far more than was written are errors.

mod compose;
mod place;
mod scalar;

use crate::{Bundle, Diagnostic, Node};

/// How deep mappings and sequences may nest.
pub const MAX_DEPTH: usize = 64;

/// How many nodes one file may have once its aliases are resolved.
pub const MAX_NODES: usize = 5_000_000;

/// How many of those may come from aliases and merge keys.
pub const MAX_ALIASED: usize = 100_000;

/// Reads every document of one file of a bundle. Documents that hold nothing are left out.
///
/// # Errors
/// The first thing that makes the text unreadable: a syntax error, a duplicate key, a custom tag, a key that is not
/// text, or one of the limits of this module.
pub fn read(bundle: &Bundle, file: u32) -> Result<Vec<Node>, Diagnostic> {
    let text = bundle.files.get(file as usize).map_or("", |source| &*source.text);
    compose::documents(text, file)
}

pub use place::place_in;

#[cfg(test)]
mod tests;
