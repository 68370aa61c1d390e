//! Policies, questions and resources by chance.

use proptest::prelude::*;

/// What the principal has: a text, lists, and no `missing`.
pub(crate) const PRINCIPAL: &str =
    r#"{"s": "x", "n": 1, "t": true, "l": ["x", "y"], "m": {"x": "y", "y": "x"}}"#;

/// Resources: all have what conditions ask for, and only some have `o`.
pub(crate) const RESOURCES: &[&str] = &[
    r#"{"a": true, "b": false, "n": 1, "s": "x", "l": ["x"], "o": "x"}"#,
    r#"{"a": false, "b": true, "n": 2, "s": "y", "l": [], "o": "y"}"#,
    r#"{"a": true, "b": true, "n": 3, "s": "z", "l": ["y", "z"]}"#,
    r#"{"a": false, "b": false, "n": 0, "s": "x", "l": ["x", "y"]}"#,
];

/// What may be known of all of them in advance; each agrees with some of [`RESOURCES`].
pub(crate) const KNOWN: &[&str] = &["", r#"{"a": true}"#, r#"{"s": "x"}"#, r#"{"b": true, "n": 3}"#];

fn expression(odd: bool) -> impl Strategy<Value = String> {
    let mut tests = vec![
        "R.attr.a",
        "R.attr.b",
        "!R.attr.a",
        "R.attr.n < 2.0",
        "R.attr.n >= P.attr.n",
        "R.attr.s == P.attr.s",
        "R.attr.s != P.attr.s",
        "R.attr.s in P.attr.l",
        "P.attr.s in R.attr.l",
        "P.attr.l.exists(i, i == R.attr.s)",
        "P.attr.l.all(i, i in R.attr.l)",
        "R.attr.l.all(i, i in P.attr.l)",
        "R.attr.l.exists(i, i == P.attr.s)",
        "P.attr.m[P.attr.s] == R.attr.s",
        "P.attr.t",
        "!P.attr.t",
        "P.attr.missing",
        "R.attr.s == P.attr.missing",
        "R.id == '1'",
        "R.scope == 'a'",
        "V.mine",
        "V.fails || R.attr.b",
        "('owner' in runtime.effectiveDerivedRoles)",
    ];
    if odd {
        tests.extend([
            "R.attr.s in P.attr.s",
            "has(R.attr.o)",
            "has(R.attr.o) && R.attr.o == P.attr.s",
            "has(R.attr.s)",
        ]);
    }
    let test = prop::sample::select(tests).prop_map(str::to_owned);
    test.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            inner.clone().prop_map(|a| format!("!({a})")),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
        ]
    })
}

/// A condition of a rule, as its `match`.
fn matched(odd: bool) -> impl Strategy<Value = String> {
    let leaf = expression(odd).prop_map(|text| format!("{{ expr: \"{text}\" }}"));
    leaf.prop_recursive(1, 4, 3, |inner| {
        let parts = prop::collection::vec(inner, 1..4);
        (prop::sample::select(vec!["all", "any", "none"]), parts)
            .prop_map(|(name, parts)| format!("{{ {name}: {{ of: [{}] }} }}", parts.join(", ")))
    })
}

fn condition(odd: bool) -> impl Strategy<Value = String> {
    prop_oneof![
        1 => Just(String::new()),
        3 => matched(odd).prop_map(|text| format!(", condition: {{ match: {text} }}")),
    ]
}

fn maybe<T: Strategy>(policy: T) -> impl Strategy<Value = Option<T::Value>> {
    prop::option::weighted(0.4, policy)
}

fn effect() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["EFFECT_ALLOW", "EFFECT_ALLOW", "EFFECT_DENY"])
}

fn rule(odd: bool) -> impl Strategy<Value = String> {
    let action = prop::sample::select(vec!["view", "edit", "\"*\""]);
    let roles = prop::sample::select(vec![
        "roles: [staff]",
        "roles: [guest]",
        "roles: [\"*\"]",
        "derivedRoles: [owner]",
        "derivedRoles: [late]",
        "roles: [guest], derivedRoles: [owner]",
    ]);
    (action, effect(), roles, condition(odd)).prop_map(|(action, effect, roles, condition)| {
        format!("    - {{ actions: [{action}], effect: {effect}, {roles}{condition} }}\n")
    })
}

const VARIABLES: &str =
    "  variables: { local: { mine: \"R.attr.s == P.attr.s && R.attr.a\", fails: P.attr.missing } }\n";

/// A scope, and whether an allowance in it needs its parent's consent.
type Scope = (&'static str, bool);

fn permissions(consent: bool) -> &'static str {
    if consent { "  scopePermissions: SCOPE_PERMISSIONS_REQUIRE_PARENTAL_CONSENT_FOR_ALLOWS\n" } else { "" }
}

fn resource_policy((scope, consent): Scope, odd: bool) -> impl Strategy<Value = String> {
    let first = matched(odd).prop_map(|condition| {
        format!("    - {{ actions: [view], effect: EFFECT_ALLOW, roles: [\"*\"], condition: {{ match: {condition} }} }}\n")
    });
    (prop::option::weighted(0.6, first), prop::collection::vec(rule(odd), 1..4)).prop_map(
        move |(first, mut rules)| {
            rules.extend(first);
            let head = "  resource: doc\n  version: default\n  importDerivedRoles: [common]\n";
            let (consent, rules) = (permissions(consent), rules.concat());
            format!("resourcePolicy:\n{head}  scope: '{scope}'\n{consent}{VARIABLES}  rules:\n{rules}")
        },
    )
}

fn principal_policy((scope, consent): Scope, odd: bool) -> impl Strategy<Value = String> {
    let rule = (effect(), condition(odd)).prop_map(|(effect, condition)| {
        format!("        - {{ action: view, effect: {effect}{condition} }}\n")
    });
    prop::collection::vec(rule, 1..3).prop_map(move |rules| {
        let head = "  principal: ann\n  version: default\n";
        let (consent, rules) = (permissions(consent), rules.concat());
        format!(
            "principalPolicy:\n{head}  scope: '{scope}'\n{consent}{VARIABLES}  rules:\n    - resource: doc\n      actions:\n{rules}"
        )
    })
}

fn role_policy(scope: &'static str, odd: bool) -> impl Strategy<Value = String> {
    let rule =
        (prop::sample::select(vec!["view", "\"*\""]), condition(odd)).prop_map(|(action, condition)| {
            format!("    - {{ resource: doc, allowActions: [{action}]{condition} }}\n")
        });
    prop::collection::vec(rule, 1..3).prop_map(move |rules| {
        let head = "  role: clerk\n  parentRoles: [staff]\n";
        let rules = rules.concat();
        format!("rolePolicy:\n{head}  scope: '{scope}'\n{VARIABLES}  rules:\n{rules}")
    })
}

fn derived_roles(odd: bool) -> impl Strategy<Value = String> {
    // What a derived role's condition says of effective derived roles is defined: there are none.
    (matched(odd), condition(odd)).prop_map(|(owner, late)| {
        format!(
            "derivedRoles:\n  name: common\n{VARIABLES}  definitions:\n    - {{ name: owner, parentRoles: [staff], condition: {{ match: {owner} }} }}\n    - {{ name: late, parentRoles: [guest]{late} }}\n"
        )
    })
}

/// The files of a set of policies for the kind `doc`. The odd ones ask what Cerbos' filters get wrong: `has(…)` of what
/// is not known, and membership in a text.
pub(crate) fn policies(odd: bool) -> impl Strategy<Value = Vec<String>> {
    let consent = || prop::bool::weighted(0.3);
    (consent(), consent(), consent()).prop_flat_map(move |(root, a, b)| {
        let (root, a, b) = (("", root), ("a", a), ("a.b", b));
        let parts = (
            derived_roles(odd),
            (resource_policy(root, odd), resource_policy(a, odd), resource_policy(b, odd)),
            (principal_policy(root, odd), principal_policy(a, odd)),
            (maybe(role_policy("", odd)), maybe(role_policy("a", odd))),
            (0..3_usize, 0..3_usize),
        );
        // A policy needs those in the scopes above it.
        parts.prop_map(|(derived, (root, a, b), (p, q), (role, in_a), (deep, of_principal))| {
            let mut files = vec![derived, root];
            files.extend([a, b].into_iter().take(deep));
            files.extend([p, q].into_iter().take(of_principal));
            files.extend(role.into_iter().chain(in_a));
            files
        })
    })
}
