//! Results for people.

use portreeve_policies::{
    Because, Effect,
    suite::{
        ActionResult, Details, Failure, Outcome, OutputFailure, OutputProblem, Part, Results, Step, Success,
        SuiteResult, Summary, Verdict, Why,
    },
};

use super::{Known, outline::Line};

/// The results: what did not pass, or with `verbose` everything, and how many tests ended how. With
/// `reasons` also how answers came about that were not expected.
pub(super) fn text(
    results: &Results,
    draw: fn(&[Line]) -> String,
    verbose: bool,
    reasons: Option<Known<'_>>,
) -> String {
    let shown =
        results.suites.iter().filter(|suite| verbose || suite.summary.overall_result != Verdict::Skipped);
    let lines: Vec<Line> = shown.map(|suite| of_suite(suite, verbose, reasons)).collect();
    let summary = &results.summary;
    let traces = if verbose { traces(results) } else { String::new() };
    let drawn = draw(&lines);
    format!("Test results\n{drawn}\n{traces}{} tests executed{}\n", summary.tests_count, counts(summary))
}

/// The steps in which answers were reached that were not expected.
fn traces(results: &Results) -> String {
    let mut out = String::new();
    for suite in &results.suites {
        let principals = suite.test_cases.iter().flat_map(|test| &test.principals);
        for (principal, resource) in principals.flat_map(|p| p.resources.iter().map(move |r| (p, r))) {
            for action in resource.actions.iter().filter(|a| a.details.result >= Verdict::Failed) {
                let Some(trace) = &action.details.engine_trace_batch else { continue };
                let asked = format!("{}.{}.{}", principal.name, resource.name, action.name);
                out.push_str(&format!("{} - {asked}\n", suite.name));
                for step in trace.text() {
                    out.push_str(&format!("  {}\n\n", step.replace('\n', "\n    ")));
                }
            }
        }
    }
    if out.is_empty() { out } else { format!("\nTRACES\n{out}") }
}

/// With the words for how tests ended in their colours.
pub(super) fn painted(text: &str) -> String {
    let words = [("OK", 32), ("FAILED", 31), ("ERROR", 31), ("SKIPPED", 33)];
    words.iter().fold(text.to_owned(), |text, (word, color)| {
        text.replace(&format!("{word}]"), &format!("\u{1b}[{color}m{word}\u{1b}[0m]"))
    })
}

fn of_suite(suite: &SuiteResult, verbose: bool, reasons: Option<Known<'_>>) -> Line {
    let head = format!("{} ({})", suite.name, suite.file);
    if let Some(error) = &suite.error {
        let places = suite.findings.iter().filter_map(|finding| Some(reasons?.place(finding.span()?)));
        let places: Vec<Line> = places.map(|place| Line::new(format!("at {place}"))).collect();
        return Line::with(format!("{head} [ERROR]"), vec![Line::with(error.clone(), places)]);
    }
    if suite.summary.overall_result == Verdict::Skipped && suite.test_cases.is_empty() {
        return Line::new(format!("{head} [SKIPPED]"));
    }
    if !verbose && suite.summary.overall_result < Verdict::Failed {
        return Line::new(format!("{head}{}", counts(&suite.summary)));
    }
    let tests = suite.test_cases.iter().filter_map(|test| {
        let principals = test.principals.iter().filter_map(|principal| {
            let resources = principal.resources.iter().filter_map(|resource| {
                let shown = |action: &&ActionResult| {
                    !action.details.filtered && (verbose || action.details.result != Verdict::Passed)
                };
                let actions = resource.actions.iter().filter(shown);
                group(&resource.name, actions.map(|action| of_action(action, reasons)).collect())
            });
            group(&principal.name, resources.collect())
        });
        group(&test.name, principals.collect())
    });
    Line::with(format!("{head}{}", counts(&suite.summary)), tests.collect())
}

fn group(name: &str, under: Vec<Line>) -> Option<Line> {
    (!under.is_empty()).then(|| Line::with(name, under))
}

fn of_action(action: &ActionResult, reasons: Option<Known<'_>>) -> Line {
    let details = &action.details;
    let under = match details.result {
        Verdict::Passed => details.success.iter().flat_map(success).collect(),
        Verdict::Errored => details.error.iter().map(|error| Line::new(format!("ERROR: {error}"))).collect(),
        Verdict::Failed => failure(details, reasons),
        Verdict::Skipped | Verdict::Nothing => Vec::new(),
    };
    Line::with(format!("{} [{}]", action.name, word(details.result)), under)
}

fn success(success: &Success) -> Vec<Line> {
    let effect = Line::new(format!("RESULT: {}", name(success.effect)));
    let said = success.outputs.iter().map(|output| {
        let value = output.val.as_ref().and_then(|value| serde_json::to_string(value).ok());
        let value = value.or_else(|| output.error.clone()).unwrap_or_default();
        Line::with(output.src.clone(), vec![Line::new(value)])
    });
    let said: Vec<Line> = said.collect();
    let outputs = (!said.is_empty()).then(|| Line::with("OUTPUTS:", said));
    [effect].into_iter().chain(outputs).collect()
}

fn failure(details: &Details, reasons: Option<Known<'_>>) -> Vec<Line> {
    let Some(failure) = &details.failure else { return Vec::new() };
    let mut lines = vec![outcome(failure)];
    if let (Some(known), Some(why)) = (reasons, &details.why) {
        lines.extend(reasons_of(why, known));
    }
    lines
}

fn outcome(failure: &Failure) -> Line {
    if failure.outputs.is_empty() {
        let (expected, actual) = (name(failure.expected), name(failure.actual));
        return Line::new(format!("OUTCOME: expected: {expected}, actual: {actual}"));
    }
    let outputs = failure.outputs.iter().map(output).collect();
    Line::with("OUTCOME: output expectation unsatisfied", outputs)
}

fn output(failure: &OutputFailure) -> Line {
    let json = |value| serde_json::to_string(value).unwrap_or_default();
    let (expected, actual) = match &failure.problem {
        OutputProblem::Mismatched { expected, actual } => (expected, json(actual)),
        OutputProblem::Missing { expected } => (expected, "MISSING".to_owned()),
        OutputProblem::Errored { expected, error } => (expected, format!("ERROR: {error}")),
    };
    let lines =
        vec![Line::new(format!("EXPECTED: {}", json(expected))), Line::new(format!("ACTUAL: {actual}"))];
    Line::with(failure.src.clone(), lines)
}

/// What settled it, and every rule that was looked at.
fn reasons_of(why: &Why, known: Known<'_>) -> Vec<Line> {
    let settled = match why.because {
        Because::Rule(id) => format!("DECIDED BY: {}", known.rule(id)),
        Because::Failed(id) => format!("DECIDED BY: {}, whose condition has no value", known.rule(id)),
        Because::NoRule => "DECIDED BY: no rule that allows it".to_owned(),
        Because::NoPolicy => "DECIDED BY: no policy for this kind of resource".to_owned(),
    };
    let steps = why.steps.iter().map(|step| match step {
        Step::Rule { rule, role, outcome, parts } => {
            let what = match outcome {
                Outcome::Applies => "applies".to_owned(),
                Outcome::NotMet => "its condition does not hold".to_owned(),
                Outcome::Inactive => "its derived role is not active".to_owned(),
                Outcome::Failed(error) => format!("its condition has no value: {error}"),
            };
            Line::with(format!("{}, for role `{role}`: {what}", known.rule(*rule)), values(parts))
        }
        Step::DerivedRole { name, active, parts } => {
            let what = match active {
                Ok(true) => "active".to_owned(),
                Ok(false) => "not active".to_owned(),
                Err(error) => format!("its condition has no value: {error}"),
            };
            Line::with(format!("derived role `{name}`: {what}"), values(parts))
        }
    });
    vec![Line::with(settled, steps.collect())]
}

/// Expressions with their values, the parts of each under it.
fn values(parts: &[Part]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut inner = Vec::new();
    for part in parts {
        let value = match &part.value {
            Ok(value) => format!("{} is {value}", part.text.trim()),
            Err(error) => format!("{} has no value: {error}", part.text.trim()),
        };
        if part.inner {
            inner.push(Line::new(value));
        } else {
            lines.push(Line::with(value, std::mem::take(&mut inner)));
        }
    }
    lines
}

fn counts(summary: &Summary) -> String {
    let counts = summary.result_counts.iter();
    counts.map(|count| format!(" [{} {}]", count.count, word(count.result))).collect()
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Nothing => "UNSPECIFIED",
        Verdict::Skipped => "SKIPPED",
        Verdict::Passed => "OK",
        Verdict::Failed => "FAILED",
        Verdict::Errored => "ERROR",
    }
}

const fn name(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "EFFECT_ALLOW",
        Effect::Deny => "EFFECT_DENY",
    }
}
