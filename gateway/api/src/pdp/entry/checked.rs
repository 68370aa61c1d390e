//! What a check asked and what it was answered.

use portreeve_policies::{Decision, EvaluationError, Outcome};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::pdp::{
    answer::{Invalid, Outputs, effect, policy, sorted},
    point::{Answered, Claims},
    question::{CheckResources, Entry, text},
};

#[derive(Serialize)]
pub(super) struct Checked<'a> {
    inputs: Inputs<'a>,
    outputs: Results<'a>,
}

impl<'a> Checked<'a> {
    pub(super) const fn of(asked: &'a CheckResources, answered: &'a Answered) -> Self {
        Self { inputs: Inputs { asked, claims: &answered.claims }, outputs: Results { asked, answered } }
    }
}

struct Inputs<'a> {
    asked: &'a CheckResources,
    claims: &'a Claims,
}

impl Serialize for Inputs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = self.asked.resources.as_deref().unwrap_or_default();
        serializer.collect_seq(entries.iter().map(|entry| Input { of: self, entry }))
    }
}

struct Input<'a> {
    of: &'a Inputs<'a>,
    entry: &'a Entry,
}

impl Serialize for Input<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let asked = self.of.asked;
        if !text(&asked.request_id).is_empty() {
            map.serialize_entry("requestId", text(&asked.request_id))?;
        }
        map.serialize_entry("principal", &asked.principal)?;
        map.serialize_entry("resource", &self.entry.resource)?;
        map.serialize_entry("actions", &self.entry.actions)?;
        if let Some(aux) = Aux::of(self.of.claims) {
            map.serialize_entry("auxData", &aux)?;
        }
        map.end()
    }
}

/// What the tokens say.
#[derive(Serialize)]
pub(crate) struct Aux<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    jwt: Option<&'a portreeve_cel::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwts: Option<&'a portreeve_cel::Value>,
}

impl<'a> Aux<'a> {
    pub(crate) fn of(claims: &'a Claims) -> Option<Self> {
        let (jwt, jwts) = (claims.jwt.as_ref(), claims.jwts.as_ref());
        (jwt.is_some() || jwts.is_some()).then_some(Self { jwt, jwts })
    }
}

struct Results<'a> {
    asked: &'a CheckResources,
    answered: &'a Answered,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = self.asked.resources.as_deref().unwrap_or_default();
        let both = entries.iter().zip(&self.answered.decisions);
        serializer.collect_seq(both.map(|(entry, decision)| Output {
            request_id: text(&self.asked.request_id),
            actions: Actions(decision),
            resource_id: entry.resource.as_ref().map_or("", |resource| text(&resource.id)),
            effective_derived_roles: decision.effective_derived_roles(),
            validation_errors: Invalid(&decision.validation_errors),
            outputs: Outputs(&decision.outputs),
            evaluation_errors: decision.evaluation_errors.iter().map(Failed::of).collect(),
        }))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'a str,
    actions: Actions<'a>,
    resource_id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    effective_derived_roles: &'a [std::sync::Arc<str>],
    #[serde(skip_serializing_if = "Invalid::is_empty")]
    validation_errors: Invalid<'a>,
    #[serde(skip_serializing_if = "Outputs::is_empty")]
    outputs: Outputs<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evaluation_errors: Vec<Failed<'a>>,
}

struct Actions<'a>(&'a Decision);

impl Serialize for Actions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Settled<'a> {
            effect: &'static str,
            policy: &'a str,
            #[serde(skip_serializing_if = "str::is_empty")]
            scope: &'a str,
        }
        let settled = |outcome: &'_ Outcome| (outcome.action.to_string(), effect(outcome.effect));
        let mut map = serializer.serialize_map(None)?;
        for outcome in sorted(self.0) {
            let (action, effect) = settled(outcome);
            map.serialize_entry(
                &action,
                &Settled { effect, policy: policy(outcome), scope: &outcome.scope },
            )?;
        }
        map.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::pdp) struct Failed<'a> {
    cel_error: CelError<'a>,
}

#[derive(Serialize)]
struct CelError<'a> {
    message: &'a str,
    expression: &'a str,
}

impl<'a> Failed<'a> {
    pub(in crate::pdp) fn of(error: &'a EvaluationError) -> Self {
        Self { cel_error: CelError { message: &error.message, expression: &error.expression } }
    }
}
