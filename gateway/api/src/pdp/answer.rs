//! Answers, in the shape that Cerbos gives them. What is empty is left out.

use portreeve_policies::{Decision, Effect, Outcome, Output, Source, ValidationError};
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};

use super::{
    question::{Entry, text},
    reading::Object,
};

/// `CheckResourcesResponse`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckedResources<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) request_id: &'a str,
    pub(super) results: Results<'a>,
    pub(super) cerbos_call_id: &'a str,
}

pub(super) struct Results<'a> {
    pub(super) entries: &'a [Object<Entry>],
    pub(super) decisions: &'a [Decision],
    pub(super) meta: bool,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.decisions.len()))?;
        for (entry, decision) in self.entries.iter().zip(self.decisions) {
            list.serialize_element(&Answer::of(entry, decision, self.meta))?;
        }
        list.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    resource: Named<'a>,
    actions: Effects<'a>,
    #[serde(skip_serializing_if = "Invalid::is_empty")]
    validation_errors: Invalid<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Meta<'a>>,
    #[serde(skip_serializing_if = "Outputs::is_empty")]
    outputs: Outputs<'a>,
}

impl<'a> Answer<'a> {
    fn of(entry: &'a Entry, decision: &'a Decision, meta: bool) -> Self {
        let resource = entry.resource.as_ref();
        Self {
            resource: Named {
                id: resource.map_or("", |resource| text(&resource.id)),
                kind: resource.map_or("", |resource| text(&resource.kind)),
                policy_version: resource.map_or("", |resource| text(&resource.policy_version)),
                scope: resource.map_or("", |resource| text(&resource.scope)),
            },
            actions: Effects(decision),
            validation_errors: Invalid(&decision.validation_errors),
            meta: meta.then_some(Meta {
                actions: Matches(decision),
                effective_derived_roles: decision.effective_derived_roles(),
            }),
            outputs: Outputs(&decision.outputs),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Named<'a> {
    id: &'a str,
    kind: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    policy_version: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    scope: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    actions: Matches<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    effective_derived_roles: &'a [std::sync::Arc<str>],
}

/// The outcomes in the order of their actions' names.
pub(super) fn sorted(decision: &Decision) -> Vec<&Outcome> {
    let mut outcomes: Vec<&Outcome> = decision.outcomes().iter().collect();
    outcomes.sort_unstable_by(|a, b| a.action.cmp(&b.action));
    outcomes
}

/// Allow or deny, in Cerbos' words.
pub(super) const fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "EFFECT_ALLOW",
        Effect::Deny => "EFFECT_DENY",
    }
}

/// The key of the policy that decided.
pub(super) fn policy(outcome: &Outcome) -> &str {
    outcome.policy.as_deref().unwrap_or("NO_MATCH")
}

struct Effects<'a>(&'a Decision);

impl Serialize for Effects<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for outcome in sorted(self.0) {
            map.serialize_entry(&outcome.action, effect(outcome.effect))?;
        }
        map.end()
    }
}

struct Matches<'a>(&'a Decision);

impl Serialize for Matches<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for outcome in sorted(self.0) {
            let matched = Match { matched_policy: policy(outcome), matched_scope: &outcome.scope };
            map.serialize_entry(&outcome.action, &matched)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Match<'a> {
    matched_policy: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    matched_scope: &'a str,
}

/// Attributes that do not fit their schemas.
pub(super) struct Invalid<'a>(pub(super) &'a [ValidationError]);

impl Invalid<'_> {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Invalid<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Entry<'a> {
            path: &'a str,
            message: &'a str,
            source: &'static str,
        }
        serializer.collect_seq(self.0.iter().map(|error| Entry {
            path: if error.path.is_empty() && error.message.starts_with("missing") {
                "/"
            } else {
                &error.path
            },
            message: &error.message,
            source: match error.source {
                Source::Principal => "SOURCE_PRINCIPAL",
                Source::Resource => "SOURCE_RESOURCE",
            },
        }))
    }
}

/// What rules say beside their effect.
pub(super) struct Outputs<'a>(pub(super) &'a [Output]);

impl Outputs<'_> {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Outputs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Said))
    }
}

struct Said<'a>(&'a Output);

impl Serialize for Said<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("src", &self.0.source)?;
        if let Ok(value) = &self.0.value {
            map.serialize_entry("val", value)?;
        }
        map.serialize_entry("action", &self.0.action)?;
        if let Err(error) = &self.0.value {
            map.serialize_entry("error", error)?;
        }
        map.end()
    }
}
