use std::sync::Arc;

use smallvec::SmallVec;

/// The answer: one outcome for each action, in the order asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    pub(crate) outcomes: SmallVec<[Outcome; 1]>,
    pub(crate) derived_roles: SmallVec<[Arc<str>; 4]>,
}

impl Decision {
    /// Whether every action asked about is allowed. No actions is not allowed.
    #[must_use]
    pub fn allows_all(&self) -> bool {
        !self.outcomes.is_empty() && self.outcomes.iter().all(|outcome| outcome.effect == Effect::Allow)
    }

    /// One outcome for each action.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// The derived roles that were found active, each once, in the order of their names.
    #[must_use]
    pub fn effective_derived_roles(&self) -> &[Arc<str>] {
        &self.derived_roles
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
    /// The key of the policy that the decision is reported under, `resource.leave.vdefault/acme`, as Cerbos names it;
    /// nothing if there is none.
    pub policy: Option<Arc<str>>,
    /// The scope in which it was settled; empty for the root, and when nothing matched.
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
    /// This rule matched. Look it up with [`crate::PolicySet::rule`].
    Rule(RuleId),
    /// A condition could not be evaluated, and that denies.
    Failed(RuleId),
    /// There are policies for this kind, and no rule of theirs matched.
    NoRule,
    /// There is no policy for this kind.
    NoPolicy,
}

/// Names one [`crate::Rule`] of one [`crate::PolicySet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub(crate) u32);
