use serde_json::{Value, json};

use super::place::{Places, word};
use crate::{Bundle, Diagnostic, Report, Span};

/// `{"findings": [{"code", "severity", "message", "file", "line", "column", "end_line", "end_column", "labels": [{…,
/// "text"}], "help"}]}`. Lines and columns count from 1, columns in characters; a finding without a place has none of
/// the five place keys.
#[must_use]
pub fn json(report: &Report, bundle: &Bundle) -> String {
    let places = Places::of(bundle);
    let findings: Vec<Value> =
        report.findings.iter().map(|diagnostic| finding(diagnostic, &places)).collect();
    format!("{:#}\n", json!({ "findings": findings }))
}

fn finding(diagnostic: &Diagnostic, places: &Places<'_>) -> Value {
    let labels: Vec<Value> =
        diagnostic.labels.iter().map(|(span, text)| place(places, *span, json!({ "text": text }))).collect();
    let mut value = json!({
        "code": diagnostic.code,
        "severity": word(diagnostic.severity),
        "message": diagnostic.message,
        "labels": labels,
        "help": diagnostic.help,
    });
    if let Some(span) = diagnostic.span() {
        value = place(places, span, value);
    }
    value
}

fn place(places: &Places<'_>, span: Span, mut value: Value) -> Value {
    if let (Some(at), Some(object)) = (places.locate(span), value.as_object_mut()) {
        object.insert("file".into(), at.file.into());
        object.insert("line".into(), at.start.line.into());
        object.insert("column".into(), at.start.column.into());
        object.insert("end_line".into(), at.end.line.into());
        object.insert("end_column".into(), at.end.column.into());
    }
    value
}
