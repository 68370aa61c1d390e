//! Policies to rows.

use std::sync::Arc;

use portreeve_diagnostics::{Severity, Span};
use rustc_hash::FxHashMap;

use super::{Linker, index, push};
use crate::{
    Effect, Rule, RuleId,
    finding::Cause,
    glob::Glob,
    names,
    raw::{self, Body, Policy, Text},
    set::{Kinds, RolePolicy, RoleRule, Row, SchemaUse, Scope, Unit},
};

/// What the rows of one policy have in common.
struct Home {
    key: Arc<str>,
    names: u32,
    consent: bool,
}

impl Linker<'_, '_> {
    pub(super) fn policy(&mut self, policy: &Policy) {
        match &policy.body {
            Body::Resource(p) => self.resource(policy, p),
            Body::Principal(p) => self.principal(policy, p),
            Body::Role(p) => self.role(policy, p),
            Body::DerivedRoles(set) => self.unused(set, policy.file),
            Body::Variables(..) | Body::Constants(..) => {}
        }
    }

    /// A set of derived roles is compiled also if nobody imports it. Cerbos does not look at it then, so that what is
    /// wrong with it is a warning.
    fn unused(&mut self, set: &raw::DerivedRoles, file: u32) {
        let before = self.findings.0.len();
        for definition in &set.definitions {
            let _ = self.derived_role(std::slice::from_ref(&set.name), &definition.name, file);
        }
        if !self.index.imported.contains(set.name.value.as_str()) {
            for finding in self.findings.0.iter_mut().skip(before) {
                finding.cause = Cause::Advice;
                finding.diagnostic.severity = Severity::Warning;
            }
        }
    }

    fn home(&mut self, policy: &Policy, names: &raw::Definables, scope: &str) -> Home {
        let names = self.names(names, &policy.variables);
        let consent = self.index.consent.get(scope).copied().unwrap_or(false);
        Home { key: index::key(policy).into(), names, consent }
    }

    fn resource(&mut self, policy: &Policy, p: &raw::Resource) {
        let home = self.home(policy, &p.names, &p.scope.value);
        let mut rows = Vec::new();
        let mut derived = Vec::new();
        for (rule, number) in p.rules.iter().zip(1..) {
            let name =
                rule.name.as_ref().map_or_else(|| format!("rule-{number:03}"), |name| name.value.clone());
            let mut roles: Vec<(Glob, Option<u32>)> =
                widest(&rule.roles).filter_map(|role| Some((self.glob(role)?, None))).collect();
            for name in &rule.derived_roles {
                let Some(id) = self.derived_role(&p.imports, name, policy.file) else { continue };
                if !derived.contains(&id) {
                    derived.push(id);
                }
                let parents =
                    self.set.derived.get(id as usize).map(|d| d.parents.clone()).unwrap_or_default();
                roles.extend(parents.into_iter().map(|parent| (parent, Some(id))));
            }
            self.rows(&home, rule, &name, None, &roles, &mut rows);
        }
        derived.sort_by_key(|id| self.set.derived.get(*id as usize).map(|d| Arc::clone(&d.name)));
        let scope = p.scope.value.as_str();
        let principal_schema = p.principal_schema.as_ref().map(|schema| self.schema(schema, "principal"));
        let resource_schema = p.resource_schema.as_ref().map(|schema| self.schema(schema, "resource"));
        let mut unit = self.unit(home, scope, rows, derived);
        (unit.principal_schema, unit.resource_schema) = (principal_schema, resource_schema);
        let id = push(&mut self.set.units, unit);
        self.set.resources.insert(&names::sanitise(&p.resource.value), &p.version.value, scope, id);
        self.scope(scope).resource = true;
    }

    fn principal(&mut self, policy: &Policy, p: &raw::Principal) {
        let home = self.home(policy, &p.names, &p.scope.value);
        let mut rows = Vec::new();
        for (resource, rules) in &p.rules {
            for (rule, number) in rules.iter().zip(1..) {
                let name = rule.name.as_ref().map_or_else(
                    || format!("{}_rule-{number:03}", resource.value),
                    |name| name.value.clone(),
                );
                self.rows(&home, rule, &name, Some(resource), &[(Glob::Any, None)], &mut rows);
            }
        }
        let scope = p.scope.value.as_str();
        let unit = self.unit(home, scope, rows, Vec::new());
        let id = push(&mut self.set.units, unit);
        self.set.principals.insert(&names::sanitise(&p.principal.value), &p.version.value, scope, id);
        self.set.principal_scopes.entry(p.version.value.as_str().into()).or_default().insert(scope.into());
        self.scope(scope).principal = true;
    }

    fn role(&mut self, policy: &Policy, p: &raw::Role) {
        let home = self.home(policy, &p.names, &p.scope.value);
        let whole = self.rule(&home, "", policy.place, Effect::Deny, None);
        let mut rules = Vec::new();
        for (resource, rule) in &p.rules {
            let name = rule.name.as_ref().map_or("", |name| name.value.as_str());
            let id = self.rule(&home, name, rule.span, Effect::Deny, rule.condition.as_ref());
            let condition =
                rule.condition.as_ref().and_then(|condition| self.condition(home.names, condition));
            let source = format!("{}#{name}", home.key);
            let output = rule.output.as_ref().and_then(|output| self.output(home.names, source, output));
            let actions = rule.actions.iter().filter_map(|action| {
                Glob::pattern(&action.value).or_else(|| {
                    self.bad_glob(action);
                    None
                })
            });
            let actions = actions.collect();
            let Some(kind) = self.kinds(resource) else { continue };
            rules.push(RoleRule { rule: id, kind, actions, condition, output });
        }
        let conditions = rules.iter().filter_map(|rule: &RoleRule| rule.condition);
        let used = self.set.used(conditions, rules.iter().filter_map(|rule| rule.output));
        let parents = p.parents.iter().map(|parent| parent.value.as_str().into()).collect();
        let compiled = RolePolicy { key: home.key, whole, names: home.names, used, parents, rules };
        let id = push(&mut self.set.role_policies, compiled);
        let (version, scope) = (index::version(&p.version.value), p.scope.value.as_str());
        self.set.roles.insert(&p.role.value, version, scope, id);
        self.set.roles_at.entry(version.into()).or_default().entry(scope.into()).or_default().push(id);
        // As in Cerbos, a policy that says nothing makes no scope exist.
        if !p.rules.is_empty() {
            self.scope(scope).resource = true;
        }
    }

    /// The rows of one rule: one for each action and role.
    fn rows(
        &mut self,
        home: &Home,
        rule: &raw::Rule,
        name: &str,
        resource: Option<&Text>,
        roles: &[(Glob, Option<u32>)],
        rows: &mut Vec<Row>,
    ) {
        let id = self.rule(home, name, rule.span, rule.effect, rule.condition.as_ref());
        let condition = rule.condition.as_ref().and_then(|condition| self.condition(home.names, condition));
        let source = format!("{}#{name}", home.key);
        let output = rule.output.as_ref().and_then(|output| self.output(home.names, source, output));
        let negated = home.consent && rule.effect == Effect::Allow && condition.is_some();
        for action in &rule.actions {
            let Some(action) = self.glob(action) else { continue };
            for (role, derived) in roles {
                let kind = match resource {
                    Some(resource) => match self.kinds(resource) {
                        Some(kinds) => Some(kinds),
                        None => continue,
                    },
                    None => None,
                };
                rows.push(Row {
                    rule: id,
                    action: action.clone(),
                    role: role.clone(),
                    kind,
                    derived: *derived,
                    effect: if negated { Effect::Deny } else { rule.effect },
                    condition,
                    negated,
                    output,
                });
            }
        }
    }

    fn rule(
        &mut self,
        home: &Home,
        name: &str,
        span: Span,
        effect: Effect,
        condition: Option<&raw::Condition>,
    ) -> RuleId {
        let condition = condition.map(|condition| condition.lines().into());
        let rule = Rule { name: name.into(), policy: Arc::clone(&home.key), span, effect, condition };
        RuleId(push(&mut self.set.rules, rule))
    }

    fn kinds(&mut self, text: &Text) -> Option<Kinds> {
        let kinds = Kinds::new(&text.value);
        if kinds.is_none() {
            self.bad_glob(text);
        }
        kinds
    }

    fn schema(&mut self, schema: &raw::Schema, who: &'static str) -> SchemaUse {
        let ignore: Vec<Glob> = schema
            .ignore
            .iter()
            .filter_map(|action| {
                Glob::pattern(&action.value).or_else(|| {
                    self.bad_glob(action);
                    None
                })
            })
            .collect();
        let reference: Arc<str> = schema.reference.value.as_str().into();
        self.set.schemas.entry(Arc::clone(&reference)).or_default().used(schema.reference.span, who);
        SchemaUse { reference, ignore: ignore.into() }
    }

    fn unit(&self, home: Home, scope: &str, rows: Vec<Row>, derived: Vec<u32>) -> Unit {
        let mut by_action: FxHashMap<Arc<str>, Vec<u32>> = FxHashMap::default();
        let mut by_pattern = Vec::new();
        let conditions = rows.iter().filter_map(|row| row.condition);
        let used = self.set.used(conditions, rows.iter().filter_map(|row| row.output));
        for (row, id) in rows.iter().zip(0..) {
            match row.action.literal() {
                Some(action) => by_action.entry(Arc::clone(action)).or_default().push(id),
                None => by_pattern.push(id),
            }
        }
        Unit {
            key: home.key,
            scope: scope.into(),
            names: home.names,
            used,
            rows,
            by_action: by_action.into_iter().map(|(action, rows)| (action, rows.into())).collect(),
            by_pattern: by_pattern.into(),
            derived: derived.into(),
            principal_schema: None,
            resource_schema: None,
        }
    }

    fn scope(&mut self, scope: &str) -> &mut Scope {
        let consent = self.index.consent.get(scope).copied().unwrap_or(false);
        let entry = self.set.scopes.entry(scope.into()).or_default();
        entry.consent = consent;
        entry
    }
}

/// The roles of a list: `*` stands for all the others, so that a rule speaks once.
pub(super) fn widest(roles: &[Text]) -> impl Iterator<Item = &Text> {
    let all = roles.iter().any(|role| role.value == "*");
    roles.iter().filter(move |role| !all || role.value == "*").take(if all { 1 } else { usize::MAX })
}
