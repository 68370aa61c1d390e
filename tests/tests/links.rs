//! Does `check` see when routes and policies do not speak of the same things, and nothing where they do?

use portreeve_tests::{Issuer, Project, free_port, run_in};

const HEAD: &str = "apiVersion: api.cerbos.dev/v1\n";
const READERS: &str = "{ resource: doc, version: default, rules: [{ actions: [read], effect: EFFECT_ALLOW, \
                       roles: [user] }] }";
const ANN: &str = "{ principal: ann, version: default, rules: [{ resource: 'd*', actions: [{ action: read, effect: \
                   EFFECT_ALLOW, condition: { match: { expr: R.attr.due } } }] }] }";

/// The codes that are found for a route that says this beside its resource `doc`.
fn found(route: &str, policies: &[(&str, &str)]) -> Vec<String> {
    let routes = format!(
        "defaults: {{ upstream: app, authenticate: [test] }}
routes:
  - {{ match: 'GET /d/{{id}}', resource: doc, id: path.id, {route} }}
"
    );
    let project = Project::with_routes(free_port(), &Issuer::new(), &routes);
    for (number, (kind, policy)) in policies.iter().enumerate() {
        project.write(&format!("policies/{number}.yaml"), &format!("{HEAD}{kind}: {policy}\n"));
    }
    let report = run_in(project.root(), &["check", "-o", "json"]).json();
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_route_is_linked_to_the_policies_of_its_version_and_to_those_of_principals() {
    let (never, version) = ("link/action-never-allowed", "link/unknown-version");
    let readers = ("resourcePolicy", READERS);
    let newer = READERS.replace("default", "v2");
    let newer = ("resourcePolicy", newer.as_str());
    let ann = ("principalPolicy", ANN);
    for (route, policies, expected) in [
        ("action: read", &[readers][..], &[][..]),
        ("action: write", &[readers], &[never]),
        ("actions: [read, write]", &[readers], &[never]),
        ("action: read", &[], &["link/unknown-kind"]),
        ("action: read", &[newer], &[version]),
        ("action: read, version: '\"v2\"'", &[newer], &[]),
        ("action: read, version: '\"v3\"'", &[newer, readers], &[version]),
        ("action: read, version: query.v", &[newer], &[]),
        ("action: read, attr: { due: query.due }", &[ann], &[]),
        ("action: read", &[ann], &["link/attribute-not-supplied"]),
        ("action: write", &[ann], &["link/unknown-kind"]),
        ("actions: [read, write], attr: { due: query.due }", &[ann], &[never]),
    ] {
        assert_eq!(found(route, policies), expected, "{route} {policies:?}");
    }
}
