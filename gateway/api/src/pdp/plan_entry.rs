//! Plans in the audit log.

use std::sync::Arc;

use portreeve_policies::Plan;
use serde::Serialize;

use super::{
    answer::Invalid,
    entry::{Aux, Failed},
    plan::{Scopes, Written},
    point::Claims,
    question::{self, PlanResources, text},
    reading::Object,
};

/// What was asked and what was answered.
#[derive(Serialize)]
pub(super) struct Planned<'a> {
    input: Input<'a>,
    output: Output<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'a str,
    actions: &'a [Arc<str>],
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    principal: &'a Option<Object<question::Principal>>,
    resource: &'a Option<Object<question::Planned>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aux_data: Option<Aux<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    include_meta: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    kind: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    policy_version: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    scope: &'a str,
    filter: Written<'a>,
    filter_debug: String,
    #[serde(skip_serializing_if = "Invalid::is_empty")]
    validation_errors: Invalid<'a>,
    actions: &'a [Arc<str>],
    #[serde(skip_serializing_if = "Option::is_none")]
    matched_scopes: Option<Scopes<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evaluation_errors: Vec<Failed<'a>>,
}

impl<'a> Planned<'a> {
    pub(super) fn of(asked: &'a PlanResources, plan: &'a Plan, claims: &'a Claims) -> Self {
        let (request_id, action) = (text(&asked.request_id), asked.single().map(|action| &**action));
        let resource = asked.resource.as_deref();
        let scope = resource.map_or("", |resource| text(&resource.scope));
        Self {
            input: Input {
                request_id,
                actions: asked.all_actions(),
                action,
                principal: &asked.principal,
                resource: &asked.resource,
                aux_data: Aux::of(claims),
                include_meta: asked.include_meta == Some(true),
            },
            output: Output {
                request_id,
                action,
                kind: resource.map_or("", |resource| text(&resource.kind)),
                policy_version: resource.map_or("", |resource| text(&resource.policy_version)),
                scope: scope.strip_prefix('.').unwrap_or(scope),
                filter: Written(&plan.filter),
                filter_debug: plan.debug(),
                validation_errors: Invalid(&plan.validation_errors),
                actions: asked.all_actions(),
                matched_scopes: Scopes::of(plan),
                evaluation_errors: plan.evaluation_errors.iter().map(Failed::of).collect(),
            },
        }
    }
}
