//! Policy sets by chance. Each has kinds, roles, principals and scopes of its own, so that many live in one folder
//! without meeting.
//!
//! Left out is what Portreeve does otherwise on purpose (`docs/cerbos-compatibility.md`): outputs of conditional allows
//! that need consent (Q2), the effective derived roles within their own conditions (Q11), kinds that are not plain
//! names (Q12, Q17), rules that share a cached condition (Q13), outputs of rules whose derived role may be inactive
//! (Q21). Cerbos looks at the rules of one scope in no fixed order and stops at the first denial, so rules speak only
//! in sets in which nothing is denied.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::chance::Chance;

/// The policies of one set, each with the name of its file.
#[derive(Clone, Debug)]
pub(crate) struct Policies {
    pub(crate) id: usize,
    pub(crate) files: Vec<(String, Value)>,
}

pub(crate) const ACTIONS: [&str; 6] = ["view", "edit", "view:public", "view:draft:own", "delete", "share"];
const PATTERNS: [&str; 8] = ["*", "view*", "view:*", "view:**", "*:public", "e*", "**", "view:{public,x*}"];

/// The scopes of a set, each with what an allow in it needs.
pub(crate) struct Scopes(pub(crate) Vec<(String, bool)>);

pub(crate) fn role(id: usize, name: &str) -> String {
    format!("r{id}_{name}")
}

pub(crate) fn set(id: usize, chance: &mut Chance) -> Policies {
    let mut files = Vec::new();
    let talks = chance.percent(40);
    let depth = chance.between(0, 3);
    let mut scopes = vec![(String::new(), false)];
    for level in 1..=depth {
        let name = ["a", "b", "c"][..level].join(".");
        scopes.push((format!("s{id}.{name}"), !talks && chance.percent(35)));
    }
    // A scope's ancestors exist: `s1` is the parent of `s1.a`.
    if depth > 0 {
        scopes.insert(1, (format!("s{id}"), !talks && chance.percent(25)));
    }
    let scopes = Scopes(scopes);
    files.push(("shared.json".into(), shared(id, chance)));
    files.push(("derived.json".into(), derived_roles(id, chance)));
    for (index, (scope, consent)) in scopes.0.iter().enumerate() {
        let policy = resource((id, talks), scope, *consent, "default", chance);
        files.push((format!("resource{index}.json"), policy));
    }
    if chance.percent(30) {
        files.push(("resource_v2.json".into(), resource((id, talks), "", false, "v2", chance)));
    }
    for person in ["ann", "bob"] {
        if chance.percent(50) {
            let upto = chance.between(0, scopes.0.len() - 1);
            for (index, (scope, consent)) in scopes.0.iter().take(upto + 1).enumerate() {
                let policy = principal((id, talks), person, scope, *consent, chance);
                files.push((format!("principal_{person}{index}.json"), policy));
            }
        }
    }
    // Where allows need consent Cerbos counts a role policy as one that says otherwise (Q1).
    for (index, (scope, _)) in scopes.0.iter().enumerate().filter(|(_, (_, consent))| !consent) {
        for name in ["a", "b", "child"] {
            if !talks && chance.percent(if name == "child" { 40 } else { 12 }) {
                files.push((format!("role_{name}{index}.json"), role_policy(id, name, scope, chance)));
            }
        }
    }
    Policies { id, files }
}

fn with(policy: &Value) -> Value {
    let mut whole = json!({"apiVersion": "api.cerbos.dev/v1"});
    for (key, value) in policy.as_object().expect("a policy is an object") {
        whole[key] = value.clone();
    }
    whole
}

fn shared(id: usize, chance: &mut Chance) -> Value {
    let definitions = json!({"shared": expression(chance, false), "twice": "R.attr.n * 2.0"});
    with(&json!({"exportVariables": {"name": format!("shared{id}"), "definitions": definitions}}))
}

fn derived_roles(id: usize, chance: &mut Chance) -> Value {
    let parents = [
        vec![role(id, "a")],
        vec![role(id, "a"), role(id, "b")],
        vec!["*".to_owned()],
        vec![role(id, "parent")],
        vec![role(id, "nobody")],
    ];
    let definitions: Vec<Value> = (0..3)
        .map(|index| {
            let mut definition = json!({
                "name": format!("d{index}"),
                "parentRoles": parents[chance.below(parents.len())],
            });
            if chance.percent(70) {
                definition["condition"] = condition(chance, 0, false);
            }
            definition
        })
        .collect();
    let variables = json!({"local": {"mine": expression(chance, false)}});
    with(
        &json!({"derivedRoles": {"name": format!("people{id}"), "variables": variables, "definitions": definitions}}),
    )
}

fn variables(id: usize, chance: &mut Chance) -> Value {
    json!({
        "import": [format!("shared{id}")],
        "local": {"mine": expression(chance, false), "chain": "V.twice > 3.0 || V.mine == true"},
    })
}

fn constants() -> Value {
    json!({"local": {"limit": 3, "words": ["x", "y"], "on": true}})
}

fn resource(
    (id, talks): (usize, bool),
    scope: &str,
    consent: bool,
    version: &str,
    chance: &mut Chance,
) -> Value {
    let rules: Vec<Value> = (0..chance.between(0, 5)).map(|_| rule(id, talks, chance)).collect();
    let mut policy = json!({
        "resource": format!("kind{id}"),
        "version": version,
        "importDerivedRoles": [format!("people{id}")],
        "variables": variables(id, chance),
        "constants": constants(),
        "rules": rules,
    });
    place(&mut policy, scope, consent);
    with(&json!({"resourcePolicy": policy}))
}

fn place(policy: &mut Value, scope: &str, consent: bool) {
    if !scope.is_empty() {
        policy["scope"] = scope.into();
    }
    if consent {
        policy["scopePermissions"] = "SCOPE_PERMISSIONS_REQUIRE_PARENTAL_CONSENT_FOR_ALLOWS".into();
    }
}

fn rule(id: usize, talks: bool, chance: &mut Chance) -> Value {
    let allow = chance.percent(65);
    let never = talks && !allow;
    let mut rule = json!({
        "actions": actions(chance),
        "effect": if allow { "EFFECT_ALLOW" } else { "EFFECT_DENY" },
    });
    let derived = chance.percent(35);
    if derived {
        rule["derivedRoles"] = chance.some(&["d0", "d1", "d2"], chance.clone().between(1, 2)).into();
    }
    if !derived || chance.percent(15) {
        let names = [role(id, "a"), role(id, "b"), role(id, "parent"), "*".into(), format!("r{id}*")];
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let count = chance.between(1, 2);
        rule["roles"] = chance.some(&names, count).into();
    }
    if chance.percent(55) {
        rule["condition"] = condition(chance, 0, true);
    }
    if never {
        rule["condition"] =
            json!({"match": {"expr": chance.one(&["false", "R.attr.nowhere == 1", "P.id == \"\""])}});
    }
    if talks && chance.percent(60) {
        rule["output"] = output(chance, !derived);
    }
    rule
}

fn actions(chance: &mut Chance) -> Vec<&'static str> {
    let mut all = ACTIONS.to_vec();
    all.extend(PATTERNS);
    let count = chance.between(1, 3);
    chance.some(&all, count)
}

fn output(chance: &mut Chance, not_met: bool) -> Value {
    let mut when = json!({});
    if !not_met || chance.percent(70) {
        when["ruleActivated"] = said(chance);
    }
    if not_met && (when.get("ruleActivated").is_none() || chance.percent(40)) {
        when["conditionNotMet"] = said(chance);
    }
    json!({ "when": when })
}

/// No two rules say the same: of rules that are equal but for where they say it, Cerbos keeps one (Q29).
fn said(chance: &mut Chance) -> Value {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let texts: [&str; 7] = [
        "\"said\"",
        "R.attr.s",
        r#"{"id": R.id, "n": R.attr.n, "who": P.id}"#,
        "R.attr.l.map(x, x + \"!\")",
        r#"format("%s", [R.id])"#,
        "size(P.roles)",
        r#"[R.kind, R.scope, P.scope, timestamp("2020-01-01T00:00:00Z")]"#,
    ];
    // `format` is a method; the free form is no function, and is not wanted here.
    let text = chance
        .one(&texts.map(|text| if text.starts_with("format") { "R.id + \"/\" + R.attr.s" } else { text }));
    format!("[{text}, {number}]").into()
}

fn principal(
    (id, talks): (usize, bool),
    person: &str,
    scope: &str,
    consent: bool,
    chance: &mut Chance,
) -> Value {
    let mut number = 0;
    let kinds = [format!("kind{id}"), "*".into(), format!("kind{id}*"), format!("other{id}")];
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    let count = chance.between(1, 2);
    let rules: Vec<Value> = chance
        .some(&kinds, count)
        .into_iter()
        .map(|kind| {
            let actions: Vec<Value> = (0..chance.between(1, 3))
                .map(|_| {
                    number += 1;
                    entry(number, talks, chance)
                })
                .collect();
            json!({"resource": kind, "actions": actions})
        })
        .collect();
    let mut policy = json!({
        "principal": format!("{person}{id}"),
        "version": "default",
        "variables": variables(id, chance),
        "constants": constants(),
        "rules": rules,
    });
    place(&mut policy, scope, consent);
    with(&json!({"principalPolicy": policy}))
}

fn entry(number: usize, talks: bool, chance: &mut Chance) -> Value {
    let allow = talks || chance.percent(50);
    let mut entry = json!({
        "name": format!("n{number}"),
        "action": actions(chance)[0],
        "effect": if allow { "EFFECT_ALLOW" } else { "EFFECT_DENY" },
    });
    if chance.percent(60) {
        entry["condition"] = condition(chance, 0, false);
    }
    if talks && chance.percent(60) {
        entry["output"] = output(chance, true);
    }
    entry
}

fn role_policy(id: usize, name: &str, scope: &str, chance: &mut Chance) -> Value {
    let kind = if chance.percent(60) { format!("kind{id}") } else { "*".into() };
    let rules: Vec<Value> = (0..chance.between(1, 3))
        .map(|_| {
            let mut rule = json!({"resource": kind, "allowActions": actions(chance)});
            if chance.percent(45) {
                rule["condition"] = condition(chance, 0, false);
            }
            rule
        })
        .collect();
    let mut policy = json!({"role": role(id, name), "version": "default", "rules": rules});
    if name == "child" {
        policy["parentRoles"] = json!([role(id, chance.one(&["a", "parent"]))]);
    }
    place(&mut policy, scope, false);
    with(&json!({"rolePolicy": policy}))
}

fn condition(chance: &mut Chance, depth: usize, names: bool) -> Value {
    json!({"match": part(chance, depth, names)})
}

fn part(chance: &mut Chance, depth: usize, names: bool) -> Value {
    if depth >= 2 || chance.percent(65) {
        return json!({"expr": expression(chance, names)});
    }
    let parts: Vec<Value> = (0..chance.between(1, 3)).map(|_| part(chance, depth + 1, names)).collect();
    json!({chance.one(&["all", "any", "none"]): {"of": parts}})
}

/// With names: variables, constants and the derived roles that are effective.
fn expression(chance: &mut Chance, names: bool) -> String {
    let plain = [
        "R.attr.n > 2.0",
        "R.attr.n == 3",
        "R.attr.n + 1.0 < 4.0",
        "R.attr.s == \"x\"",
        "R.attr.s != P.attr.s",
        "R.attr.s.startsWith(\"x\")",
        "R.attr.s.matches(\"^[xy]+$\")",
        "R.attr.b",
        "!R.attr.b",
        "has(R.attr.n)",
        "has(R.attr.m.k)",
        "R.attr.m.k == \"v\"",
        "\"x\" in R.attr.l",
        "R.attr.s in R.attr.l",
        "size(R.attr.l) > 1",
        "R.attr.l.exists(e, e == P.attr.s)",
        "R.attr.l.all(e, e != \"z\")",
        "R.attr.l.filter(e, e == \"x\").size() == 1",
        "hasIntersection(R.attr.l, P.attr.l)",
        "P.id.startsWith(\"ann\")",
        "R.id == \"1\"",
        "P.attr.n >= R.attr.n",
        "R.attr.n < 3.0 || R.attr.b",
        "R.attr.b && R.attr.n > 1.0",
        "R.attr.n > 2.0 ? R.attr.b : !R.attr.b",
        "R.attr.?n.orValue(5.0) > 4.0",
        "timestamp(R.attr.t) < timestamp(\"2024-06-01T00:00:00Z\")",
        "duration(R.attr.d) > duration(\"1h\")",
        "R.attr.ip.inIPAddrRange(\"10.0.0.0/8\")",
        "hierarchy(R.attr.h).descendentOf(hierarchy(\"a\"))",
        "R.attr.n",
        "1 == 1",
        "false",
        "R.scope == \"\"",
        "R.attr.l.isSubset([\"x\", \"y\", \"z\"])",
        "int(R.attr.n) % 2 == 0",
        "R.attr.l[0] == \"x\"",
        "R.attr[\"s\"].size() == 1",
        "type(R.attr.n) == double",
        "P.roles.exists(r, r.endsWith(\"_a\"))",
        "request.auxData.jwt.sub == \"x\"",
    ];
    let named = [
        "V.mine",
        "V.shared",
        "V.twice > 4.0",
        "V.chain",
        "R.attr.n < C.limit",
        "R.attr.s in C.words",
        "C.on",
        "\"d0\" in runtime.effectiveDerivedRoles",
        "runtime.effectiveDerivedRoles.size() > 0",
        "G.num > 2",
        "G.env == \"t\"",
        "has(V.mine)",
        "V.mine == true",
    ];
    if names && chance.percent(30) { chance.one(&named).into() } else { chance.one(&plain).into() }
}
