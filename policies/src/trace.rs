use portreeve_cel::EvalError;

use crate::{Because, RuleId};

/// Watches an evaluation. `check` and `explain` are one code path: with [`Silent`] the calls compile to nothing.
pub trait Trace {
    /// Whether the evaluation errors are wanted. Then variables are evaluated as Cerbos does, all that a policy uses
    /// and not only those that a decision needs.
    const ERRORS: bool = false;

    /// A part of a condition was evaluated; it belongs to the next rule or derived role.
    fn expression(&mut self, text: &str, held: Result<bool, &EvalError>) {
        let _ = (text, held);
    }

    /// A rule whose action and role match was looked at: whether its condition held, or why that is not known. `role` is
    /// the principal's role that it was looked at for.
    fn rule(&mut self, rule: RuleId, role: &str, held: Result<bool, &EvalError>) {
        let _ = (rule, role, held);
    }

    /// A derived role's condition was evaluated.
    fn derived_role(&mut self, name: &str, active: Result<bool, &EvalError>) {
        let _ = (name, active);
    }

    /// An action was settled.
    fn settled(&mut self, action: &str, because: Because) {
        let _ = (action, because);
    }
}

/// Whether a rule applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// It applied.
    Yes,
    /// Its condition does not hold.
    No,
    /// The derived role that it names is not active.
    Inactive,
    /// Its condition has no value.
    Failed,
}

/// Watches nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Trace for Silent {}

/// Collects the evaluation errors and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct WithErrors;

impl Trace for WithErrors {
    const ERRORS: bool = true;
}
