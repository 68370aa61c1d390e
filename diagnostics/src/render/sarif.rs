use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::place::{locate, word};
use crate::{Bundle, Diagnostic, Report, Span};

/// A SARIF 2.1.0 log (OASIS) with one run. `version` is the program's.
#[must_use]
pub fn sarif(report: &Report, bundle: &Bundle, version: &str) -> String {
    let codes: BTreeSet<&str> = report.findings.iter().map(|diagnostic| diagnostic.code).collect();
    let rules: Vec<Value> = codes.iter().map(|code| json!({ "id": code })).collect();
    let results: Vec<Value> = report.findings.iter().map(|diagnostic| result(diagnostic, bundle)).collect();
    let driver = json!({ "name": "portreeve", "version": version, "rules": rules });
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results }],
    });
    format!("{log:#}\n")
}

fn result(diagnostic: &Diagnostic, bundle: &Bundle) -> Value {
    let text = match &diagnostic.help {
        Some(help) => format!("{}\n\n{help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut places = diagnostic.labels.iter().filter_map(|(span, label)| location(bundle, *span, label));
    let first: Vec<Value> = places.next().into_iter().collect();
    let related: Vec<Value> = places.collect();
    json!({
        "ruleId": diagnostic.code,
        "level": word(diagnostic.severity),
        "message": { "text": text },
        "locations": first,
        "relatedLocations": related,
    })
}

fn location(bundle: &Bundle, span: Span, label: &str) -> Option<Value> {
    let at = locate(bundle, span)?;
    Some(json!({
        "physicalLocation": {
            "artifactLocation": { "uri": at.file },
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
