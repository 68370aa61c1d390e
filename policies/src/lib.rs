//! Policies: may this principal perform these actions on this resource?
//!
//! An implementation of the Cerbos policy language. No I/O and no clock: text in ([`PolicySet::compile`]), decisions out
//! ([`PolicySet::check`]). `check.rs` is how a decision is reached, top to bottom.

#![forbid(unsafe_code)]

mod check;
mod compile;
mod decision;
mod entry;
mod expr;
mod glob;
mod names;
mod options;
mod raw;
mod set;
mod trace;
mod vocabulary;

pub use decision::{Because, Decision, Effect, Outcome, RuleId};
pub use options::Options;
pub use set::{PolicySet, Rule};
pub use trace::{Silent, Trace};
pub use vocabulary::{Check, Principal, Resource};
