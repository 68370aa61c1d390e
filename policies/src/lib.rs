//! Policies: may this principal perform these actions on this resource?
//!
//! No I/O and no clock: text in ([`PolicySet::compile`]), decisions out ([`PolicySet::check`]), or filters over
//! what nobody has looked at yet ([`PolicySet::plan`]). The language is Cerbos', unchanged.

#![forbid(unsafe_code)]

mod check;
mod compile;
mod decision;
mod finding;
mod glob;
mod links;
mod names;
mod place;
mod plan;
mod raw;
pub mod repl;
mod schema;
mod set;
mod steps;
pub mod suite;
mod trace;
mod vocabulary;

pub use compile::{Compiled, Disabled, Kept, Recompiled, Work};
pub use decision::{
    Because, Decision, Effect, EvaluationError, Outcome, Output, RuleId, Source, ValidationError,
};
pub use finding::{Cause, Finding};
pub use plan::{Expression, Filter, Manner, Operand, Plan, PlanError, PlanQuestion, Resources};
pub use set::{PolicySet, Rule};
pub use steps::{Component, Event, Once, Reason};
pub use trace::{Silent, Trace, WithErrors};
pub use vocabulary::{Along, Check, Enforcement, Options, Principal, Resource};

#[cfg(test)]
mod tests;
