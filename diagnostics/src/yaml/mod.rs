//! YAML and JSON text to [`Node`]s that know their places.
//!
//! The events come from `granit-parser`, the parser under `serde-saphyr`: it gives the exact bytes of every scalar,
//! which a serde front end loses. Nothing outside this module knows which parser it is.
//!
//! What is read is YAML 1.2 with the core schema (`yes` and `no` are text), and on top of it:
//!
//! - keys are text and unique in their mapping;
//! - anchors, aliases and merge keys (`<<`) are resolved, and an anchor may be used in a later document of its file;
//! - tags other than the core schema's are refused, as are NaN and the infinities;
//! - the text, its depth and what its aliases expand to are bounded, so that no file can exhaust the process.

mod anchors;
mod builder;
mod entries;
mod place;
mod scalar;
mod syntax;

use granit_parser::Parser;

use self::builder::Builder;
pub use self::place::{place_in, place_of};
use crate::{Bundle, Diagnostic, Node, Span};

/// How deep lists and mappings may be nested, aliases expanded.
pub const MAX_DEPTH: usize = 100;
/// How many bytes one file may have.
pub const MAX_BYTES: usize = 64 << 20;
/// How many values one file may have, aliases not expanded.
pub const MAX_NODES: usize = 2_000_000;
/// What the aliases of one file may add, in bytes: the copied text plus [`NODE_COST`] for every copied value.
pub const MAX_ALIAS_BYTES: usize = 64 << 20;
/// What a copied value counts against [`MAX_ALIAS_BYTES`], its text aside.
pub const NODE_COST: usize = 64;

/// Reads every document of one file of a bundle. Documents that hold nothing are left out.
///
/// A node that came in through an alias or a merge key has the span of its definition.
///
/// # Errors
/// The first thing that makes the text unreadable: a syntax error, a duplicate key, an unknown tag, a key that is not
/// text, or a bound that is exceeded.
pub fn read(bundle: &Bundle, file: u32) -> Result<Vec<Node>, Diagnostic> {
    let Some(source) = bundle.files.get(file as usize) else {
        return Err(Diagnostic::error("yaml/no-such-file", format!("there is no file number {file}")));
    };
    let text: &str = &source.text;
    if text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes, more than the {MAX_BYTES} that are read", text.len());
        return Err(Diagnostic::error("yaml/too-large", message)
            .at(Span { file, start: 0, end: 0 }, "")
            .help("split it into several files"));
    }
    let options = granit_parser::options! { emit_anchor_events: true, emit_unresolved_aliases: true };
    let mut builder = Builder::new(text, file);
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, place) = event.map_err(|error| syntax::explain(&error, text, file))?;
        builder.feed(event, place)?;
    }
    Ok(builder.documents)
}

#[cfg(test)]
mod tests;
