//! Which resources may this principal act on, before any of them is looked at?
//!
//! The same compiled policies as [`PolicySet::check`] asks, evaluated as far as they go with only the principal and a
//! few attributes known. What is left is a filter over the rest, for a database to answer: `docs/query-plans.md`.

mod as_cerbos;
mod conditions;
mod exact;
mod filter;
mod membership;
mod node;
mod normalise;
mod question;
mod rows;
mod written;

use std::{sync::Arc, time::SystemTime};

use portreeve_cel::Val;
use smallvec::SmallVec;

pub use filter::{Expression, Filter, Operand};
pub use question::{Manner, Plan, PlanError, PlanQuestion, Resources};

use crate::{
    Along, Check, Enforcement, PolicySet, Resource, Source,
    check::{Family, Place},
};
use conditions::Conditions;
use node::Node;

/// Where one action is allowed.
struct Answer {
    node: Node,
    matched: bool,
    /// The last scope without parental consent that had rules about it.
    scope: Arc<str>,
}

impl Default for Answer {
    fn default() -> Self {
        Self { node: Node::constant(false), matched: false, scope: "".into() }
    }
}

impl PolicySet {
    /// Says on which resources all of the actions are allowed.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use portreeve_cel::{Map, Timestamp, Val};
    /// use portreeve_diagnostics::{Bundle, SourceFile};
    /// use portreeve_policies::{Manner, Options, PlanQuestion, PolicySet, Principal, Resources};
    ///
    /// let text = r#"
    /// apiVersion: api.cerbos.dev/v1
    /// resourcePolicy:
    ///   resource: album
    ///   version: default
    ///   rules:
    ///     - actions: [view]
    ///       effect: EFFECT_ALLOW
    ///       roles: [user]
    ///       condition: { match: { expr: R.attr.owner == P.id } }
    /// "#;
    /// let file = SourceFile { name: "album.yaml".into(), text: text.into() };
    /// let bundle = Bundle { revision: "1".into(), files: vec![file] };
    /// let (set, _) = PolicySet::compile(&bundle, &[0], &Options::default());
    /// let set = set.expect("nothing is wrong with it");
    ///
    /// let (roles, actions, none) = ([Arc::from("user")], [Arc::from("view")], Map::default());
    /// let question = PlanQuestion {
    ///     principal: Principal { id: "ann", roles: &roles, attr: Val::from(&none), version: "", scope: "" },
    ///     resources: Resources { kind: "album", version: "", scope: "", attr: &none },
    ///     actions: &actions,
    ///     aux: None,
    ///     now: Timestamp::from(std::time::SystemTime::UNIX_EPOCH),
    ///     manner: Manner::Exact,
    /// };
    /// let plan = set.plan(&question).expect("a filter can be made of it");
    /// assert_eq!(plan.filter.to_string(), r#"(eq request.resource.attr.owner "ann")"#);
    /// ```
    ///
    /// # Errors
    /// When a condition cannot be put in a filter: optional values of what is not known, known parts that fail only for
    /// some of it, and expressions that are too large.
    pub fn plan(&self, question: &PlanQuestion<'_>) -> Result<Plan, PlanError> {
        self.plan_as(question, &Along { options: &self.options, jwts: None })
    }

    /// As [`PolicySet::plan`], with other options than the set was compiled with.
    ///
    /// # Errors
    /// Those of [`PolicySet::plan`].
    pub fn plan_as(&self, question: &PlanQuestion<'_>, along: &Along<'_>) -> Result<Plan, PlanError> {
        let resources = question.resources;
        let check = Check {
            principal: question.principal,
            resource: Resource {
                kind: resources.kind,
                id: "",
                attr: Val::from(resources.attr),
                version: resources.version,
                scope: resources.scope,
            },
            actions: question.actions,
            aux: question.aux,
            now: SystemTime::UNIX_EPOCH,
        };
        let place = Place::find(self, &check, along);
        let mut plan = Plan {
            filter: Filter::AlwaysDenied,
            matched_scopes: Vec::new(),
            matched: false,
            validation_errors: Vec::new(),
            looked_at: Vec::new(),
            evaluation_errors: Vec::new(),
        };
        if !place.principal.exists && !place.resource.exists {
            plan.matched_scopes =
                question.actions.iter().map(|action| (Arc::clone(action), "".into())).collect();
            return Ok(plan);
        }
        if self.refuses_plan(&check, along, &place, &mut plan) {
            plan.matched = true;
            return Ok(plan);
        }
        let mut conditions = Conditions::new(self, (&check, along), &place, question);
        let mut filters = Vec::with_capacity(question.actions.len());
        for action in question.actions {
            let answer = match question.manner {
                Manner::Exact => conditions.exact(action)?,
                Manner::AsCerbos => conditions.as_cerbos(action)?,
            };
            plan.matched = plan.matched || answer.matched;
            plan.matched_scopes.push((Arc::clone(action), answer.scope));
            filters.push(Filter::of(answer.node.operand(question.manner)));
        }
        (plan.looked_at, plan.evaluation_errors) = (conditions.looked_at, conditions.errors);
        // No actions are not allowed.
        plan.filter = if filters.is_empty() { Filter::AlwaysDenied } else { Filter::merged(filters) };
        Ok(plan)
    }

    /// Checks what is known of the attributes against the schemas. Whether that denies everything.
    fn refuses_plan(&self, check: &Check<'_>, along: &Along<'_>, place: &Place<'_>, plan: &mut Plan) -> bool {
        if along.options.schemas.is_off() {
            return false;
        }
        let Some(unit) = place.resource.schema_unit(self) else { return false };
        let errors = &mut plan.validation_errors;
        self.check_schema(check, unit.principal_schema.as_ref(), Source::Principal, errors);
        self.check_schema(check, unit.resource_schema.as_ref(), Source::Resource, errors);
        // What is missing of the resource is only not known yet.
        errors.retain(|e| e.source == Source::Principal || !e.message.starts_with("missing properties"));
        along.options.schemas == Enforcement::Reject && !errors.is_empty()
    }
}

impl<'a> Conditions<'a, '_> {
    /// The principal's roles; rules of principal policies are for all of them at once.
    fn roles(&self, family: Family) -> SmallVec<[&'a str; 4]> {
        let count = if family == Family::Principal { 1 } else { usize::MAX };
        self.check.principal.roles.iter().take(count).map(|role| &**role).collect()
    }

    /// A role and the roles that its policies name as parents.
    fn with_parents(&self, role: &'a str) -> SmallVec<[&'a str; 4]> {
        let mut roles = SmallVec::new();
        let resource = &self.place.resource;
        self.set.with_parents(role, resource.version, resource.leaf(), &mut roles);
        roles
    }

    fn needs_consent(&self, scope: &str) -> bool {
        self.set.scopes.get(scope).is_some_and(|scope| scope.consent)
    }
}
