//! Names and patterns.

use crate::asking::{Ask, set, wrong};

fn album(id: &'static str, kind: &'static str) -> Ask {
    Ask { id, roles: &["user"], kind, actions: &["view", "edit"], ..Ask::default() }
}

#[test]
fn q4_braces_are_a_pattern_only_beside_a_star() {
    let policies = set(&["
resourcePolicy:
  resource: album
  version: default
  rules:
    - { actions: ['{view,edit}', '{drop,burn}:*'], effect: EFFECT_ALLOW, roles: [user] }
"]);
    let actions = &["view", "{view,edit}", "burn:all", "{drop,burn}:x"];
    let ask = Ask { actions, ..album("ann", "album") };
    assert_eq!(ask.of(&policies).allowed(), ["{view,edit}", "burn:all"]);
}

#[test]
fn q12_role_policies_are_about_kinds_with_separators_too() {
    let policies = set(&[
        "
rolePolicy:
  role: user
  rules:
    - { resource: 'album:photo', allowActions: [view] }
    - { resource: 'scan:*', allowActions: [view] }
",
        "
resourcePolicy:
  resource: album:photo
  version: default
  rules: [{ actions: ['*'], effect: EFFECT_ALLOW, roles: [user] }]
",
        "
resourcePolicy:
  resource: scan/old
  version: default
  rules: [{ actions: ['*'], effect: EFFECT_ALLOW, roles: [user] }]
",
    ]);
    assert_eq!(album("ann", "album:photo").of(&policies).allowed(), ["view"]);
    assert_eq!(album("ann", "scan:old").of(&policies).allowed(), ["view"]);
}

#[test]
fn q17_a_pattern_of_a_principal_rule_denies_kinds_with_separators() {
    let policies = set(&[
        "
principalPolicy:
  principal: ann
  version: default
  rules:
    - resource: 'album:*'
      actions: [{ action: '*', effect: EFFECT_DENY }]
",
        "
resourcePolicy:
  resource: album:photo
  version: default
  rules: [{ actions: ['*'], effect: EFFECT_ALLOW, roles: [user] }]
",
    ]);
    assert!(album("ann", "album:photo").of(&policies).allowed().is_empty());
    assert_eq!(album("bob", "album:photo").of(&policies).allowed(), ["view", "edit"]);
}

#[test]
fn q24_names_that_differ_only_in_separators_are_one() {
    let policy = |kind: &str| {
        format!(
            "
resourcePolicy:
  resource: {kind}
  version: default
  rules: [{{ actions: ['*'], effect: EFFECT_ALLOW, roles: [user] }}]
"
        )
    };
    let policies = set(&[&policy("album-photo")]);
    for kind in ["album:photo", "album/photo", "album_photo", "album-photo", "album@photo"] {
        assert_eq!(album("ann", kind).of(&policies).allowed(), ["view", "edit"], "{kind}");
    }
    assert!(album("ann", "albumphoto").of(&policies).allowed().is_empty());
    let found = wrong(&[&policy("album-photo"), &policy("album/photo")]);
    assert_eq!(found.iter().map(|(code, _)| *code).collect::<Vec<_>>(), ["policy/duplicate"]);
}
