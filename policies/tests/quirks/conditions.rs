//! Conditions that Cerbos takes for each other.

use crate::asking::{Ask, set};

#[test]
fn q38_rules_that_differ_only_in_how_they_join_expressions_have_conditions_of_their_own() {
    let of = "of: [{ expr: R.attr.a == 1.0 }, { expr: R.attr.b == 1.0 }]";
    let policy = |kind: &str, joined: &str| {
        format!(
            "
resourcePolicy:
  resource: {kind}
  version: default
  rules:
    - {{ actions: [view], effect: EFFECT_ALLOW, roles: [staff], condition: {{ match: {{ {joined}: {{ {of} }} }} }} }}
"
        )
    };
    let policies = ["all", "any", "none"].map(|joined| policy(joined, joined));
    let policies = set(&[&policies[0], &policies[1], &policies[2]]);
    for (attr, expected) in [
        (r#"{"a": 1, "b": 1}"#, &["all", "any"][..]),
        (r#"{"a": 1, "b": 0}"#, &["any"]),
        (r#"{"a": 0, "b": 0}"#, &["none"]),
    ] {
        let view = |kind| Ask { kind, attr, roles: &["staff"], actions: &["view"], ..Ask::default() };
        let allowed =
            ["all", "any", "none"].into_iter().filter(|kind| !view(kind).of(&policies).allowed().is_empty());
        assert_eq!(allowed.collect::<Vec<_>>(), expected, "{attr}");
    }
}
