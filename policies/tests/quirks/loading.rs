//! What is refused, and what is read though Cerbos stumbles over it.

use crate::asking::{Ask, set, wrong};

fn policy(kind: &str, scope: &str, permissions: &str) -> String {
    let permissions = match permissions {
        "" => String::new(),
        permissions => format!("  scopePermissions: SCOPE_PERMISSIONS_{permissions}\n"),
    };
    format!(
        "resourcePolicy:\n  resource: {kind}\n  version: default\n  scope: '{scope}'\n{permissions}  rules: []\n"
    )
}

const CONSENT: &str = "REQUIRE_PARENTAL_CONSENT_FOR_ALLOWS";

#[test]
fn q1_policies_of_one_scope_agree_on_its_permissions() {
    for other in ["", "OVERRIDE_PARENT"] {
        let found = wrong(&[&policy("album", "", CONSENT), &policy("photo", "", other)]);
        assert!(!found.is_empty(), "{other}");
        assert!(found.iter().all(|(code, _)| code.starts_with("policy/")), "{found:?}");
    }
}

#[test]
fn q1_permissions_that_are_not_stated_are_the_default() {
    set(&[&policy("album", "", ""), &policy("photo", "", "OVERRIDE_PARENT")]);
    set(&[
        "derivedRoles:\n  name: common\n  definitions: [{ name: owner, parentRoles: [staff] }]\n",
        &policy("album", "", "OVERRIDE_PARENT"),
    ]);
}

#[test]
fn q20_an_empty_document_at_the_end_is_nothing() {
    let text = "
resourcePolicy:
  resource: album
  version: 20210210
  rules: [{ actions: [view], effect: EFFECT_ALLOW, roles: [staff] }]
---
";
    let ask =
        Ask { roles: &["staff"], kind: "album", version: "20210210", actions: &["view"], ..Ask::default() };
    assert_eq!(ask.of(&set(&[text])).allowed(), ["view"]);
}

#[test]
fn a_principal_policy_speaks_of_a_resource_in_one_place() {
    let found = wrong(&["
principalPolicy:
  principal: ann
  version: default
  rules:
    - resource: album
      actions: [{ action: view, effect: EFFECT_ALLOW }]
    - resource: album
      actions: [{ action: edit, effect: EFFECT_ALLOW }]
"]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "policy/duplicate-rule");
}

#[test]
fn mistakes_are_underlined_where_they_are() {
    let resource = |rules: &str| format!("resourcePolicy:\n  resource: a\n  version: v\n{rules}");
    for (text, code, place) in [
        (resource("  rulez: []\n"), "policy/unknown-field", "rulez"),
        (
            resource("  rules: [{ actions: [view], effect: EFFECT_ALOW, roles: [r] }]\n"),
            "policy/unreadable",
            "EFFECT_ALOW",
        ),
        (resource("  importDerivedRoles: [commn]\n  rules: []\n"), "policy/missing-import", "commn"),
        (
            resource("  rules: [{ actions: [view], effect: EFFECT_ALLOW, derivedRoles: [owner] }]\n"),
            "policy/unknown-derived-role",
            "owner",
        ),
        (
            resource(
                "  rules: [{ actions: [v], effect: EFFECT_ALLOW, roles: [r], condition: { match: { expr: P.idd == 'a' } } }]\n",
            ),
            "policy/expression",
            "P.idd",
        ),
        (resource("  variables: { local: { a: V.b, b: V.a } }\n  rules: []\n"), "policy/variable-cycle", "a"),
        (
            resource(
                "  rules: [{ actions: [v], effect: EFFECT_ALLOW, roles: [r], condition: { match: { expr: V.gone } } }]\n",
            ),
            "policy/undefined",
            "V.gone",
        ),
        ("resourcePolicy: {}\nprincipalPolicy: {}\n".to_owned(), "policy/unreadable", "principalPolicy"),
    ] {
        let found = wrong(&[&text]);
        assert!(found.contains(&(code, place.to_owned())), "{text}\nfound {found:?}");
    }
}
