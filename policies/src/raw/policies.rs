use portreeve_diagnostics::{Kind, Node};

use super::{
    Principal, Resource, Role, Rule, Schema, Text, condition,
    object::{MISSING, ONE_OF, Object, Path, Reading, TOO_SHORT},
    sets::{definables, mapping_place, nothing},
};
use crate::{Effect, names};

const PLAIN: &str = r"does not match regex pattern `^[^!*?\[\]{}]+$`";
const VERSION: &str = r"does not match regex pattern `^[\w]+$`";
const SCOPE: &str = r"does not match regex pattern `^(^$|\.|[0-9a-zA-Z][\w\-]*(\.\w[\w\-]*)*)$`";
const RULE_NAME: &str = r"does not match regex pattern `^([a-zA-Z][\w\@\.\-]*)*$`";
const SET_NAME: &str = r"does not match regex pattern `^[\w\-\.]+$`";

pub(crate) fn resource(node: &Node, reading: &mut Reading<'_>) -> Resource {
    let path = Path::Field(&Path::Root, "resourcePolicy");
    let mut fields = Object::of(node, reading);
    let resource = fields.required(("resource", path), reading, names::is_plain, PLAIN);
    let version = fields.required(("version", path), reading, names::is_version, VERSION);
    let scope = scope(&mut fields, path, reading);
    let consent = permissions(&mut fields, reading);
    let imports = fields.field("importDerivedRoles", reading);
    let imports =
        reading.texts(imports, Path::Field(&path, "importDerivedRoles"), names::is_set_name, SET_NAME);
    let names = definables(&mut fields, path, reading);
    let (principal_schema, resource_schema) = schemas(&mut fields, path, reading);
    let list = Path::Field(&path, "rules");
    let items = fields.field("rules", reading).map_or(&[][..], |node| reading.list(node));
    let rules: Vec<Rule> = items
        .iter()
        .enumerate()
        .map(|(i, item)| resource_rule(item, i, Path::Index(&list, i), reading))
        .collect();
    unique_names(&rules, "rule name", |i| format!("rule #{i}"), reading);
    fields.finish(reading);
    Resource { resource, version, scope, consent, imports, names, principal_schema, resource_schema, rules }
}

fn resource_rule(node: &Node, index: usize, path: Path<'_>, reading: &mut Reading<'_>) -> Rule {
    let mut fields = Object::of(node, reading);
    let actions = actions(&mut fields, "actions", path, reading);
    let mut rule = rule(&mut fields, node, path, reading);
    rule.effect = effect(&mut fields, path, reading);
    let roles = fields.field("roles", reading);
    rule.roles = reading.texts(roles, Path::Field(&path, "roles"), |text| !text.is_empty(), TOO_SHORT);
    let derived = fields.field("derivedRoles", reading);
    rule.derived_roles =
        reading.texts(derived, Path::Field(&path, "derivedRoles"), names::is_set_name, SET_NAME);
    rule.actions = actions;
    if rule.roles.is_empty() && rule.derived_roles.is_empty() {
        let text = format!("rule #{} does not specify any roles or derived roles to match", index + 1);
        reading.load_mapping(node.span, "policy/rule-without-roles", text);
    }
    fields.finish(reading);
    rule
}

pub(crate) fn principal(node: &Node, reading: &mut Reading<'_>) -> Principal {
    let path = Path::Field(&Path::Root, "principalPolicy");
    let mut fields = Object::of(node, reading);
    let principal = fields.required(("principal", path), reading, names::is_plain, PLAIN);
    let version = fields.required(("version", path), reading, names::is_version, VERSION);
    let scope = scope(&mut fields, path, reading);
    let consent = permissions(&mut fields, reading);
    let names = definables(&mut fields, path, reading);
    let list = Path::Field(&path, "rules");
    let items = fields.field("rules", reading).map_or(&[][..], |node| reading.list(node));
    let rules: Vec<(Text, Vec<Rule>)> = items
        .iter()
        .enumerate()
        .map(|(i, item)| principal_block(item, Path::Index(&list, i), reading))
        .collect();
    unique_resources(items, &rules, reading);
    fields.finish(reading);
    Principal { principal, version, scope, consent, names, rules }
}

fn principal_block(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> (Text, Vec<Rule>) {
    let mut fields = Object::of(node, reading);
    let resource = fields.required(("resource", path), reading, |_| true, "");
    let list = Path::Field(&path, "actions");
    let node = fields.field("actions", reading);
    let items = reading.some_items(node, fields.head(), list);
    let rules: Vec<Rule> = items
        .iter()
        .enumerate()
        .map(|(i, item)| principal_rule(item, Path::Index(&list, i), reading))
        .collect();
    let named = resource.value.clone();
    unique_principal_names(&rules, &named, reading);
    fields.finish(reading);
    (resource, rules)
}

fn principal_rule(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Rule {
    let mut fields = Object::of(node, reading);
    let action = fields.required(("action", path), reading, |_| true, "");
    let mut rule = rule(&mut fields, node, path, reading);
    rule.effect = effect(&mut fields, path, reading);
    rule.actions = vec![action];
    fields.finish(reading);
    rule
}

pub(crate) fn role(node: &Node, reading: &mut Reading<'_>) -> Role {
    let path = Path::Field(&Path::Root, "rolePolicy");
    let mut fields = Object::of(node, reading);
    let role = fields.text("role", reading);
    match &role {
        Some(text) => reading.must(text, Path::Field(&path, "role"), names::is_plain, PLAIN),
        None => reading.invalid(fields.head(), Path::Field(&path, "policyType"), ONE_OF),
    }
    let role = role.unwrap_or(nothing(node.span));
    let version = fields.text("version", reading).unwrap_or(nothing(node.span));
    reading.must(
        &version,
        Path::Field(&path, "version"),
        names::is_version,
        r"does not match regex pattern `^[\w]*$`",
    );
    let scope = scope(&mut fields, path, reading);
    let consent = permissions(&mut fields, reading);
    if let (Some(false), Some(key)) = (consent, fields.key("scopePermissions")) {
        let rule = "must be one of [SCOPE_PERMISSIONS_REQUIRE_PARENTAL_CONSENT_FOR_ALLOWS, SCOPE_PERMISSIONS_UNSPECIFIED]";
        reading.invalid(key, Path::Field(&path, "scopePermissions"), rule);
    }
    let parents = fields.field("parentRoles", reading);
    let parents =
        reading.texts(parents, Path::Field(&path, "parentRoles"), |text| !text.is_empty(), TOO_SHORT);
    let names = definables(&mut fields, path, reading);
    let list = Path::Field(&path, "rules");
    let items = fields.field("rules", reading).map_or(&[][..], |node| reading.list(node));
    let rules: Vec<(Text, Rule)> =
        items.iter().enumerate().map(|(i, item)| role_rule(item, Path::Index(&list, i), reading)).collect();
    fields.finish(reading);
    Role { role, version, scope, parents, names, rules }
}

fn role_rule(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> (Text, Rule) {
    let mut fields = Object::of(node, reading);
    let resource = fields.required(("resource", path), reading, |_| true, "");
    let actions = actions(&mut fields, "allowActions", path, reading);
    let mut rule = rule(&mut fields, node, path, reading);
    rule.actions = actions;
    fields.finish(reading);
    (resource, rule)
}

/// What every kind of rule has.
fn rule(fields: &mut Object<'_>, node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Rule {
    let name = fields.text("name", reading).filter(|name| !name.value.is_empty());
    if let Some(name) = &name {
        reading.must(name, Path::Field(&path, "name"), names::is_rule_name, RULE_NAME);
    }
    let condition = fields
        .field("condition", reading)
        .and_then(|node| condition::read(node, Path::Field(&path, "condition"), reading));
    let output = fields.field("output", reading).map(|node| condition::output(node, reading));
    Rule {
        span: node.span,
        name,
        actions: Vec::new(),
        roles: Vec::new(),
        derived_roles: Vec::new(),
        effect: Effect::Allow,
        condition,
        output,
    }
}

fn actions(
    fields: &mut Object<'_>,
    name: &'static str,
    path: Path<'_>,
    reading: &mut Reading<'_>,
) -> Vec<Text> {
    let path = Path::Field(&path, name);
    let node = fields.field(name, reading);
    reading.some_texts(node, fields.head(), path)
}

fn effect(fields: &mut Object<'_>, path: Path<'_>, reading: &mut Reading<'_>) -> Effect {
    let path = Path::Field(&path, "effect");
    let Some(node) = fields.field("effect", reading) else {
        reading.invalid(fields.head(), path, MISSING);
        return Effect::Deny;
    };
    match &node.kind {
        Kind::Int(1) => return Effect::Allow,
        Kind::Int(2) => return Effect::Deny,
        Kind::Int(0) | Kind::Null => reading.empty(node.span, path),
        Kind::Int(_) => reading.invalid(node.span, path, "must be one of [EFFECT_ALLOW, EFFECT_DENY]"),
        _ => match node.as_str() {
            Some("EFFECT_ALLOW") => return Effect::Allow,
            Some("EFFECT_DENY") => return Effect::Deny,
            Some("EFFECT_UNSPECIFIED") => reading.empty(node.span, path),
            Some("EFFECT_NO_MATCH") => {
                reading.invalid(node.span, path, "must be one of [EFFECT_ALLOW, EFFECT_DENY]")
            }
            Some(other) => reading.unreadable(node.span, format!("invalid enum value \"{other}\"")),
            None => reading.unreadable(node.span, "invalid enum value"),
        },
    }
    Effect::Deny
}

/// Whether allows need the parent scope's consent, if it is said.
fn permissions(fields: &mut Object<'_>, reading: &mut Reading<'_>) -> Option<bool> {
    let node = fields.field("scopePermissions", reading)?;
    match (&node.kind, node.as_str()) {
        (Kind::Int(0) | Kind::Null, _) | (_, Some("SCOPE_PERMISSIONS_UNSPECIFIED")) => None,
        (Kind::Int(1), _) | (_, Some("SCOPE_PERMISSIONS_OVERRIDE_PARENT")) => Some(false),
        (Kind::Int(2), _) | (_, Some("SCOPE_PERMISSIONS_REQUIRE_PARENTAL_CONSENT_FOR_ALLOWS")) => Some(true),
        (_, text) => {
            let text = text.or_else(|| reading.bundle.text(node.span)).unwrap_or_default();
            reading.unreadable(node.span, format!("invalid enum value \"{text}\""));
            None
        }
    }
}

fn scope(fields: &mut Object<'_>, path: Path<'_>, reading: &mut Reading<'_>) -> Text {
    let mut scope = fields.text("scope", reading).unwrap_or(nothing(fields.span));
    reading.must(&scope, Path::Field(&path, "scope"), names::is_scope, SCOPE);
    if scope.value == "." {
        scope.value.clear();
    }
    scope
}

fn schemas(
    fields: &mut Object<'_>,
    path: Path<'_>,
    reading: &mut Reading<'_>,
) -> (Option<Schema>, Option<Schema>) {
    let Some(node) = fields.field("schemas", reading) else { return (None, None) };
    let path = Path::Field(&path, "schemas");
    let mut fields = Object::of(node, reading);
    let principal = fields.field("principalSchema", reading);
    let principal = principal.map(|node| schema(node, Path::Field(&path, "principalSchema"), reading));
    let resource = fields.field("resourceSchema", reading);
    let resource = resource.map(|node| schema(node, Path::Field(&path, "resourceSchema"), reading));
    fields.finish(reading);
    (principal, resource)
}

fn schema(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Schema {
    let mut fields = Object::of(node, reading);
    let reference = fields.required(("ref", path), reading, |_| true, "");
    let mut ignore = Vec::new();
    if let Some(when) = fields.field("ignoreWhen", reading) {
        let mut inner = Object::of(when, reading);
        ignore = actions(&mut inner, "actions", Path::Field(&path, "ignoreWhen"), reading);
        inner.finish(reading);
    }
    fields.finish(reading);
    Schema { reference, ignore }
}

fn unique_names(rules: &[Rule], what: &str, number: fn(usize) -> String, reading: &mut Reading<'_>) {
    for (index, rule) in rules.iter().enumerate() {
        let Some(name) = &rule.name else { continue };
        let same = |other: &&Rule| other.name.as_ref().is_some_and(|n| n.value == name.value);
        let Some((first, other)) = rules.iter().enumerate().take(index).find(|(_, r)| same(r)) else {
            continue;
        };
        let at = mapping_place(other.span, reading);
        let text = format!(
            "duplicate {what} \"{}\": {} has the same name as {} defined at {at}",
            name.value,
            number(index + 1),
            number(first + 1)
        );
        reading.load_mapping(rule.span, "policy/duplicate-rule", text);
    }
}

fn unique_principal_names(rules: &[Rule], resource: &str, reading: &mut Reading<'_>) {
    for (index, rule) in rules.iter().enumerate() {
        let Some(name) = &rule.name else { continue };
        let same = |other: &Rule| other.name.as_ref().is_some_and(|n| n.value == name.value);
        let Some((first, other)) = rules.iter().enumerate().take(index).find(|(_, r)| same(r)) else {
            continue;
        };
        let at = mapping_place(other.span, reading);
        let text = format!(
            "duplicate action rule name \"{}\": action rule #{} for resource \"{resource}\" has the same name as action rule #{} defined at {at}",
            name.value,
            index + 1,
            first + 1
        );
        reading.load_mapping(rule.span, "policy/duplicate-rule", text);
    }
}

/// A principal policy has one block for each resource.
fn unique_resources(items: &[Node], blocks: &[(Text, Vec<Rule>)], reading: &mut Reading<'_>) {
    for (index, ((resource, _), item)) in blocks.iter().zip(items).enumerate() {
        let first = blocks.iter().take(index).position(|(other, _)| other.value == resource.value);
        let Some((first, other)) = first.and_then(|first| Some((first, items.get(first)?))) else { continue };
        let at = mapping_place(other.span, reading);
        let text = format!(
            "duplicate resource \"{}\" at rule #{}: previous definition in rule #{} at {at}",
            resource.value,
            index + 1,
            first + 1
        );
        reading.load_mapping(item.span, "policy/duplicate-rule", text);
    }
}
