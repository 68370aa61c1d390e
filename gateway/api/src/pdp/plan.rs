//! Plans, in the shape that Cerbos gives them.

use std::sync::Arc;

use portreeve_policies::{Filter, Operand, Plan};
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    answer::Invalid,
    question::{PlanResources, text},
};

/// `PlanResourcesResponse`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlannedResources<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    actions: &'a [Arc<str>],
    resource_kind: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    policy_version: &'a str,
    filter: Written<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Meta<'a>>,
    #[serde(skip_serializing_if = "Invalid::is_empty")]
    validation_errors: Invalid<'a>,
    cerbos_call_id: &'a str,
}

impl<'a> PlannedResources<'a> {
    pub(super) fn of(asked: &'a PlanResources, plan: &'a Plan, call_id: &'a str) -> Self {
        let single = asked.single().map(|action| &**action);
        let resource = asked.resource.as_deref();
        Self {
            request_id: text(&asked.request_id),
            action: single,
            actions: if single.is_some() { &[] } else { asked.all_actions() },
            resource_kind: resource.map_or("", |resource| text(&resource.kind)),
            policy_version: resource.map_or("", |resource| text(&resource.policy_version)),
            filter: Written(&plan.filter),
            meta: (asked.include_meta == Some(true)).then(|| Meta::of(plan, single.is_some())),
            validation_errors: Invalid(&plan.validation_errors),
            cerbos_call_id: call_id,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    filter_debug: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    matched_scope: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    matched_scopes: Option<Scopes<'a>>,
}

impl<'a> Meta<'a> {
    fn of(plan: &'a Plan, single: bool) -> Self {
        let scopes = &plan.matched_scopes;
        Self {
            filter_debug: plan.debug(),
            matched_scope: scopes.first().filter(|_| single).map_or("", |(_, scope)| scope),
            matched_scopes: Scopes::of(plan).filter(|_| !single),
        }
    }
}

/// The scopes in the order of their actions' names.
pub(super) struct Scopes<'a>(&'a [(Arc<str>, Arc<str>)]);

impl<'a> Scopes<'a> {
    /// Nothing where there are none.
    pub(super) fn of(plan: &'a Plan) -> Option<Self> {
        (!plan.matched_scopes.is_empty()).then_some(Self(&plan.matched_scopes))
    }
}

impl Serialize for Scopes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut scopes: Vec<_> = self.0.iter().collect();
        scopes.sort_unstable();
        serializer.collect_map(scopes.into_iter().map(|(action, scope)| (action, scope)))
    }
}

/// A filter.
pub(super) struct Written<'a>(pub(super) &'a Filter);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.0.kind())?;
        if let Some(condition) = self.0.condition() {
            map.serialize_entry("condition", &Part(condition))?;
        }
        map.end()
    }
}

/// `{"expression": …}`, `{"value": …}` or `{"variable": …}`.
struct Part<'a>(&'a Operand);

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Expression<'a> {
            operator: &'a str,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            operands: Vec<Part<'a>>,
        }
        let mut map = serializer.serialize_map(Some(1))?;
        match self.0 {
            Operand::Value(value) => map.serialize_entry("value", value)?,
            Operand::Variable(name) => map.serialize_entry("variable", name)?,
            Operand::Expression(expression) => {
                let operands = expression.operands.iter().map(Part).collect();
                map.serialize_entry("expression", &Expression { operator: &expression.operator, operands })?;
            }
        }
        map.end()
    }
}
