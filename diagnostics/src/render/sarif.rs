use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::place::{Places, word};
use crate::{Bundle, Diagnostic, Report, Span};

/// A SARIF 2.1.0 log (OASIS) with one run. `version` is the program's.
#[must_use]
pub fn sarif(report: &Report, bundle: &Bundle, version: &str) -> String {
    let places = Places::of(bundle);
    let codes: BTreeSet<&str> = report.findings.iter().map(|diagnostic| diagnostic.code).collect();
    let rules: Vec<Value> = codes.iter().map(|code| json!({ "id": code })).collect();
    let results: Vec<Value> = report.findings.iter().map(|diagnostic| result(diagnostic, &places)).collect();
    let driver = json!({ "name": "portreeve", "version": version, "rules": rules });
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results }],
    });
    format!("{log:#}\n")
}

fn result(diagnostic: &Diagnostic, places: &Places<'_>) -> Value {
    let text = match &diagnostic.help {
        Some(help) => format!("{}\n\n{help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut all = diagnostic.labels.iter().filter_map(|(span, label)| location(places, *span, label));
    let first: Vec<Value> = all.next().into_iter().collect();
    let related: Vec<Value> = all.collect();
    json!({
        "ruleId": diagnostic.code,
        "level": word(diagnostic.severity),
        "message": { "text": text },
        "locations": first,
        "relatedLocations": related,
    })
}

fn location(places: &Places<'_>, span: Span, label: &str) -> Option<Value> {
    let at = places.locate(span)?;
    Some(json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(at.file) },
            "region": {
                "startLine": at.start.line,
                "startColumn": at.start.column,
                "endLine": at.end.line,
                "endColumn": at.end.column,
            },
        },
        "message": { "text": label },
    }))
}

/// The name as a relative URI reference (RFC 3986): what is not unreserved or a `/` is percent-encoded.
fn uri(name: &str) -> String {
    name.bytes().fold(String::with_capacity(name.len()), |mut uri, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
        uri
    })
}
