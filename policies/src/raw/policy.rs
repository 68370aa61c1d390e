use portreeve_diagnostics::{Bundle, Diagnostic, Kind, Node, Span, yaml};

use super::{
    Body, Policy,
    object::{MISSING, ONE_OF, Object, Path, Reading},
    policies, sets,
    unread::unread,
};
use crate::finding::{Cause, Finding, Findings};

const KINDS: [&str; 6] =
    ["resourcePolicy", "principalPolicy", "rolePolicy", "derivedRoles", "exportVariables", "exportConstants"];

/// Reads the policy in a file. What is wrong is among the findings; a policy that has errors may be returned.
pub(crate) fn read(bundle: &Bundle, file: u32, findings: &mut Findings) -> Option<Policy> {
    let documents = match yaml::read(bundle, file) {
        Ok(documents) => documents,
        Err(diagnostic) => {
            unread(bundle, file, diagnostic, findings);
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
        reading.findings.push(file, Cause::Load, text, None, found);
        return None;
    }
    let before = reading.findings.0.len();
    let found = policy(document, &mut reading);
    keep_what_cerbos_gets_to(reading.findings.0.get_mut(before..).unwrap_or_default());
    found
}

/// Cerbos reads up to the first field that it cannot, validates only what it could read, and looks at a policy as a
/// whole only if each field is valid.
fn keep_what_cerbos_gets_to(found: &mut [Finding]) {
    let start = |finding: &Finding| finding.place.map(|place| place.start);
    let unreadable = found.iter().filter(|finding| finding.cause == Cause::Parse).filter_map(start).min();
    let invalid = found.iter().any(|finding| finding.cause == Cause::Validation);
    for finding in found {
        let said = match finding.cause {
            Cause::Parse => start(finding) == unreadable,
            Cause::Validation => unreadable.is_none(),
            _ => unreadable.is_none() && !invalid,
        };
        if !said {
            finding.cause = Cause::Advice;
        }
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

#[cfg(test)]
mod tests {
    use portreeve_diagnostics::SourceFile;

    use super::*;

    const HEAD: &str = "apiVersion: api.cerbos.dev/v1\nresourcePolicy:\n  resource: x\n  version: v\n";

    /// What Cerbos is said to say of a file, with the line and the column.
    fn said(text: String) -> Vec<String> {
        let file = SourceFile { name: "a.yaml".into(), text: text.into() };
        let bundle = Bundle { revision: "r".into(), files: vec![file] };
        let mut findings = Findings::default();
        let _ = read(&bundle, 0, &mut findings);
        let line = |finding: &Finding| match finding.place.and_then(|place| bundle.place(place)) {
            Some(place) => format!("{}:{} {}", place.line, place.column, finding.text),
            None => finding.text.clone(),
        };
        findings.0.iter().filter(|finding| finding.cause != Cause::Advice).map(line).collect()
    }

    #[test]
    fn of_what_cannot_be_read_the_first_is_said_and_of_what_is_invalid_nothing_about_the_whole() {
        for (text, expected) in [
            ("  foo: 1\n  rules: 3\n  bar: 2\n", &["5:3 unknown field \"foo\""][..]),
            ("  rules:\n  foo: 1\n", &["5:9 expected sequence got Null"]),
            ("  'a\"b': 1\n", &["5:3 unknown field \"a\\\"b\""]),
            ("  scopePermissions: 5\n", &["5:21 invalid enum value \"5\""]),
            (
                "  rules:\n    - {actions: [a], effect: EFFECT_NO_MATCH}\n",
                &["6:22 resourcePolicy.rules[0].effect: must be one of [EFFECT_ALLOW, EFFECT_DENY]"],
            ),
            (
                "  rules:\n    - {actions: [], effect: EFFECT_ALLOW}\n",
                &["6:8 resourcePolicy.rules[0].actions: value is required"],
            ),
            (
                "  rules:\n    - {effect: EFFECT_ALLOW, roles: [a]}\n",
                &["resourcePolicy.rules[0].actions: value is required"],
            ),
            (
                "  rules:\n    - {actions: [a], effect: EFFECT_ALLOW}\n",
                &["6:7 rule #1 does not specify any roles or derived roles to match"],
            ),
            ("---\nfoo: 1\n", &["more than one YAML document detected"]),
        ] {
            assert_eq!(said(format!("{HEAD}{text}")), expected, "{text}");
        }
    }
}
