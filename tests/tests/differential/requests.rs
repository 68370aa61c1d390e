//! Requests by chance, about one set of policies.

use serde_json::{Value, json};

use crate::{
    chance::Chance,
    policies::{ACTIONS, Policies, role},
};

/// A request about so many resources. Without `parents` nobody has a role that has others for parents.
pub(crate) fn request(set: &Policies, resources: usize, parents: bool, chance: &mut Chance) -> Value {
    let id = set.id;
    let version = if chance.percent(12) { "v2" } else { "" };
    let names = [role(id, "a"), role(id, "b"), role(id, "parent"), "other".into(), role(id, "child")];
    // Q8: the parents that a role has in one version Cerbos gives it in all.
    let known = if parents && version.is_empty() { 5 } else { 4 };
    let names: Vec<&str> = names.iter().map(String::as_str).take(known).collect();
    let count = chance.between(1, 3);
    let mut principal = json!({
        "id": format!("{}{id}", chance.one(&["ann", "bob", "eve"])),
        "roles": chance.some(&names, count),
        "attr": attributes(chance),
    });
    let scope = scope(id, chance);
    put(&mut principal, "scope", if chance.percent(60) { &scope } else { "" });
    // Q23: the same version for both, or Cerbos names no policy.
    put(&mut principal, "policyVersion", version);
    let resources: Vec<Value> = (0..resources)
        .map(|index| {
            let mut resource =
                json!({"kind": format!("kind{id}"), "id": (index % 3).to_string(), "attr": attributes(chance)});
            let scope = self::scope(id, chance);
            put(&mut resource, "scope", &scope);
            put(&mut resource, "policyVersion", version);
            let count = chance.between(2, 5);
            json!({"actions": chance.some(&ACTIONS, count), "resource": resource})
        })
        .collect();
    json!({"requestId": "r", "includeMeta": true, "principal": principal, "resources": resources})
}

fn put(object: &mut Value, key: &str, text: &str) {
    if !text.is_empty() {
        object[key] = text.into();
    }
}

fn scope(id: usize, chance: &mut Chance) -> String {
    match chance.below(10) {
        0 | 1 => String::new(),
        2 => format!("s{id}"),
        3 | 4 => format!("s{id}.a"),
        5 | 6 => format!("s{id}.a.b"),
        7 => format!("s{id}.a.b.c"),
        8 => ".".into(),
        _ => format!("s{id}.a.nowhere"),
    }
}

fn attributes(chance: &mut Chance) -> Value {
    let mut attributes = json!({});
    let values: [(&str, Vec<Value>); 9] = [
        ("n", vec![json!(1), json!(2.5), json!(3), json!(-4), json!("x"), json!(null)]),
        ("s", vec![json!("x"), json!("y"), json!("z"), json!("xy"), json!(7)]),
        ("b", vec![json!(true), json!(false), json!(true), json!("true")]),
        (
            "l",
            vec![json!([]), json!(["x"]), json!(["x", "y"]), json!(["z", "y"]), json!([1, "x"]), json!("x")],
        ),
        ("m", vec![json!({}), json!({"k": "v"}), json!({"k": "w"}), json!({"k": null}), json!(1)]),
        ("t", vec![json!("2024-01-01T00:00:00Z"), json!("2025-01-01T00:00:00+02:00"), json!("soon")]),
        ("d", vec![json!("90m"), json!("10s"), json!("1d")]),
        ("ip", vec![json!("10.1.2.3"), json!("192.168.0.1"), json!("::1"), json!("here")]),
        ("h", vec![json!("a.b"), json!("a"), json!("b.c"), json!("")]),
    ];
    for (name, choices) in values {
        if chance.percent(80) {
            attributes[name] = choices[chance.below(choices.len())].clone();
        }
    }
    attributes
}
