use portreeve_cel::{EvalError, Val};

use crate::{
    Because, RuleId,
    steps::{Component, Event, Once},
};

/// Watches an evaluation. `check` and `explain` are one code path: with [`Silent`] the calls compile to nothing.
pub trait Trace {
    /// Whether the evaluation errors are wanted. Then variables are evaluated as Cerbos does, all that a policy uses
    /// and not only those that a decision needs.
    const ERRORS: bool = false;

    /// Whether the values of parts of expressions are wanted.
    const VALUES: bool = false;

    /// Whether every step is wanted. Then the derived roles of every policy that is looked at are worked out.
    const STEPS: bool = false;

    /// A part of the policies is looked at.
    fn enter(&mut self, component: Component<'_>) {
        let _ = component;
    }

    /// The part that was entered last is done with.
    fn leave(&mut self) {}

    /// What came of the part that was entered last.
    fn event(&mut self, event: Event<'_>) {
        let _ = event;
    }

    /// Whether this is come across for the first time.
    fn once(&mut self, what: Once) -> bool {
        let _ = what;
        false
    }

    /// A part of the expression that is told of next has this value.
    fn value(&mut self, text: &str, value: Result<Val<'_>, &EvalError>) {
        let _ = (text, value);
    }

    /// A part of a condition was evaluated; it belongs to the next rule or derived role.
    fn expression(&mut self, text: &str, held: Result<bool, &EvalError>) {
        let _ = (text, held);
    }

    /// A rule whose action and role match was looked at: whether its condition held, or why that is not known. `role`
    /// is the principal's role that it was looked at for.
    fn rule(&mut self, rule: RuleId, role: &str, held: Result<bool, &EvalError>) {
        let _ = (rule, role, held);
    }

    /// A rule whose action and role match was looked at, and its derived role is not active.
    fn inactive(&mut self, rule: RuleId, role: &str) {
        self.rule(rule, role, Ok(false));
    }

    /// A role policy was looked at and lists the action in none of its rules. `policy` stands for all of it.
    fn unlisted(&mut self, policy: RuleId) {
        let _ = policy;
    }

    /// A derived role's condition was evaluated.
    fn derived_role(&mut self, name: &str, active: Result<bool, &EvalError>) {
        let _ = (name, active);
    }

    /// An expression asked for the time, and the question has none.
    fn no_clock(&mut self) {}

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
