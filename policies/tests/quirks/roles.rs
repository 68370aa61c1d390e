//! Roles: given, derived, and those that role policies make.

use crate::asking::{Ask, lax, set};
use portreeve_policies::{Because, Options, PolicySet};

const OPEN: &str = "
resourcePolicy:
  resource: album
  version: default
  rules: [{ actions: ['*'], effect: EFFECT_ALLOW, roles: [staff] }]
";

fn album(roles: &'static [&'static str], actions: &'static [&'static str]) -> Ask {
    Ask { id: "ann", roles, kind: "album", actions, ..Ask::default() }
}

#[test]
fn a_denial_for_one_role_leaves_another_roles_allowance() {
    let policies = set(&["
resourcePolicy:
  resource: album
  version: default
  rules:
    - { actions: [view], effect: EFFECT_DENY, roles: [guest] }
    - { actions: [view], effect: EFFECT_ALLOW, roles: [guest, staff] }
"]);
    assert!(album(&["guest"], &["view"]).of(&policies).allowed().is_empty());
    assert_eq!(album(&["guest", "staff"], &["view"]).of(&policies).allowed(), ["view"]);
    assert_eq!(album(&["staff", "guest"], &["view"]).of(&policies).allowed(), ["view"]);
}

#[test]
fn q8_parent_roles_are_those_of_the_version_asked_for() {
    let policies = set(&[
        "
rolePolicy:
  role: trainee
  version: '2'
  parentRoles: [staff]
  rules: [{ resource: album, allowActions: ['*'] }]
",
        "
rolePolicy:
  role: trainee
  rules: [{ resource: album, allowActions: ['*'] }]
",
        OPEN,
    ]);
    assert!(album(&["trainee"], &["view"]).of(&policies).allowed().is_empty());
}

#[test]
fn role_policies_allow_nothing_and_only_narrow_what_parents_may() {
    let policies = set(&[
        "
rolePolicy:
  role: trainee
  parentRoles: [staff]
  rules:
    - resource: album
      allowActions: [view, edit]
    - resource: album
      allowActions: [edit]
      condition: { match: { expr: R.attr.draft == true } }
",
        OPEN,
    ]);
    let ask = |attr| Ask { attr, ..album(&["trainee"], &["view", "edit", "drop"]) }.of(&policies);
    assert_eq!(ask(r#"{"draft": true}"#).allowed(), ["view", "edit"]);
    assert_eq!(ask("{}").allowed(), ["view"], "an error in a role policy's condition denies");
    assert_eq!(ask(r#"{"draft": false}"#).0.outcomes()[1].policy.as_deref(), Some("role.trainee.vdefault"));
}

const DERIVED: &str = "
derivedRoles:
  name: common
  definitions:
    - { name: insider, parentRoles: ['system:*'] }
    - { name: owner, parentRoles: [staff], condition: { match: { expr: R.attr.owner == P.id } } }
    - name: nosy
      parentRoles: [staff]
      condition: { match: { expr: '\"owner\" in runtime.effectiveDerivedRoles' } }
";

const WITH_DERIVED: &str = "
resourcePolicy:
  resource: album
  version: default
  importDerivedRoles: [common]
  rules:
    - { actions: [view], effect: EFFECT_ALLOW, derivedRoles: [insider, owner] }
    - { actions: [pry], effect: EFFECT_ALLOW, derivedRoles: [nosy] }
    - actions: [say]
      effect: EFFECT_ALLOW
      roles: [staff]
      condition: { match: { expr: '\"owner\" in runtime.effectiveDerivedRoles' } }
";

#[test]
fn q10_a_derived_role_with_a_pattern_for_a_parent_counts_and_is_not_reported() {
    let policies = set(&[DERIVED, WITH_DERIVED]);
    let answer = album(&["system:cron"], &["view"]).of(&policies);
    assert_eq!(answer.allowed(), ["view"]);
    assert!(answer.derived_roles().is_empty());
}

#[test]
fn q11_no_derived_role_is_effective_inside_the_condition_of_one() {
    let policies = set(&[DERIVED, WITH_DERIVED]);
    let answer = Ask { attr: r#"{"owner": "ann"}"#, ..album(&["staff"], &["pry", "say"]) }.of(&policies);
    assert_eq!(answer.allowed(), ["say"]);
    assert_eq!(answer.derived_roles(), ["owner"]);
}

const GUARDED: &str = "
resourcePolicy:
  resource: album
  version: default
  rules:
    - { actions: ['*'], effect: EFFECT_ALLOW, roles: [staff] }
    - { actions: [edit], effect: EFFECT_DENY, roles: [staff], condition: { match: { expr: R.attr.locked } } }
    - { actions: [drop], effect: EFFECT_ALLOW, roles: [boss], condition: { match: { none: { of: [{ expr: R.attr.locked }] } } } }
";

#[test]
fn q18_a_denial_whose_condition_fails_is_passed_by_unless_evaluation_is_strict() {
    let policies = set(&[GUARDED]);
    let ask = || album(&["staff"], &["edit", "view"]);
    assert_eq!(ask().with(&policies, &lax()).allowed(), ["edit", "view"]);
    let strict = ask().with(&policies, &Options::default());
    assert_eq!(strict.allowed(), ["view"]);
    assert!(matches!(strict.0.outcomes()[0].because, Because::Failed(_)));
}

#[test]
fn q18_none_of_what_fails_holds_unless_evaluation_is_strict() {
    let policies = set(&[GUARDED]);
    let ask = || album(&["boss"], &["drop"]);
    assert_eq!(ask().with(&policies, &lax()).allowed(), ["drop"]);
    assert!(ask().with(&policies, &Options::default()).allowed().is_empty());
}

#[test]
fn strict_evaluation_does_not_see_the_failures_of_roles_after_the_one_that_is_allowed() {
    let policies = set(&[GUARDED]);
    let strict = Options::default();
    assert_eq!(album(&["staff", "boss"], &["drop"]).with(&policies, &strict).allowed(), ["drop"]);
    assert!(album(&["boss", "staff"], &["drop"]).with(&policies, &strict).allowed().is_empty());
}

#[test]
fn a_role_policy_without_rules_makes_no_scope_exist() {
    let album = "resourcePolicy:\n  resource: album\n  version: default\n  rules: [{ actions: [view], effect: EFFECT_ALLOW, roles: ['*'] }]\n";
    let asked = |policies: &PolicySet| {
        let ask = Ask {
            id: "ann",
            roles: &["staff"],
            kind: "album",
            scope: "acme",
            actions: &["view"],
            ..Ask::default()
        };
        ask.of(policies).allowed().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let without = set(&[album, "rolePolicy: { role: guest, scope: acme, rules: [] }\n"]);
    assert!(asked(&without).is_empty());
    let with = set(&[
        album,
        "rolePolicy:\n  role: guest\n  scope: acme\n  rules: [{ resource: album, allowActions: [view] }]\n",
    ]);
    assert_eq!(asked(&with), ["view"]);
}

#[test]
fn q28_a_role_policy_denies_what_it_does_not_list_also_where_its_scope_says_nothing_of_the_kind() {
    let policies = set(&[
        "resourcePolicy:\n  resource: album\n  version: default\n  rules: [{ actions: [view], effect: EFFECT_ALLOW, roles: ['*'] }]\n",
        "rolePolicy:\n  role: guest\n  scope: acme\n  rules: [{ resource: photo, allowActions: [view] }]\n",
    ]);
    let asked =
        |roles| Ask { id: "ann", roles, kind: "album", scope: "acme", actions: &["view"], ..Ask::default() };
    assert!(asked(&["guest"]).of(&policies).allowed().is_empty());
    assert_eq!(asked(&["staff"]).of(&policies).allowed(), ["view"]);
}
