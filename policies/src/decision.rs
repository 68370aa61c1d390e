use std::sync::Arc;

use portreeve_cel::Value;
use smallvec::SmallVec;

/// Names one rule of one [`PolicySet`](crate::PolicySet).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleId(pub(crate) u32);

/// The answer to one [`Check`](crate::Check), in the order the actions were asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    pub(crate) outcomes: SmallVec<[Outcome; 1]>,
    /// The derived roles that were effective in the scopes looked at, sorted.
    pub(crate) derived_roles: Vec<Arc<str>>,
    /// What rules say beside their effect, in the order of evaluation.
    pub outputs: Vec<Output>,
    /// Attributes that do not fit their schema.
    pub validation_errors: Vec<ValidationError>,
    /// Expressions without a value. Collected when the trace [wants](crate::Trace::ERRORS) them.
    pub evaluation_errors: Vec<EvaluationError>,
}

impl Decision {
    /// Whether every action asked about is allowed. No actions is not allowed.
    #[must_use]
    pub fn allows_all(&self) -> bool {
        !self.outcomes.is_empty() && self.outcomes.iter().all(|outcome| outcome.effect == Effect::Allow)
    }

    /// The derived roles that were effective in the scopes looked at, each once, in the order of their names.
    #[must_use]
    pub fn effective_derived_roles(&self) -> &[Arc<str>] {
        &self.derived_roles
    }

    /// One outcome for each action.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }
}

/// The answer for one action.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The action.
    pub action: Arc<str>,
    /// Allow or deny.
    pub effect: Effect,
    /// The one thing that settled it.
    pub because: Because,
    /// The key of the policy that Cerbos names: that of the scope where the search began, nothing if there is
    /// none.
    pub policy: Option<Arc<str>>,
    /// The scope of the rule that settled it; empty for the root and when there was none.
    pub scope: Arc<str>,
}

/// Allow or deny; there is no third.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// May proceed.
    Allow,
    /// May not.
    Deny,
}

/// Why. Eight bytes and `Copy`, so every decision carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// This rule matched. Look it up with [`PolicySet::rule`](crate::PolicySet::rule).
    Rule(RuleId),
    /// The condition of this rule could not be evaluated, and that denies.
    Failed(RuleId),
    /// There are policies for this kind, and no rule of theirs matched, or none was asked since the attributes do not
    /// fit their schema: [`Decision::validation_errors`] says so.
    NoRule,
    /// There is no policy for this kind.
    NoPolicy,
}

/// What a rule says beside its effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The policy's key and the rule's name: `resource.expense.vdefault#rule-001`.
    pub source: String,
    /// The action it was said for.
    pub action: Arc<str>,
    /// A JSON value, or why there is none.
    pub value: Result<Value, String>,
}

/// An attribute that does not fit its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationError {
    /// A JSON pointer into the attributes: `/owner`.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// Whose attributes.
    pub source: Source,
}

/// Whose attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The principal's.
    Principal,
    /// The resource's.
    Resource,
}

/// An expression that had no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluationError {
    /// The expression as written.
    pub expression: Arc<str>,
    /// Why.
    pub message: String,
}
