//! Scopes and versions.

use portreeve_policies::{Because, Enforcement, Options};

use crate::asking::{Ask, lax, set};

const STAFF: &[&str] = &["staff"];

fn policy(kind: &str, scope: &str, rest: &str) -> String {
    format!("resourcePolicy:\n  resource: {kind}\n  version: default\n  scope: '{scope}'\n{rest}")
}

fn rule(effect: &str) -> String {
    format!("  rules: [{{ actions: [view], effect: EFFECT_{effect}, roles: [staff] }}]\n")
}

fn view(kind: &'static str, scope: &'static str) -> Ask {
    Ask { id: "ann", roles: STAFF, kind, scope, actions: &["view"], ..Ask::default() }
}

#[test]
fn an_allowance_in_a_scope_hides_the_denial_above_it() {
    let policies = set(&[&policy("album", "", &rule("DENY")), &policy("album", "acme", &rule("ALLOW"))]);
    let answer = view("album", "acme").of(&policies);
    assert_eq!(answer.allowed(), ["view"]);
    assert_eq!(&*answer.0.outcomes()[0].scope, "acme");
    assert!(view("album", "").of(&policies).allowed().is_empty());
}

#[test]
fn an_allowance_that_needs_consent_is_none_without_it() {
    let consent = "  scopePermissions: SCOPE_PERMISSIONS_REQUIRE_PARENTAL_CONSENT_FOR_ALLOWS\n";
    let child = policy("album", "acme", &format!("{consent}{}", rule("ALLOW")));
    for (above, allowed) in [("ALLOW", true), ("DENY", false)] {
        let policies = set(&[&policy("album", "", &rule(above)), &child]);
        assert_eq!(!view("album", "acme").of(&policies).allowed().is_empty(), allowed, "{above}");
    }
    let root = policy("album", "", &format!("{consent}{}", rule("ALLOW")));
    assert!(view("album", "").of(&set(&[&root])).allowed().is_empty(), "nobody is above the root");
}

#[test]
fn a_dot_is_the_root_whatever_the_default() {
    let policies = set(&[&policy("album", "", &rule("DENY")), &policy("album", "acme", &rule("ALLOW"))]);
    let options = Options { default_scope: "acme".into(), ..lax() };
    assert_eq!(view("album", "").with(&policies, &options).allowed(), ["view"]);
    assert!(view("album", ".").with(&policies, &options).allowed().is_empty());
}

#[test]
fn q5_a_scope_of_other_kinds_leads_to_the_parents_and_their_schemas() {
    let schemas = "  schemas: { resourceSchema: { ref: 'cerbos:///s.json' } }\n";
    let policies = set(&[
        &policy("album", "", &format!("{schemas}{}", rule("ALLOW"))),
        &policy("photo", "", &rule("ALLOW")),
        &policy("photo", "acme", &rule("ALLOW")),
        r#"{"type": "object", "required": ["owner"]}"#,
    ]);
    let reject = Options { schemas: Enforcement::Reject, ..lax() };
    for scope in ["", "acme"] {
        let answer = view("album", scope).with(&policies, &reject);
        assert!(answer.allowed().is_empty(), "{scope}");
        assert_eq!(answer.0.validation_errors.len(), 1, "{scope}");
        let good = Ask { attr: r#"{"owner": "ann"}"#, ..view("album", scope) };
        assert_eq!(good.with(&policies, &reject).allowed(), ["view"], "{scope}");
    }
}

#[test]
fn a_scope_that_nobody_speaks_of_is_no_match_unless_the_search_is_lenient() {
    let policies = set(&[&policy("album", "", &rule("ALLOW"))]);
    let strict = view("album", "acme").of(&policies);
    assert_eq!((strict.allowed().len(), strict.policy()), (0, "NO_MATCH"));
    assert_eq!(strict.0.outcomes()[0].because, Because::NoPolicy);
    let lenient = Options { lenient_scope_search: true, ..lax() };
    assert_eq!(view("album", "acme").with(&policies, &lenient).allowed(), ["view"]);
}

#[test]
fn q7_a_lenient_search_keeps_the_parents_of_roles() {
    let policies = set(&[
        "
rolePolicy:
  role: trainee
  parentRoles: [staff]
  rules: [{ resource: album, allowActions: [view] }]
",
        &policy("album", "", &rule("ALLOW")),
    ]);
    let lenient = Options { lenient_scope_search: true, ..lax() };
    for scope in ["", "acme", "acme.hr"] {
        let ask = Ask { roles: &["trainee"], ..view("album", scope) };
        assert_eq!(ask.with(&policies, &lenient).allowed(), ["view"], "{scope}");
    }
}

const FOR_ANN: &str = "
principalPolicy:
  principal: ann
  version: '2'
  rules: [{ resource: album, actions: [{ action: view, effect: EFFECT_ALLOW }] }]
";

#[test]
fn q6_a_principal_policy_of_anybody_gives_the_answer_a_name() {
    let answer = Ask { id: "bob", principal_version: "2", version: "2", ..view("album", "") };
    let answer = answer.of(&set(&[FOR_ANN]));
    assert!(answer.allowed().is_empty());
    assert_eq!(answer.0.outcomes()[0].because, Because::NoRule);
}

#[test]
fn q9_and_q23_principal_policies_go_by_the_version_of_the_resource_and_are_named() {
    let deny = policy("album", "", &rule("DENY"));
    let policies = set(&[FOR_ANN, &deny, &deny.replace("default", "'2'")]);
    let ask =
        |principal_version, version| Ask { principal_version, version, ..view("album", "") }.of(&policies);
    assert_eq!(ask("2", "2").allowed(), ["view"]);
    assert!(ask("2", "").allowed().is_empty());
    let other = ask("", "2");
    assert_eq!(other.allowed(), ["view"]);
    assert_eq!(other.policy(), "principal.ann.v2");
}
