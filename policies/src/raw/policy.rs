use portreeve_diagnostics::{Bundle, Diagnostic, Kind, Node, Span, yaml};

use super::{
    Body, Policy,
    object::{MISSING, ONE_OF, Object, Path, Reading},
    policies, sets,
};
use crate::finding::{Cause, Findings};

const KINDS: [&str; 6] =
    ["resourcePolicy", "principalPolicy", "rolePolicy", "derivedRoles", "exportVariables", "exportConstants"];

/// Reads the policy in a file. What is wrong is among the findings; a policy that has errors may be returned.
pub(crate) fn read(bundle: &Bundle, file: u32, findings: &mut Findings) -> Option<Policy> {
    let documents = match yaml::read(bundle, file) {
        Ok(documents) => documents,
        Err(diagnostic) => {
            let place = diagnostic.span();
            let text = as_cerbos(bundle, &diagnostic);
            findings.push(file, Cause::Parse, text, place, diagnostic);
            return None;
        }
    };
    let mut reading = Reading { bundle, file, findings };
    let mut documents = documents.iter();
    // A file without a policy is passed by, as in Cerbos.
    let document = documents.next()?;
    if let Some(second) = documents.next() {
        let text = "more than one YAML document detected";
        let found = Diagnostic::error("policy/several-documents", text)
            .at(second.span, "second document")
            .help("put each policy into a file of its own");
        reading.findings.push(file, Cause::Parse, text, Some(second.span), found);
        return None;
    }
    let before = reading.findings.0.len();
    let found = policy(document, &mut reading);
    // Cerbos validates only what it could read.
    let new = reading.findings.0.get_mut(before..).unwrap_or_default();
    if new.iter().any(|finding| finding.cause == Cause::Parse) {
        let unsaid = new.iter_mut().filter(|finding| finding.cause != Cause::Parse);
        unsaid.for_each(|finding| finding.cause = Cause::Advice);
    }
    found
}

/// What Cerbos says of a text that cannot be read, where it is not what is said here.
fn as_cerbos(bundle: &Bundle, found: &Diagnostic) -> String {
    let written = |at: usize| {
        let span = found.labels.get(at).map(|(span, _)| *span)?;
        let text = bundle.text(span)?.trim_matches(['"', '\'', '*']);
        Some((text, bundle.place(span)?))
    };
    match (found.code, written(0), written(1)) {
        ("yaml/duplicate-key", Some((key, _)), Some((_, first))) => {
            format!("mapping key \"{key}\" already defined at [{}:{}]", first.line, first.column)
        }
        ("yaml/unknown-alias", Some((name, _)), _) => format!("unknown anchor \"{name}\""),
        _ => found.message.clone(),
    }
}

fn policy(node: &Node, reading: &mut Reading<'_>) -> Option<Policy> {
    if node.as_map().is_none() {
        reading.unreadable(node.span, "invalid document: contents are not valid YAML or JSON");
        return None;
    }
    let mut fields = Object::of(node, reading);
    for said in ["description", "$schema", "json_schema"] {
        let _ = fields.text(said, reading);
    }
    if let Some(node) = fields.field("metadata", reading) {
        metadata(node, reading);
    }
    match fields.text("apiVersion", reading) {
        None => reading.invalid(fields.head(), Path::Field(&Path::Root, "apiVersion"), MISSING),
        Some(text) if text.value.is_empty() => {
            reading.empty(text.span, Path::Field(&Path::Root, "apiVersion"));
        }
        Some(text) if text.value != "api.cerbos.dev/v1" => {
            reading.invalid(
                text.span,
                Path::Field(&Path::Root, "apiVersion"),
                "must equal `api.cerbos.dev/v1`",
            );
        }
        Some(_) => {}
    }
    let disabled = fields.field("disabled", reading).is_some_and(|node| reading.flag(node));
    let variables = fields.field("variables", reading);
    let variables = reading.definitions(variables);
    let body = body(&mut fields, reading);
    let on_top = fields.key("variables");
    fields.finish(reading);
    let (place, body) = body?;
    if let (Some(key), Body::Variables(..) | Body::Constants(..)) = (on_top, &body) {
        let what = if matches!(body, Body::Variables(..)) { "variables" } else { "constants" };
        let text = format!("export {what} policies do not support the deprecated top-level variables field");
        reading.load(key, "policy/variables-on-top", text);
    }
    Some(Policy { file: reading.file, document: node.span, disabled, place, variables, body })
}

/// What stores and people note about a policy. Nothing depends on it, and it has its fields all the same.
fn metadata(node: &Node, reading: &mut Reading<'_>) {
    let mut fields = Object::of(node, reading);
    for said in ["sourceFile", "storeIdentifier", "storeIdentifer"] {
        let _ = fields.text(said, reading);
    }
    let annotations = fields.field("annotations", reading);
    let _ = reading.definitions(annotations);
    if let Some(hash) = fields.field("hash", reading) {
        match &hash.kind {
            Kind::Int(value) if *value < 0 => {
                reading.unreadable(hash.span, format!("unexpected negative value {value}"));
            }
            Kind::Int(_) | Kind::Null => {}
            Kind::Str { text, .. } if text.parse::<u64>().is_ok() => {}
            Kind::Str { text, .. } => {
                let said = format!(
                    "invalid integer value \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"
                );
                reading.unreadable(hash.span, said);
            }
            _ => reading.mismatch(hash, "integer value", "a whole number"),
        }
    }
    if let Some(node) = fields.field("sourceAttributes", reading) {
        let mut inner = Object::of(node, reading);
        let attributes = inner.field("attributes", reading);
        let _ = reading.entries(attributes);
        inner.finish(reading);
    }
    fields.finish(reading);
}

fn body(fields: &mut Object<'_>, reading: &mut Reading<'_>) -> Option<(Span, Body)> {
    let mut found: Option<(&str, &Node, Span)> = None;
    for name in KINDS {
        let Some(node) = fields.field(name, reading) else { continue };
        let key = fields.key(name).unwrap_or(node.span);
        if let Some((_, _, first)) = found {
            let (first, second) = if first.start < key.start { (first, key) } else { (key, first) };
            let at = reading.line_and_column(first);
            reading.unreadable(second, format!("invalid value: oneof field is already set at [{at}]"));
            return None;
        }
        found = Some((name, node, key));
    }
    let Some((name, node, key)) = found else {
        reading.invalid(fields.head(), Path::Field(&Path::Root, "policyType"), ONE_OF);
        return None;
    };
    let body = match name {
        "resourcePolicy" => Body::Resource(policies::resource(node, reading)),
        "principalPolicy" => Body::Principal(policies::principal(node, reading)),
        "rolePolicy" => Body::Role(policies::role(node, reading)),
        "derivedRoles" => Body::DerivedRoles(sets::derived_roles(node, reading)),
        "exportVariables" => {
            let (name, definitions) = sets::exported(node, "exportVariables", reading);
            Body::Variables(name, reading.definitions(definitions))
        }
        _ => {
            let (name, definitions) = sets::exported(node, "exportConstants", reading);
            Body::Constants(name, sets::values(definitions, reading))
        }
    };
    Some((key, body))
}
