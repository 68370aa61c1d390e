//! From another gateway's configuration to a project of this one.
//!
//! What can be said exactly is written; what would be for more requests than before, or let more callers in, is refused
//! in what is written until a person has decided, and said with its place.

mod authenticator;
mod capture;
mod claims;
mod expression;
mod mutator;
mod notes;
mod pattern;
mod place;
mod project;
mod remote;
mod route;
mod routes;
mod rule;
mod settings;
mod template;
mod upstream;
mod yaml;

pub(crate) use project::{Imported, oathkeeper};

#[cfg(test)]
mod tests;
