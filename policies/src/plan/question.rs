use std::sync::Arc;

use portreeve_cel::{Map, Timestamp, Unplannable, Val};

use super::filter::Filter;
use crate::{EvaluationError, Principal, RuleId, ValidationError};

/// On which resources of a kind may this principal perform these actions?
#[derive(Clone, Copy, Debug)]
pub struct PlanQuestion<'a> {
    /// Who asks. All of it is known.
    pub principal: Principal<'a>,
    /// About what.
    pub resources: Resources<'a>,
    /// To do which things: the filter is for all of them together.
    pub actions: &'a [Arc<str>],
    /// `request.auxData.jwt`
    pub aux: Option<Val<'a>>,
    /// What `now()` means for the whole of this question.
    pub now: Timestamp,
    /// Where Cerbos' filters let through what its decisions do not, or the other way around: which of the two.
    pub manner: Manner,
}

/// What is known of the resources before one of them is looked at. Their ids are not, nor their policies' version.
#[derive(Clone, Copy, Debug)]
pub struct Resources<'a> {
    /// `request.resource.kind`
    pub kind: &'a str,
    /// The version of the policies; empty for the default.
    pub version: &'a str,
    /// `request.resource.scope`; empty for the default, `.` for the root.
    pub scope: &'a str,
    /// The attributes that are the same for all of them.
    pub attr: &'a Map,
}

/// Where Cerbos' filters are not what its decisions are: as the decisions, or as the filters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// The filter holds where the actions are allowed. `has(…)` of what is not known is the operator `has` of a
    /// variable (Q15), and what one role is denied does not take away what another is allowed (Q26).
    #[default]
    Exact,
    /// As Cerbos: `has(…)` of what is not known is true, and conditional denials of one role count for all.
    AsCerbos,
}

/// The answer to a [`PlanQuestion`].
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The resources that the actions are allowed on.
    pub filter: Filter,
    /// The last scope without parental consent whose rules had a part in the answer, for each action, in the order they
    /// were asked; empty for the root and for none. Nothing when attributes do not fit their schema and that denies.
    pub matched_scopes: Vec<(Arc<str>, Arc<str>)>,
    /// Whether there is a rule about one of the actions. If not, nothing is allowed.
    pub matched: bool,
    /// Attributes that do not fit their schema. What is not known is not missing.
    pub validation_errors: Vec<ValidationError>,
    /// The rules that are about one of the actions and roles, each once, in the order in which they were looked at. One
    /// stands for all of a role policy that does not list an action.
    pub looked_at: Vec<RuleId>,
    /// Expressions of conditions without a value whatever the resource is, each once.
    pub evaluation_errors: Vec<EvaluationError>,
}

impl Plan {
    /// The filter as Cerbos' `filterDebug` writes it: an s-expression, or `NO_MATCH` when no rule is about the actions.
    #[must_use]
    pub fn debug(&self) -> String {
        if self.matched { self.filter.to_string() } else { "NO_MATCH".to_owned() }
    }
}

/// A condition that no filter can be made of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no filter can be made of `{expression}`: {why}")]
pub struct PlanError {
    /// The expression as written.
    pub expression: Arc<str>,
    /// Why.
    pub why: Unplannable,
}
