//! Diagnostics: what did a person write, where, and what is wrong with it?
//!
//! Text comes in as a [`Bundle`] of [`SourceFile`]s. [`yaml`] turns a file into a tree of [`Node`]s that know
//! their places, whoever reads that tree pushes [`Diagnostic`]s into a [`Report`], and [`render`] shows the
//! report on a terminal, as JSON, as GitHub annotations or as SARIF.

#![forbid(unsafe_code)]

mod diagnostic;
mod node;
pub mod read;
pub mod render;
mod source;
pub mod suggest;
pub mod yaml;

pub use diagnostic::{Diagnostic, Report, Severity};
pub use node::{Entry, Kind, Node};
pub use source::{Bundle, Place, SourceFile, Span, Spanned};
