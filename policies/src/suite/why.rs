//! How an answer was reached that nobody expected.

use std::sync::Arc;

use crate::{Because, RuleId};

/// How an answer was reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    /// What settled it.
    pub because: Because,
    /// What was looked at before, in that order.
    pub steps: Vec<Step>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A rule whose action and role match.
    Rule {
        /// Which.
        rule: RuleId,
        /// For which of the principal's roles.
        role: Arc<str>,
        /// What came of it.
        outcome: Outcome,
        /// The expressions of its condition that were evaluated.
        parts: Vec<Part>,
    },
    /// The condition of a derived role.
    DerivedRole {
        /// Which.
        name: Arc<str>,
        /// Whether it is active, or why that is not known.
        active: Result<bool, String>,
        /// The expressions of its condition that were evaluated.
        parts: Vec<Part>,
    },
}

/// What came of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It applies.
    Applies,
    /// Its condition does not hold.
    NotMet,
    /// Its derived role is not active.
    Inactive,
    /// Its condition has no value.
    Failed(String),
}

/// An expression, or a part of one, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// As written.
    pub text: Arc<str>,
    /// As JSON, or why there is none.
    pub value: Result<String, String>,
    /// It is a part of the next whole one.
    pub inner: bool,
}
