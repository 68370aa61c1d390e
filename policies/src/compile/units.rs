use std::sync::Arc;

use portreeve_cel::Env;
use portreeve_diagnostics::{Bundle, Diagnostic, Report, Span, Spanned, suggest};
use rustc_hash::FxHashMap;

use super::{
    Read,
    conditions::{Expressions, shown},
    index,
    spaces::{self, Exports},
};
use crate::{
    Effect, Options, PolicySet, Rule, RuleId,
    glob::Glob,
    names::sanitise,
    raw::{RawBody, RawMatch, RawOutput, RawPolicy, RawPrincipalRule, RawRoleRule, RawRule},
    set::{Condition, DerivedRole, RoleRow, RoleUnit, Row, Space, Unit},
};

/// Compiles every policy into a set.
pub(super) fn compile(bundle: &Bundle, read: &[Read], options: &Options, report: &mut Report) -> PolicySet {
    let exports = Exports::of(read, report);
    let mut set = PolicySet { options: options.clone(), ..PolicySet::default() };
    set.spaces.push(Space { slots: crate::expr::BASE.0.slots(), ..Space::default() });
    let expressions = Expressions::default();
    let mut compiler = Compiler { bundle, exports, set, expressions, sets: FxHashMap::default(), report };
    for policy in read {
        if let RawBody::DerivedRoles { name, .. } = &policy.raw.body {
            compiler.derived_roles(&policy.raw, name);
        }
    }
    for policy in read {
        compiler.policy(&policy.raw);
    }
    let mut set = compiler.set;
    let roles = set.roles.keys();
    set.resource_scopes = set.resources.keys().chain(roles).map(|key| (Arc::clone(&key.scope), ())).collect();
    set.principal_scopes = set.principals.keys().map(|key| (Arc::clone(&key.scope), ())).collect();
    set
}

struct Compiler<'c> {
    bundle: &'c Bundle,
    exports: Exports<'c>,
    set: PolicySet,
    expressions: Expressions,
    /// The derived roles of each set, by its name: their names and their places.
    sets: FxHashMap<&'c str, Vec<(&'c str, usize)>>,
    report: &'c mut Report,
}

/// Where the rules of one policy are compiled.
struct Home {
    key: Arc<str>,
    env: Arc<Env>,
    space: usize,
}

/// What every rule has.
struct Common<'r> {
    name: Arc<str>,
    span: Span,
    effect: Effect,
    condition: Option<&'r RawMatch>,
    output: Option<&'r RawOutput>,
}

impl<'c> Compiler<'c> {
    fn home(&mut self, raw: &'c RawPolicy, key: String) -> Home {
        let (env, space) = spaces::space(raw, &self.exports, self.bundle, self.report);
        let space = space.map_or(0, |space| {
            self.set.spaces.push(space);
            self.set.spaces.len() - 1
        });
        Home { key: key.into(), env, space }
    }

    fn derived_roles(&mut self, raw: &'c RawPolicy, name: &'c Spanned<String>) {
        let RawBody::DerivedRoles { definitions, .. } = &raw.body else { return };
        let home = self.home(raw, format!("derived_roles.{}", name.value));
        let mut places = Vec::new();
        for definition in definitions {
            let wanted = definition.name.value.as_str();
            if places.iter().any(|(known, _)| *known == wanted) {
                let message = format!("the derived role `{wanted}` is defined twice");
                self.report
                    .push(Diagnostic::error("policy/duplicate", message).at(definition.name.span, "again"));
            }
            let condition = self.condition(&home, definition.condition.as_ref());
            places.push((wanted, self.set.derived.len()));
            self.set.derived.push(DerivedRole {
                name: wanted.into(),
                parents: definition.parents.iter().map(|parent| Glob::new(&parent.value)).collect(),
                space: home.space,
                condition,
            });
        }
        if self.sets.insert(&name.value, places).is_some() {
            let message = format!("the derived roles `{}` are defined in another file too", name.value);
            self.report.push(Diagnostic::error("policy/duplicate", message).at(name.span, "defined again"));
        }
    }

    fn policy(&mut self, raw: &'c RawPolicy) {
        match &raw.body {
            RawBody::Resource { resource, version, scope, consent, imports, rules } => {
                let key = index::key(resource, version, scope);
                let home = self.home(raw, index::shown("resource", &key));
                let known = self.imported(imports);
                let rows: Box<[Row]> = rules
                    .iter()
                    .zip(1..)
                    .map(|(rule, n)| self.rule(&home, rule, n, &known, *consent))
                    .collect();
                let unit = self.unit(&home, &key.scope, *consent, rows);
                index::insert(&mut self.set.resources, key, unit, resource.span, self.report);
                duplicates(rules.iter().filter_map(|rule| rule.name.as_ref()), self.report);
            }
            RawBody::Principal { principal, version, scope, consent, rules } => {
                let key = index::key(principal, version, scope);
                let home = self.home(raw, index::shown("principal", &key));
                let rows = rules.iter().map(|rule| self.principal_rule(&home, rule, *consent)).collect();
                let unit = self.unit(&home, &key.scope, *consent, rows);
                index::insert(&mut self.set.principals, key, unit, principal.span, self.report);
            }
            RawBody::Role { role, version, scope, parents, rules } => {
                let key = index::key(role, version, scope);
                let home = self.home(raw, index::shown("role", &key));
                let rows = rules.iter().map(|rule| self.role_rule(&home, rule)).collect();
                let parents = parents.iter().map(|parent| parent.value.as_str().into()).collect();
                let unit = RoleUnit { key: Arc::clone(&home.key), space: home.space, parents, rows };
                index::insert(&mut self.set.roles, key, unit, role.span, self.report);
            }
            RawBody::DerivedRoles { .. }
            | RawBody::ExportVariables { .. }
            | RawBody::ExportConstants { .. } => {}
        }
    }

    fn unit(&self, home: &Home, scope: &Arc<str>, consent: bool, rows: Box<[Row]>) -> Unit {
        let mut derived: Vec<usize> = rows.iter().flat_map(|row| row.derived.iter().copied()).collect();
        derived.sort_by_key(|place| self.set.derived.get(*place).map(|role| Arc::clone(&role.name)));
        derived.dedup();
        let (key, scope, space) = (Arc::clone(&home.key), Arc::clone(scope), home.space);
        Unit { key, scope, consent, space, rows, derived: derived.into() }
    }

    /// The derived roles that a policy's imports define. A name in two of them is an error only where it is used.
    fn imported(&mut self, imports: &'c [Spanned<String>]) -> Vec<(&'c str, &'c str, usize)> {
        let mut known = Vec::new();
        for import in imports {
            if let Some(roles) = self.sets.get(import.value.as_str()) {
                known.extend(roles.iter().map(|(role, place)| (import.value.as_str(), *role, *place)));
                continue;
            }
            let message = format!("no file defines derived roles named `{}`", import.value);
            let diagnostic = Diagnostic::error("policy/import", message).at(import.span, "not found");
            let near = suggest::nearest(&import.value, self.sets.keys().copied());
            self.report.push(match near {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic,
            });
        }
        known
    }

    fn rule(
        &mut self,
        home: &Home,
        raw: &RawRule,
        number: usize,
        known: &[(&str, &str, usize)],
        consent: bool,
    ) -> Row {
        let derived = raw.derived_roles.iter().filter_map(|name| self.derived(name, known)).collect();
        let name = raw.name.as_ref().map_or_else(|| format!("rule-{number:03}"), |name| name.value.clone());
        let common = Common {
            name: name.into(),
            span: raw.span,
            effect: raw.effect,
            condition: raw.condition.as_ref(),
            output: raw.output.as_ref(),
        };
        let (id, condition) = self.common(home, common);
        let (effect, condition) = with_consent(raw.effect, condition, consent);
        Row {
            id,
            resource: None,
            actions: globs(&raw.actions),
            roles: globs(&raw.roles),
            derived,
            effect,
            condition,
        }
    }

    fn derived(&mut self, name: &Spanned<String>, known: &[(&str, &str, usize)]) -> Option<usize> {
        let mut found = known.iter().filter(|(_, role, _)| *role == name.value);
        let first = found.next();
        if let (Some((one, ..)), Some((other, ..))) = (first, found.next()) {
            let message =
                format!("the derived role `{}` is defined in both `{one}` and `{other}`", name.value);
            self.report
                .push(Diagnostic::error("policy/ambiguous-derived-role", message).at(name.span, "ambiguous"));
        }
        if first.is_none() {
            let message = format!("derived role `{}` is not defined in any imports", name.value);
            let diagnostic =
                Diagnostic::error("policy/unknown-derived-role", message).at(name.span, "unknown");
            let near = suggest::nearest(&name.value, known.iter().map(|(_, role, _)| *role));
            self.report.push(match near {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help("name the file that defines it under `importDerivedRoles`"),
            });
        }
        first.map(|(_, _, place)| *place)
    }

    fn principal_rule(&mut self, home: &Home, raw: &RawPrincipalRule, consent: bool) -> Row {
        let name = match &raw.name {
            Some(name) => name.value.clone(),
            None => format!("{}_rule-{:03}", raw.resource.value, raw.number),
        };
        let common = Common {
            name: name.into(),
            span: raw.span,
            effect: raw.effect,
            condition: raw.condition.as_ref(),
            output: raw.output.as_ref(),
        };
        let (id, condition) = self.common(home, common);
        let (effect, condition) = with_consent(raw.effect, condition, consent);
        let actions = globs(std::slice::from_ref(&raw.action));
        let resource = Some(resource_glob(&raw.resource.value));
        Row { id, resource, actions, roles: Box::default(), derived: Box::default(), effect, condition }
    }

    fn role_rule(&mut self, home: &Home, raw: &RawRoleRule) -> RoleRow {
        let common = Common {
            name: raw.name.as_ref().map(|name| name.value.as_str()).unwrap_or_default().into(),
            span: raw.span,
            effect: Effect::Allow,
            condition: raw.condition.as_ref(),
            output: raw.output.as_ref(),
        };
        let (id, condition) = self.common(home, common);
        let actions = raw.actions.iter().map(|action| Glob::pattern(&action.value)).collect();
        RoleRow { id, resource: resource_glob(&raw.resource.value), actions, condition }
    }

    fn common(&mut self, home: &Home, common: Common<'_>) -> (RuleId, Condition) {
        let condition = self.condition(home, common.condition);
        if let Some(output) = common.output {
            for text in output.activated.iter().chain(&output.not_met) {
                self.expressions.compile(&home.env, home.space, text, self.bundle, self.report);
            }
            if output.activated.is_none() && output.not_met.is_none() {
                self.report
                    .push(Diagnostic::error("policy/output", "empty output").at(output.span, "says nothing"));
            }
        }
        let id = RuleId(u32::try_from(self.set.rules.len()).unwrap_or(u32::MAX));
        let (name, span, effect) = (common.name, common.span, common.effect);
        let rule =
            Rule { name, policy: Arc::clone(&home.key), span, effect, condition: shown(common.condition) };
        self.set.rules.push(rule);
        (id, condition)
    }

    fn condition(&mut self, home: &Home, raw: Option<&RawMatch>) -> Condition {
        self.expressions.condition(&home.env, home.space, raw, self.bundle, self.report)
    }
}

/// Where a parent scope must consent, an allow that does not hold is a refusal.
fn with_consent(effect: Effect, condition: Condition, consent: bool) -> (Effect, Condition) {
    match (effect, condition) {
        (Effect::Allow, Condition::Always) => (Effect::Allow, Condition::Always),
        (Effect::Allow, condition) if consent => (Effect::Deny, Condition::None(Box::new([condition]))),
        (effect, condition) => (effect, condition),
    }
}

fn globs(texts: &[Spanned<String>]) -> Box<[Glob]> {
    texts.iter().map(|text| Glob::new(&text.value)).collect()
}

/// Kinds are compared as policies are found by them, so the names in patterns are too.
fn resource_glob(text: &str) -> Glob {
    let parts: Vec<String> =
        text.split('*').map(|part| if part.is_empty() { String::new() } else { loosely(part) }).collect();
    Glob::new(&parts.join("*"))
}

fn loosely(part: &str) -> String {
    let sanitised = sanitise(part);
    // A part such as `album:` of `album:*` is not a whole name, so its separators are replaced by hand.
    if sanitised != part || !part.contains([':', '/', '-', '@']) {
        return sanitised;
    }
    part.replace([':', '/', '-', '@'], "_")
}

fn duplicates<'r>(names: impl Iterator<Item = &'r Spanned<String>>, report: &mut Report) {
    let mut seen: FxHashMap<&str, Span> = FxHashMap::default();
    for name in names {
        if let Some(first) = seen.insert(&name.value, name.span) {
            let message = format!("two rules are named `{}`", name.value);
            report.push(
                Diagnostic::error("policy/duplicate-rule", message).at(name.span, "again").at(first, "first"),
            );
        }
    }
}
