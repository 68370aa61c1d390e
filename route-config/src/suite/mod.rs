//! Tests of routes that a person writes: what does this request speak of? No policy is asked.

mod read;

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use portreeve_cel::Value as Cel;
use portreeve_diagnostics::{Bundle, Diagnostic, Report, Span, Spanned, yaml};

use crate::{Access, Caller, Head, Host, Inputs, Match, RequestTarget, RouteTable, Target, TargetTemplate};
use read::{RawCaller, RawExpected, RawTest};

/// The tests of one file.
#[derive(Debug)]
pub struct Suite {
    tests: Vec<RawTest>,
}

/// How one test ended.
#[derive(Clone, Debug)]
pub struct TestOutcome {
    /// The test's name, or its request.
    pub name: String,
    /// Where the test is.
    pub span: Span,
    /// What was found instead of what was expected; nothing when the test passed.
    pub failures: Vec<Diagnostic>,
}

/// What a request turned out to be, in the words of a test.
#[derive(Default)]
struct Found {
    outcome: String,
    route: String,
    upstream: String,
    forwarded: String,
    target: Option<(String, String, Vec<String>, Cel)>,
}

impl Suite {
    /// Reads a file of tests, `file` being its place in [`Bundle::files`].
    /// There is a suite when no finding is an error.
    #[must_use]
    pub fn read(bundle: &Bundle, file: u32) -> (Option<Self>, Report) {
        let mut report = Report::default();
        let mut tests = Vec::new();
        match yaml::read(bundle, file) {
            Ok(documents) => {
                tests.extend(
                    documents.iter().filter_map(|document| read::tests(document, &mut report)).flatten(),
                );
            }
            Err(unreadable) => report.push(unreadable),
        }
        ((!report.has_errors()).then_some(Self { tests }), report)
    }

    /// Whether a file is one of tests and not of routes, by its name.
    #[must_use]
    pub fn is_named(name: &str) -> bool {
        name.ends_with("_routes_test.yaml") || name.ends_with("_routes_test.yml")
    }

    /// Runs all tests.
    #[must_use]
    pub fn run(&self, table: &RouteTable) -> Vec<TestOutcome> {
        self.tests.iter().map(|test| test.run(table)).collect()
    }
}

impl RawTest {
    fn run(&self, table: &RouteTable) -> TestOutcome {
        let failures = match self.ask(table) {
            Ok(found) => self.expect.compare(&found),
            Err(wrong) => vec![wrong],
        };
        let name = self.name.as_ref().unwrap_or(&self.request).value.clone();
        TestOutcome { name, span: self.span, failures }
    }

    fn ask(&self, table: &RouteTable) -> Result<Found, Diagnostic> {
        let refused = |code: &str| Found { outcome: code.to_owned(), ..Found::default() };
        let wrong = |span, what: &str| Diagnostic::error("test/request", what).at(span, "");
        let (method, target) = self.request.value.split_once(' ').ok_or_else(|| {
            wrong(self.request.span, "a request is a method and a target: `GET /contacts/1`")
        })?;
        let method: Method = method.parse().map_err(|_| wrong(self.request.span, "this is not a method"))?;
        let host = match Host::parse(self.host.as_ref().map_or("localhost", |host| &host.value)) {
            Ok(host) => host,
            Err(error) => return Ok(refused(error.code())),
        };
        let target = match RequestTarget::parse(target) {
            Ok(target) => target,
            Err(error) => return Ok(refused(error.code())),
        };
        let headers = self.header_map()?;
        let head = Head {
            method: &method,
            scheme: "https",
            host: host.name(),
            path: &target.path,
            query: &target.query,
            headers: &headers,
            client: None,
        };
        let Some(found) = table.find(&head) else { return Ok(refused("none")) };
        Ok(self.describe(&head, &found, target.canonical()))
    }

    fn describe(&self, head: &Head<'_>, found: &Match<'_, '_>, forwarded: String) -> Found {
        let mut answer = Found {
            outcome: "authenticated".to_owned(),
            route: found.route.name.to_string(),
            upstream: found.route.upstream.value.to_string(),
            forwarded,
            target: None,
        };
        let template = match &found.route.access {
            Access::Public => return Found { outcome: "public".to_owned(), ..answer },
            Access::Authenticated => return answer,
            Access::Authorized(template) => template,
        };
        let nobody = RawCaller::default();
        let caller = self.caller.as_ref().unwrap_or(&nobody);
        let roles: Vec<Arc<str>> = caller.roles.iter().map(|role| role.value.as_str().into()).collect();
        let caller = Caller {
            id: &caller.id,
            roles: &roles,
            attr: &caller.attr,
            issuer: &caller.issuer,
            scope: caller.scope.as_deref(),
            claims: &caller.claims,
        };
        let inputs = Inputs {
            body: self.body.as_ref(),
            stored: self.stored.as_ref(),
            ..Inputs::new(head, found).caller(caller)
        };
        match self.target(template, &inputs) {
            Ok(target) => {
                answer.outcome = "authorized".to_owned();
                answer.target = Some((
                    target.kind.to_string(),
                    target.id.into_owned(),
                    target.actions.iter().map(ToString::to_string).collect(),
                    Cel::Map(target.attr),
                ));
            }
            Err(error) => answer.outcome = error.code().to_owned(),
        }
        answer
    }

    /// Without a stored resource in the test, the target is what is known before it is fetched.
    fn target<'a>(
        &self,
        template: &'a TargetTemplate,
        inputs: &Inputs<'a>,
    ) -> Result<Target<'a>, crate::TargetError> {
        let mut target = template.describe(inputs)?;
        if self.stored.is_some() {
            template.complete(&mut target, inputs)?;
        }
        Ok(target)
    }

    fn header_map(&self) -> Result<HeaderMap, Diagnostic> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let wrong =
                |span: Span| Diagnostic::error("test/request", "this is not a header field").at(span, "");
            let parsed = HeaderName::from_bytes(name.value.as_bytes()).map_err(|_| wrong(name.span))?;
            let text = HeaderValue::from_bytes(value.value.as_bytes()).map_err(|_| wrong(value.span))?;
            headers.append(parsed, text);
        }
        Ok(headers)
    }
}

impl RawExpected {
    fn compare(&self, found: &Found) -> Vec<Diagnostic> {
        let mut failures = Vec::new();
        let mut text = |expected: &Option<Spanned<String>>, what: &str, found: &str| {
            if let Some(expected) = expected.as_ref().filter(|expected| expected.value != found) {
                failures.push(differs(expected.span, what, &expected.value, found));
            }
        };
        text(&self.outcome, "outcome", &found.outcome);
        text(&self.route, "route", &found.route);
        text(&self.upstream, "upstream", &found.upstream);
        text(&self.forwarded, "forwarded target", &found.forwarded);
        match &found.target {
            Some((kind, id, actions, attr)) => {
                text(&self.resource, "resource", kind);
                text(&self.id, "id", id);
                self.compare_lists(actions, attr, &mut failures);
            }
            None if self.resource.is_some()
                || self.id.is_some()
                || self.actions.is_some()
                || self.attr.is_some() =>
            {
                failures.push(differs(self.span, "outcome", "authorized", &found.outcome));
            }
            None => {}
        }
        failures
    }

    fn compare_lists(&self, actions: &[String], attr: &Cel, failures: &mut Vec<Diagnostic>) {
        if let Some((expected, span)) = &self.actions {
            let expected: Vec<&str> = expected.iter().map(|action| action.value.as_str()).collect();
            if actions != expected {
                failures.push(differs(*span, "actions", &expected.join(", "), &actions.join(", ")));
            }
        }
        if let Some(expected) = self.attr.as_ref().filter(|expected| expected.value != *attr) {
            let json = |value: &Cel| serde_json::to_string(value).unwrap_or_default();
            failures.push(differs(expected.span, "attr", &json(&expected.value), &json(attr)));
        }
    }
}

fn differs(span: Span, what: &str, expected: &str, found: &str) -> Diagnostic {
    let found = if found.is_empty() { "nothing" } else { found };
    Diagnostic::error("test/route", format!("expected {what} `{expected}`, found `{found}`"))
        .at(span, format!("found `{found}`"))
}

#[cfg(test)]
mod tests {
    use super::Suite;
    use crate::tests::{bundle, table};

    const ROUTES: &str = "
defaults: { upstream: app, authenticate: [dev] }
routes:
  - { match: GET /health, access: public }
  - match: PUT /contacts/{id}
    name: change
    resource: contact
    action: update
    id: path.id
    attr: { region: query.region, by: principal.id, amount: body.amount }
    load: GET /contacts/{id}
";

    #[test]
    fn a_suite_says_what_differs_and_where() {
        let text = "
tests:
  - { request: GET /health, expect: public }
  - { request: GET /nothing, expect: none }
  - { request: GET /a/../health, expect: request/dot-segment }
  - { request: PUT /contacts/1, as: { id: u }, body: { amount: 1 }, expect: target/missing }
  - name: changes a contact
    request: PUT /contacts/%61?region=EU
    as: { id: u1, roles: [user] }
    body: { amount: 2 }
    stored: { owner: u1 }
    expect:
      route: change
      resource: contact
      id: a
      actions: [update]
      forwarded: /contacts/a?region=EU
      attr: { owner: u1, region: EU, by: u1, amount: 2 }
  - { request: GET /health, expect: { resource: contact } }
  - { request: GET /health, expect: authenticated }
";
        let suite_bundle = bundle(text);
        let (suite, report) = Suite::read(&suite_bundle, 0);
        assert!(report.is_empty(), "{:#?}", report.findings);
        let outcomes = suite.unwrap().run(&table(ROUTES));
        let failed: Vec<_> = outcomes.iter().flat_map(|outcome| &outcome.failures).collect();
        let said: Vec<_> =
            failed.iter().map(|d| (&*d.message, suite_bundle.text(d.span().unwrap()).unwrap())).collect();
        assert_eq!(outcomes.len(), 7);
        assert_eq!(
            said,
            [
                ("expected outcome `authorized`, found `public`", "{ resource: contact }"),
                ("expected outcome `authenticated`, found `public`", "authenticated"),
            ]
        );
    }
}
