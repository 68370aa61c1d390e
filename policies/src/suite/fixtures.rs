//! Who asks and what about: the fixtures of a suite, its own and those of the folder `testdata` beside it.

use std::sync::Arc;

use portreeve_cel::Map;
use portreeve_diagnostics::Node;

use super::{
    read::{absent, mapping, texts},
    written::{Aux, Fixtures, Groups, Principal, Resource},
};
use crate::{
    names,
    raw::object::{Object, Path, Reading},
};

const SCOPE: &str = r"does not match regex pattern `^(^$|\.|[0-9a-zA-Z][\w\-]*(\.\w[\w\-]*)*)$`";
const VERSION: &str = r"does not match regex pattern `^[\w]*$`";

/// The fixtures that a suite has itself; its groups are read later.
pub(super) fn own(fields: &mut Object<'_>, reading: &mut Reading<'_>) -> Fixtures {
    let mut found = Fixtures::default();
    principals(fields, &mut found, reading);
    resources(fields, &mut found, reading);
    aux(fields, &mut found, reading);
    found
}

/// The groups.
pub(super) fn groups(fields: &mut Object<'_>, found: &mut Fixtures, reading: &mut Reading<'_>) {
    found.principal_groups = members(fields, ("principalGroups", "principals"), reading);
    found.resource_groups = members(fields, ("resourceGroups", "resources"), reading);
}

/// A file of principals.
pub(super) fn principal_file(node: &Node, reading: &mut Reading<'_>) -> Fixtures {
    let mut found = Fixtures::default();
    let mut fields = Object::of(node, reading);
    let _ = fields.field("$schema", reading);
    principals(&mut fields, &mut found, reading);
    found.principal_groups = members(&mut fields, ("principalGroups", "principals"), reading);
    fields.finish(reading);
    found
}

/// A file of resources.
pub(super) fn resource_file(node: &Node, reading: &mut Reading<'_>) -> Fixtures {
    let mut found = Fixtures::default();
    let mut fields = Object::of(node, reading);
    let _ = fields.field("$schema", reading);
    resources(&mut fields, &mut found, reading);
    found.resource_groups = members(&mut fields, ("resourceGroups", "resources"), reading);
    fields.finish(reading);
    found
}

/// A file of what comes along.
pub(super) fn aux_file(node: &Node, reading: &mut Reading<'_>) -> Fixtures {
    let mut found = Fixtures::default();
    let mut fields = Object::of(node, reading);
    let _ = fields.field("$schema", reading);
    aux(&mut fields, &mut found, reading);
    fields.finish(reading);
    found
}

fn principals(fields: &mut Object<'_>, found: &mut Fixtures, reading: &mut Reading<'_>) {
    let root = Path::Field(&Path::Root, "principals");
    let node = fields.field("principals", reading);
    for entry in reading.entries(node) {
        let path = Path::Key(&root, &entry.key.value);
        let mut fields = Object::of(&entry.value, reading);
        let id = fields.required(("id", path), reading, |_| true, "").value;
        let version = checked(&mut fields, "policyVersion", path, reading);
        let roles = texts(&mut fields, "roles", path, reading);
        if roles.is_empty() {
            absent(&mut fields, "roles", path, reading);
        }
        let attr = attributes(&mut fields, "attr", reading);
        let scope = checked(&mut fields, "scope", path, reading);
        fields.finish(reading);
        let roles = roles.into_iter().map(|role| Arc::from(role.value)).collect();
        found.principals.push((entry.key.clone(), Principal { id, roles, attr, version, scope }));
    }
}

fn resources(fields: &mut Object<'_>, found: &mut Fixtures, reading: &mut Reading<'_>) {
    let root = Path::Field(&Path::Root, "resources");
    let node = fields.field("resources", reading);
    for entry in reading.entries(node) {
        let path = Path::Key(&root, &entry.key.value);
        let mut fields = Object::of(&entry.value, reading);
        let kind = fields.required(("kind", path), reading, |_| true, "").value;
        let version = checked(&mut fields, "policyVersion", path, reading);
        let id = fields.required(("id", path), reading, |_| true, "").value;
        let attr = attributes(&mut fields, "attr", reading);
        let scope = checked(&mut fields, "scope", path, reading);
        fields.finish(reading);
        found.resources.push((entry.key.clone(), Resource { kind, id, attr, version, scope }));
    }
}

fn aux(fields: &mut Object<'_>, found: &mut Fixtures, reading: &mut Reading<'_>) {
    let node = fields.field("auxData", reading);
    for entry in reading.entries(node) {
        let mut fields = Object::of(&entry.value, reading);
        if fields.key("jwt").is_some() && fields.key("jwts").is_some() {
            let path = Path::Field(&Path::Root, "auxData");
            let rule = "Only one of the jwt or jwts fields must be set";
            reading.invalid_mapping(entry.value.span, Path::Key(&path, &entry.key.value), rule);
        }
        let jwt = attributes(&mut fields, "jwt", reading);
        let tokens = fields.field("jwts", reading);
        let jwts = reading.entries(tokens).iter().map(|entry| {
            let mut fields = Object::of(&entry.value, reading);
            let claims = attributes(&mut fields, "claims", reading);
            fields.finish(reading);
            let token: Map = [("claims", portreeve_cel::Value::Map(claims))].into_iter().collect();
            (entry.key.value.as_str(), portreeve_cel::Value::Map(token))
        });
        let jwts = jwts.collect::<Vec<_>>().into_iter().collect();
        fields.finish(reading);
        found.aux.push((entry.key.clone(), Aux { jwt, jwts }));
    }
}

fn members(
    fields: &mut Object<'_>,
    (name, inner): (&'static str, &'static str),
    reading: &mut Reading<'_>,
) -> Groups {
    let root = Path::Field(&Path::Root, name);
    let node = fields.field(name, reading);
    let groups = reading.entries(node).iter().map(|entry| {
        let path = Path::Key(&root, &entry.key.value);
        let mut fields = Object::of(&entry.value, reading);
        let members = texts(&mut fields, inner, path, reading);
        if members.is_empty() {
            absent(&mut fields, inner, path, reading);
        }
        fields.finish(reading);
        (entry.key.clone(), members)
    });
    groups.collect()
}

fn attributes(fields: &mut Object<'_>, name: &'static str, reading: &mut Reading<'_>) -> Map {
    fields.field(name, reading).map(|node| mapping(node, reading)).unwrap_or_default()
}

fn checked(fields: &mut Object<'_>, name: &'static str, path: Path<'_>, reading: &mut Reading<'_>) -> String {
    let Some(text) = fields.text(name, reading) else { return String::new() };
    let path = Path::Field(&path, name);
    match name {
        "scope" => reading.must(&text, path, names::is_scope, SCOPE),
        _ => reading.must(&text, path, names::is_version, VERSION),
    }
    text.value
}
