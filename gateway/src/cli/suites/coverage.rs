//! What no test touched, for people and for programs.

use portreeve_diagnostics::Span;
use portreeve_policies::suite::{Coverage, Uncovered};
use serde_json::{Value, json};

use super::Known;

/// One line for each rule, condition and derived role that no test touched.
pub(crate) fn coverage_text(coverage: &Coverage, known: Known<'_>) -> String {
    let found = coverage.uncovered(known.set);
    if found.is_empty() {
        return "\nCoverage: every rule, condition and derived role is touched\n".to_owned();
    }
    let lines = found.iter().map(|one| {
        let (what, said, _) = describe(one, known);
        format!("  {what}: {said}\n")
    });
    format!("\nCoverage: not touched by any test\n{}", lines.collect::<String>())
}

/// The same as an array.
pub(crate) fn coverage_object(coverage: &Coverage, known: Known<'_>) -> Value {
    let describe = |one: &Uncovered| {
        let (what, said, span) = describe(one, known);
        json!({ "what": what, "missing": said, "place": span.map(|span| known.place(span)) })
    };
    coverage.uncovered(known.set).iter().map(describe).collect()
}

fn describe(one: &Uncovered, known: Known<'_>) -> (String, &'static str, Option<Span>) {
    let rule = |id| (known.rule(id), known.set.rule(id).map(|rule| rule.span));
    match one {
        Uncovered::Rule(id) => {
            let (what, span) = rule(*id);
            (what, "never applied", span)
        }
        Uncovered::NeverHeld(id) => {
            let (what, span) = rule(*id);
            (what, "its condition never held", span)
        }
        Uncovered::AlwaysHeld(id) => {
            let (what, span) = rule(*id);
            (what, "its condition was never false", span)
        }
        Uncovered::NeverActive(role, span) => {
            (format!("derived role `{role}` ({})", known.place(*span)), "never active", Some(*span))
        }
        Uncovered::AlwaysActive(role, span) => (
            format!("derived role `{role}` ({})", known.place(*span)),
            "its condition was never false",
            Some(*span),
        ),
    }
}
