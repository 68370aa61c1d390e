//! Results as JUnit has them, for the tools that collect test reports.

use std::fmt::Write;

use portreeve_cel::Value;

use super::results::{
    ActionResult, Details, Failure, OutputProblem, Results, Success, SuiteResult, TestResult, Verdict,
    effect_name,
};

/// One element: attributes, and inside it elements or text.
struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    inside: Inside,
}

enum Inside {
    Elements(Vec<Element>),
    Text(String),
    Verbatim(String),
}

impl Results {
    /// As an XML document in Cerbos' form; `verbose` says of suites that were left out that they were.
    #[must_use]
    pub fn junit(&self, verbose: bool) -> String {
        let errored =
            self.suites.iter().filter(|suite| suite.summary.overall_result == Verdict::Errored).count();
        let skipped = self.suites.iter().filter(|suite| left_out(suite)).count();
        let count = |verdict| self.summary.count(verdict) as usize;
        let root = Element::new("testsuites")
            .attribute("errors", (count(Verdict::Errored) + errored).to_string())
            .attribute("failures", count(Verdict::Failed).to_string())
            .attribute("skipped", (count(Verdict::Skipped) + skipped).to_string())
            .attribute("tests", self.summary.tests_count.to_string())
            .holding(self.suites.iter().map(|one| suite(one, verbose)).collect());
        let mut out = String::new();
        root.write(&mut out, 0);
        out
    }
}

/// All of it was left out, and so its tests are not listed.
fn left_out(suite: &SuiteResult) -> bool {
    suite.summary.overall_result == Verdict::Skipped
}

fn suite(suite: &SuiteResult, verbose: bool) -> Element {
    let mut element = Element::new("testsuite");
    if !suite.description.is_empty() {
        element = element.attribute("description", suite.description.clone());
    }
    let errored = suite.summary.overall_result == Verdict::Errored;
    let skipped = if left_out(suite) { 1 } else { suite.summary.count(Verdict::Skipped) };
    let mut inside = Vec::new();
    if errored {
        let error = suite.error.clone().unwrap_or_default();
        inside.push(Element::new("error").attribute("type", Verdict::Errored.as_str()).text(error));
    }
    if left_out(suite) && verbose {
        inside.push(Element::new("skipped").attribute("message", "This test suite was skipped"));
    }
    inside.push(Element::new("properties"));
    if !errored && !left_out(suite) {
        inside.extend(suite.test_cases.iter().flat_map(|test| cases(suite, test)));
    }
    element
        .attribute("name", suite.name.clone())
        .attribute("file", suite.file.to_string())
        .attribute("errors", if errored { "1" } else { "0" })
        .attribute("failures", suite.summary.count(Verdict::Failed).to_string())
        .attribute("skipped", skipped.to_string())
        .attribute("tests", suite.summary.tests_count.to_string())
        .holding(inside)
}

fn cases<'r>(suite: &'r SuiteResult, test: &'r TestResult) -> impl Iterator<Item = Element> + 'r {
    test.principals.iter().flat_map(move |principal| {
        principal.resources.iter().flat_map(move |resource| {
            let case = move |action| case(suite, test, [&principal.name, &resource.name], action);
            resource.actions.iter().map(case)
        })
    })
}

fn case(
    suite: &SuiteResult,
    test: &TestResult,
    [principal, resource]: [&str; 2],
    action: &ActionResult,
) -> Element {
    let properties = [("principal", principal), ("resource", resource), ("action", &*action.name)];
    let properties =
        properties.map(|(name, value)| Element::new("property").attribute("name", name).text(value));
    let mut inside: Vec<Element> = came_of(&action.details).into_iter().collect();
    inside.push(Element::new("properties").holding(properties.into()));
    Element::new("testcase")
        .attribute("file", suite.file.to_string())
        .attribute("classname", format!("{principal}.{resource}.{}", action.name))
        .attribute("name", test.name.clone())
        .holding(inside)
}

fn came_of(details: &Details) -> Option<Element> {
    if let Some(failure) = &details.failure {
        return Some(failed(failure));
    }
    if let Some(success) = &details.success {
        return Some(passed(success));
    }
    let skipped = details.result == Verdict::Skipped;
    skipped.then(|| Element::new("skipped").attribute("message", "This test was skipped"))
}

fn failed(failure: &Failure) -> Element {
    let what = if failure.outputs.is_empty() { "Effect" } else { "Output" };
    let outputs = failure.outputs.iter().map(|output| match &output.problem {
        OutputProblem::Mismatched { expected, actual } => {
            said(&output.src, expected, Inside::verbatim(actual))
        }
        OutputProblem::Missing { expected } => said(&output.src, expected, Inside::Text(String::new())),
        OutputProblem::Errored { expected, error } => said(&output.src, expected, failure_of(error)),
    });
    let effects = effects(effect_name(failure.actual), effect_name(failure.expected));
    Element::new("failure")
        .attribute("type", Verdict::Failed.as_str())
        .attribute("message", format!("{what} expectation unsatisfied"))
        .holding(outputs_of(outputs.collect()).into_iter().chain(effects).collect())
}

fn passed(success: &Success) -> Element {
    let outputs = success.outputs.iter().map(|output| match (&output.val, &output.error) {
        (Some(value), _) => said(&output.src, value, Inside::verbatim(value)),
        (None, error) => said(&output.src, &Value::Null, failure_of(error.as_deref().unwrap_or_default())),
    });
    let effect = effect_name(success.effect);
    Element::new("success")
        .attribute("type", Verdict::Passed.as_str())
        .holding(outputs_of(outputs.collect()).into_iter().chain(effects(effect, effect)).collect())
}

fn outputs_of(outputs: Vec<Element>) -> Option<Element> {
    (!outputs.is_empty()).then(|| Element::new("outputs").holding(outputs))
}

fn effects(actual: &str, expected: &str) -> [Element; 2] {
    [Element::new("actual").text(actual), Element::new("expected").text(expected)]
}

fn said(source: &str, expected: &Value, actual: Inside) -> Element {
    let expected = Element { inside: Inside::verbatim(expected), ..Element::new("expected") };
    let actual = Element { inside: actual, ..Element::new("actual") };
    Element::new("output").attribute("src", source).holding(vec![expected, actual])
}

fn failure_of(error: &str) -> Inside {
    Inside::Verbatim(format!("Failed to evaluate output expression: {error}"))
}

impl Inside {
    fn verbatim(value: &Value) -> Self {
        Self::Verbatim(serde_json::to_string(value).unwrap_or_default())
    }
}

impl Element {
    const fn new(name: &'static str) -> Self {
        Self { name, attributes: Vec::new(), inside: Inside::Elements(Vec::new()) }
    }

    fn attribute(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    fn holding(self, elements: Vec<Self>) -> Self {
        Self { inside: Inside::Elements(elements), ..self }
    }

    fn text(self, text: impl Into<String>) -> Self {
        Self { inside: Inside::Text(text.into()), ..self }
    }

    fn write(&self, out: &mut String, depth: usize) {
        let _ = write!(out, "{:indent$}<{}", "", self.name, indent = depth * 2);
        for (name, value) in &self.attributes {
            let _ = write!(out, " {name}=\"{}\"", escaped(value));
        }
        out.push('>');
        match &self.inside {
            Inside::Text(text) => out.push_str(&escaped(text)),
            Inside::Verbatim(text) => {
                let _ = write!(out, "<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"));
            }
            Inside::Elements(elements) if elements.is_empty() => {}
            Inside::Elements(elements) => {
                for element in elements {
                    out.push('\n');
                    element.write(out, depth + 1);
                }
                let _ = write!(out, "\n{:indent$}", "", indent = depth * 2);
            }
        }
        let _ = write!(out, "</{}>", self.name);
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '\t' => out.push_str("&#x9;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            c if c < ' ' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
