use portreeve_cel::EvalError;

use crate::{Because, RuleId};

/// Watches an evaluation. `check` and `explain` are one code path: with [`Silent`] the calls compile to nothing.
pub trait Trace {
    /// A rule whose action and role match was looked at: whether its condition held, or why that is not known. `role` is
    /// the principal's role that it was looked at for.
    fn rule(&mut self, rule: RuleId, role: &str, held: Result<bool, &EvalError>);
    /// A derived role's condition was evaluated.
    fn derived_role(&mut self, name: &str, active: Result<bool, &EvalError>);
    /// An action was settled.
    fn settled(&mut self, action: &str, because: Because);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Trace for Silent {
    #[inline]
    fn rule(&mut self, _: RuleId, _: &str, _: Result<bool, &EvalError>) {}
    #[inline]
    fn derived_role(&mut self, _: &str, _: Result<bool, &EvalError>) {}
    #[inline]
    fn settled(&mut self, _: &str, _: Because) {}
}
