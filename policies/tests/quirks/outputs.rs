//! What rules say beside their effect, and conditions that are evaluated once.

use crate::asking::{Ask, set};

const STAFF: &[&str] = &["staff"];

fn ask(attr: &'static str, actions: &'static [&'static str]) -> Ask {
    Ask { id: "ann", roles: STAFF, kind: "album", attr, actions, ..Ask::default() }
}

#[test]
fn q2_outputs_speak_of_the_condition_as_written_also_where_consent_is_needed() {
    let policy = |scope: &str, rest: &str| {
        format!("resourcePolicy:\n  resource: album\n  version: default\n  scope: '{scope}'\n{rest}")
    };
    let child = policy(
        "acme",
        "  scopePermissions: SCOPE_PERMISSIONS_REQUIRE_PARENTAL_CONSENT_FOR_ALLOWS
  rules:
    - actions: [view]
      effect: EFFECT_ALLOW
      roles: [staff]
      condition: { match: { expr: R.attr.open } }
      output: { when: { ruleActivated: '\"open\"', conditionNotMet: '\"shut\"' } }
",
    );
    let root = policy("", "  rules: [{ actions: [view], effect: EFFECT_ALLOW, roles: [staff] }]\n");
    let policies = set(&[&child, &root]);
    let said = |attr| Ask { scope: "acme", ..ask(attr, &["view"]) }.of(&policies);
    let open = said(r#"{"open": true}"#);
    assert_eq!(open.allowed(), ["view"]);
    assert_eq!(open.outputs(), ["resource.album.vdefault/acme#rule-001 \"open\""]);
    let shut = said(r#"{"open": false}"#);
    assert!(shut.allowed().is_empty());
    assert_eq!(shut.outputs(), ["resource.album.vdefault/acme#rule-001 \"shut\""]);
}

#[test]
fn q3_a_rule_of_a_role_policy_without_a_name_has_an_empty_one() {
    let policies = set(&["
rolePolicy:
  role: staff
  rules:
    - resource: album
      allowActions: [view]
      condition: { match: { expr: 'false' } }
      output: { when: { conditionNotMet: '1.0' } }
"]);
    assert_eq!(ask("{}", &["view"]).of(&policies).outputs(), ["role.staff.vdefault# 1"]);
}

#[test]
fn q13_rules_of_one_name_have_conditions_of_their_own() {
    let policies = set(&["
principalPolicy:
  principal: ann
  version: default
  rules:
    - resource: 'al*'
      actions: [{ name: same, action: view, effect: EFFECT_ALLOW, condition: { match: { expr: R.attr.a } } }]
    - resource: album
      actions: [{ name: same, action: edit, effect: EFFECT_ALLOW, condition: { match: { expr: R.attr.b } } }]
"]);
    for (attr, allowed) in [(r#"{"a": true, "b": false}"#, "view"), (r#"{"a": false, "b": true}"#, "edit")] {
        assert_eq!(ask(attr, &["view", "edit"]).of(&policies).allowed(), [allowed]);
        assert_eq!(ask(attr, &["edit", "view"]).of(&policies).allowed(), [allowed]);
    }
}

#[test]
fn q14_an_output_that_json_cannot_hold_is_an_error_of_its_own() {
    let policies = set(&["
resourcePolicy:
  resource: album
  version: default
  rules:
    - actions: [view]
      effect: EFFECT_ALLOW
      roles: [staff]
      output: { when: { ruleActivated: 'R.attr.n / 0.0' } }
    - { actions: [view], effect: EFFECT_ALLOW, roles: [staff], output: { when: { ruleActivated: '\"fine\"' } } }
"]);
    let answer = ask(r#"{"n": 1}"#, &["view"]).of(&policies);
    assert_eq!(answer.allowed(), ["view"]);
    assert_eq!(
        answer.outputs(),
        ["resource.album.vdefault#rule-001 error", "resource.album.vdefault#rule-002 \"fine\""]
    );
}

#[test]
fn q21_a_rule_whose_derived_role_is_not_active_says_nothing() {
    let policies = set(&[
        "
derivedRoles:
  name: common
  definitions: [{ name: owner, parentRoles: [staff], condition: { match: { expr: R.attr.owner == P.id } } }]
",
        "
resourcePolicy:
  resource: album
  version: default
  importDerivedRoles: [common]
  rules:
    - actions: [view, edit]
      effect: EFFECT_ALLOW
      derivedRoles: [owner]
      condition: { match: { expr: R.attr.open } }
      output: { when: { conditionNotMet: '\"shut\"' } }
",
    ]);
    assert!(ask(r#"{"owner": "bob"}"#, &["view", "edit"]).of(&policies).outputs().is_empty());
    let own = ask(r#"{"owner": "ann", "open": false}"#, &["view", "edit"]).of(&policies);
    assert_eq!(own.outputs().len(), 2, "once for each action");
}

#[test]
fn q29_rules_that_differ_only_in_when_they_speak_both_speak() {
    let policies = set(&["
resourcePolicy:
  resource: album
  version: default
  rules:
    - { actions: [view], effect: EFFECT_ALLOW, roles: [staff], output: { when: { conditionNotMet: '\"said\"' } } }
    - { actions: [view], effect: EFFECT_ALLOW, roles: [staff], output: { when: { ruleActivated: '\"said\"' } } }
"]);
    let answer = ask("{}", &["view"]).of(&policies);
    assert_eq!(answer.outputs(), ["resource.album.vdefault#rule-002 \"said\""]);
}

#[test]
fn a_rule_for_every_role_speaks_once_whatever_other_roles_it_names() {
    let policies = set(&[
        "derivedRoles:\n  name: people\n  definitions: [{ name: anybody, parentRoles: [staff, '*'] }]\n",
        "
resourcePolicy:
  resource: album
  version: default
  importDerivedRoles: [people]
  rules:
    - { actions: [view], effect: EFFECT_ALLOW, roles: [staff, '*'], output: { when: { ruleActivated: '1.0' } } }
    - { actions: [edit], effect: EFFECT_ALLOW, derivedRoles: [anybody], output: { when: { ruleActivated: '2.0' } } }
    - { actions: [drop], effect: EFFECT_ALLOW, roles: [staff, 'st*'], output: { when: { ruleActivated: '3.0' } } }
",
    ]);
    for (action, said) in [(&["view"], 1), (&["edit"], 1), (&["drop"], 2)] {
        assert_eq!(ask("{}", action).of(&policies).outputs().len(), said, "{action:?}");
    }
}

#[test]
fn a_field_of_the_request_that_is_empty_is_not_there() {
    let has = [
        "has(R.scope)",
        "has(P.policyVersion)",
        "has(P.attr)",
        "has(request.auxData)",
        "has(request.auxData.jwt)",
        "has(dyn(P).scope)",
        "P.?scope.hasValue()",
        "[P].exists(p, has(p.scope))",
    ];
    let there = [
        "has(R.id)",
        "has(runtime.effectiveDerivedRoles)",
        "has(P.roles)",
        "has(request.principal)",
        "has(dyn(R).attr)",
        "P.?id.hasValue()",
    ];
    let same = ["R.scope == ''", "dyn(P).scope == ''", "P == P && dyn(P) != dyn(R)"];
    let all = has
        .iter()
        .map(|text| format!("!({text})"))
        .chain(there.map(String::from))
        .chain(same.map(String::from));
    for text in all {
        let policies = set(&[&format!(
            "resourcePolicy:\n  resource: album\n  version: default\n  rules:\n    - actions: [view]\n      effect: EFFECT_ALLOW\n      roles: [staff]\n      condition: {{ match: {{ expr: \"{text}\" }} }}\n"
        )]);
        let asked = Ask { kind: "album", ..ask(r#"{"a": 1}"#, &["view"]) };
        assert_eq!(asked.of(&policies).allowed(), ["view"], "{text}");
    }
}

#[test]
fn the_request_is_shown_without_its_empty_fields() {
    let policies = set(&["
resourcePolicy:
  resource: album
  version: default
  rules:
    - actions: [view]
      effect: EFFECT_ALLOW
      roles: [staff]
      output: { when: { ruleActivated: 'json.encode([request, type(P) == type(R)])' } }
"]);
    let said = ask("{}", &["view"]).of(&policies).outputs();
    assert_eq!(
        said,
        [
            r#"resource.album.vdefault#rule-001 "[{\"principal\":{\"id\":\"ann\",\"roles\":[\"staff\"]},\"resource\":{\"id\":\"1\",\"kind\":\"album\"}},false]""#
        ]
    );
}

#[test]
fn keys_of_maps_in_an_output_are_in_order() {
    let policies = set(&["
resourcePolicy:
  resource: album
  version: default
  rules:
    - { actions: [view], effect: EFFECT_ALLOW, roles: [staff], output: { when: { ruleActivated: '{\"b\": [R.attr], \"a\": 1}' } } }
"]);
    let answer = ask(r#"{"z": 1, "y": {"d": 1, "c": 2}}"#, &["view"]).of(&policies);
    let said = r#"resource.album.vdefault#rule-001 {"a":1,"b":[{"y":{"c":2,"d":1},"z":1}]}"#;
    assert_eq!(answer.outputs(), [said]);
}
