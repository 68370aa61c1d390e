use serde_json::{Value, json};

use super::place::{locate, primary, word};
use crate::{Bundle, Diagnostic, Report, Span};

/// `{"findings": [{"code", "severity", "message", "file", "line", "column", "end_line", "end_column", "labels": [{…,
/// "text"}], "help"}]}`. Lines and columns count from 1, columns in characters; a finding without a place has none of
/// the five place keys.
#[must_use]
pub fn json(report: &Report, bundle: &Bundle) -> String {
    let findings: Vec<Value> = report.findings.iter().map(|diagnostic| finding(diagnostic, bundle)).collect();
    format!("{:#}\n", json!({ "findings": findings }))
}

fn finding(diagnostic: &Diagnostic, bundle: &Bundle) -> Value {
    let labels: Vec<Value> =
        diagnostic.labels.iter().map(|(span, text)| place(bundle, *span, json!({ "text": text }))).collect();
    let mut value = json!({
        "code": diagnostic.code,
        "severity": word(diagnostic.severity),
        "message": diagnostic.message,
        "labels": labels,
        "help": diagnostic.help,
    });
    if primary(bundle, diagnostic).is_some()
        && let Some(span) = diagnostic.span()
    {
        value = place(bundle, span, value);
    }
    value
}

fn place(bundle: &Bundle, span: Span, mut value: Value) -> Value {
    if let (Some(at), Some(object)) = (locate(bundle, span), value.as_object_mut()) {
        object.insert("file".into(), at.file.into());
        object.insert("line".into(), at.start.line.into());
        object.insert("column".into(), at.start.column.into());
        object.insert("end_line".into(), at.end.line.into());
        object.insert("end_column".into(), at.end.column.into());
    }
    value
}
