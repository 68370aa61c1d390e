//! Reading of suites: from nodes to what is written, with a finding for everything that does not fit.

use portreeve_cel::{Map, Timestamp, Value};
use portreeve_diagnostics::{Kind, Node};

use super::written::{Changes, Chosen, Expectation, Input, Said, Skip, Suite, Test};
use crate::{
    Effect,
    raw::{
        Text,
        object::{MISSING, Object, Path, Reading},
        sets::value,
    },
};

pub(super) const TOO_SHORT: &str = "must be at least 1 characters";
const NO_EFFECT: &str = "must be one of [EFFECT_ALLOW, EFFECT_DENY]";

/// A suite, its own fixtures included.
pub(super) fn suite(node: &Node, reading: &mut Reading<'_>) -> Suite {
    let path = Path::Root;
    let mut fields = Object::of(node, reading);
    let _ = fields.field("$schema", reading);
    let name = fields.required(("name", path), reading, |_| true, "");
    let description = plain(&mut fields, "description", reading);
    let skip = skip(&mut fields, reading);
    let list = Path::Field(&path, "tests");
    let tests = required_list(&mut fields, "tests", path, reading);
    let tests = tests.iter().enumerate().map(|(i, item)| test(item, Path::Index(&list, i), reading));
    let tests = tests.collect();
    let mut fixtures = super::fixtures::own(&mut fields, reading);
    let options = fields.field("options", reading).map(|node| changes(node, reading));
    super::fixtures::groups(&mut fields, &mut fixtures, reading);
    fields.finish(reading);
    Suite { name, description, skip, tests, fixtures, options }
}

fn test(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Test {
    let mut fields = Object::of(node, reading);
    let name = fields.required(("name", path), reading, |_| true, "");
    let _ = fields.text("description", reading);
    let skip = skip(&mut fields, reading);
    let input = match fields.field("input", reading) {
        Some(node) => input(node, Path::Field(&path, "input"), reading),
        None => {
            reading.invalid(fields.head(), Path::Field(&path, "input"), MISSING);
            Input::default()
        }
    };
    let list = Path::Field(&path, "expected");
    let expected = required_list(&mut fields, "expected", path, reading);
    let expected = expected
        .iter()
        .enumerate()
        .map(|(i, item)| expectation(item, Path::Index(&list, i), reading))
        .collect();
    let options = fields.field("options", reading).map(|node| changes(node, reading));
    fields.finish(reading);
    Test { name, skip, input, expected, options }
}

fn input(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Input {
    let mut fields = Object::of(node, reading);
    let principals = texts(&mut fields, "principals", path, reading);
    let resources = texts(&mut fields, "resources", path, reading);
    let actions = texts(&mut fields, "actions", path, reading);
    if actions.is_empty() {
        absent(&mut fields, "actions", path, reading);
    }
    let aux = fields.text("auxData", reading).filter(|name| !name.value.is_empty());
    let principals =
        Chosen { names: principals, groups: texts(&mut fields, "principalGroups", path, reading) };
    let resources = Chosen { names: resources, groups: texts(&mut fields, "resourceGroups", path, reading) };
    fields.finish(reading);
    for (chosen, kind) in [(&principals, "principal"), (&resources, "resource")] {
        if chosen.names.is_empty() && chosen.groups.is_empty() {
            reading.invalid(node.span, path, &format!("{kind}s or {kind}Groups must be present"));
        }
    }
    Input { principals, resources, actions, aux }
}

fn expectation(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Expectation {
    let mut fields = Object::of(node, reading);
    let principal = said_text(&mut fields, "principal", reading);
    let resource = said_text(&mut fields, "resource", reading);
    let actions = effects(&mut fields, path, reading);
    let list = Path::Field(&path, "outputs");
    let outputs = fields.field("outputs", reading).map_or(&[][..], |node| reading.list(node));
    let outputs =
        outputs.iter().enumerate().map(|(i, item)| said(item, Path::Index(&list, i), reading)).collect();
    let principals = texts(&mut fields, "principals", path, reading);
    let resources = texts(&mut fields, "resources", path, reading);
    let principal_groups = texts(&mut fields, "principalGroups", path, reading);
    let resource_groups = texts(&mut fields, "resourceGroups", path, reading);
    fields.finish(reading);
    let mut chosen = |kind: &str, one: Option<Text>, several: Vec<Text>, groups: Vec<Text>| {
        if one.is_none() && several.is_empty() && groups.is_empty() {
            reading.invalid_mapping(
                node.span,
                path,
                &format!("{kind}, {kind}s, or {kind}Groups must be present"),
            );
        } else if one.is_some() && !several.is_empty() {
            reading.invalid_mapping(node.span, path, &format!("{kind} and {kind}s may not both be present"));
        }
        Chosen { names: one.into_iter().chain(several).collect(), groups }
    };
    let principals = chosen("principal", principal, principals, principal_groups);
    let resources = chosen("resource", resource, resources, resource_groups);
    Expectation { span: node.span, principals, resources, actions, outputs }
}

/// A text that is not empty.
fn said_text(fields: &mut Object<'_>, name: &'static str, reading: &mut Reading<'_>) -> Option<Text> {
    fields.text(name, reading).filter(|text| !text.value.is_empty())
}

fn effects(fields: &mut Object<'_>, path: Path<'_>, reading: &mut Reading<'_>) -> Vec<(Text, Effect)> {
    let inner = Path::Field(&path, "actions");
    let node = fields.field("actions", reading);
    let entries = reading.entries(node);
    if entries.is_empty() {
        absent(fields, "actions", path, reading);
    }
    let mut found = Vec::new();
    for entry in entries {
        let path = Path::Key(&inner, &entry.key.value);
        if entry.key.value.is_empty() {
            reading.invalid(entry.value.span, path, TOO_SHORT);
        }
        let effect = match (&entry.value.kind, entry.value.as_str()) {
            (Kind::Int(1), _) | (_, Some("EFFECT_ALLOW")) => Effect::Allow,
            (Kind::Int(2), _) | (_, Some("EFFECT_DENY")) => Effect::Deny,
            (Kind::Int(_) | Kind::Null, _) | (_, Some("EFFECT_UNSPECIFIED" | "EFFECT_NO_MATCH")) => {
                reading.invalid(entry.value.span, path, NO_EFFECT);
                continue;
            }
            (_, Some(other)) => {
                reading.unreadable(entry.value.span, format!("invalid enum value \"{other}\""));
                continue;
            }
            (_, None) => {
                reading.unreadable(entry.value.span, "invalid enum value");
                continue;
            }
        };
        found.push((entry.key.clone(), effect));
    }
    found
}

fn said(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Said {
    let mut fields = Object::of(node, reading);
    let action = fields.required(("action", path), reading, |_| true, "");
    let mut expected = Vec::new();
    for item in required_list(&mut fields, "expected", path, reading) {
        let mut fields = Object::of(item, reading);
        let source = fields.text("src", reading);
        let source = source.unwrap_or_else(|| crate::raw::sets::nothing(item.span));
        let wanted = fields.field("val", reading).map_or(Value::Null, value);
        fields.finish(reading);
        expected.push((source, wanted));
    }
    fields.finish(reading);
    Said { action, expected }
}

fn changes(node: &Node, reading: &mut Reading<'_>) -> Changes {
    let mut fields = Object::of(node, reading);
    let now = fields.field("now", reading).and_then(|node| moment(node, reading));
    let lenient_scope_search = fields.field("lenientScopeSearch", reading).map(|node| reading.flag(node));
    let globals = fields.field("globals", reading);
    let globals = globals.map(|node| mapping(node, reading));
    let default_version = said_text(&mut fields, "defaultPolicyVersion", reading);
    let default_scope = said_text(&mut fields, "defaultScope", reading);
    let strict = fields.field("strictEvaluation", reading).map(|node| reading.flag(node));
    fields.finish(reading);
    Changes {
        now,
        lenient_scope_search,
        globals,
        default_version: default_version.map(|text| text.value),
        default_scope: default_scope.map(|text| text.value),
        strict,
    }
}

fn moment(node: &Node, reading: &mut Reading<'_>) -> Option<Timestamp> {
    let Some(text) = node.as_str() else {
        reading.mismatch(node, "string", "a timestamp");
        return None;
    };
    let moment = Timestamp::parse(text);
    if moment.is_none() {
        reading.unreadable(node.span, format!("invalid timestamp value \"{text}\""));
    }
    moment
}

/// Attributes, claims or globals.
pub(super) fn mapping(node: &Node, reading: &mut Reading<'_>) -> Map {
    let _ = reading.entries(Some(node));
    match value(node) {
        Value::Map(map) => map,
        _ => Map::default(),
    }
}

fn skip(fields: &mut Object<'_>, reading: &mut Reading<'_>) -> Skip {
    let skip = fields.field("skip", reading).is_some_and(|node| reading.flag(node));
    Skip { skip, reason: plain(fields, "skipReason", reading) }
}

pub(super) fn plain(fields: &mut Object<'_>, name: &'static str, reading: &mut Reading<'_>) -> String {
    fields.text(name, reading).map(|text| text.value).unwrap_or_default()
}

/// A list that must be there and hold something.
fn required_list<'n>(
    fields: &mut Object<'n>,
    name: &'static str,
    path: Path<'_>,
    reading: &mut Reading<'_>,
) -> &'n [Node] {
    let items = fields.field(name, reading).map_or(&[][..], |node| reading.list(node));
    if items.is_empty() {
        absent(fields, name, path, reading);
    }
    items
}

/// A field that holds nothing, or is not there.
pub(super) fn absent(fields: &mut Object<'_>, name: &'static str, path: Path<'_>, reading: &mut Reading<'_>) {
    let path = Path::Field(&path, name);
    match fields.field(name, reading) {
        Some(node) => reading.empty(node.span, path),
        None => reading.invalid(fields.head(), path, MISSING),
    }
}

/// Texts, none empty and none twice.
pub(super) fn texts(
    fields: &mut Object<'_>,
    name: &'static str,
    path: Path<'_>,
    reading: &mut Reading<'_>,
) -> Vec<Text> {
    let Some(node) = fields.field(name, reading) else { return Vec::new() };
    let path = Path::Field(&path, name);
    let texts: Vec<Text> = reading.list(node).iter().filter_map(|item| reading.text(item)).collect();
    let twice =
        |(index, text): (usize, &Text)| texts.iter().take(index).any(|other| other.value == text.value);
    if texts.iter().enumerate().any(twice) {
        reading.invalid(node.span, path, "repeated value must contain unique items");
    }
    for (index, text) in texts.iter().enumerate() {
        if text.value.is_empty() {
            reading.invalid(text.span, Path::Index(&path, index), TOO_SHORT);
        }
    }
    texts
}
