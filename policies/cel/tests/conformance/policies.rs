use portreeve_cel::{Arena, Cx, Env, EnvBuilder, Limits, Timestamp, Type, Val, Value};
use serde_json::Value as Json;

use crate::{assert_only, cases};

/// Cases that are decided otherwise here, each with the reason.
const DIFFERENT: &[&str] = &[
    // One of several conditions of an `any`, `all` or `none`: it is not to hold.
    r#"P.attr.team == "team""#,
    r#"R.attr.department == "engineering""#,
    // The documentation's examples are wrong: an address is no number, there is no such function, `\p` is no escape.
    "ip(P.attr.ipv4Address) == 4",
    r#"cidr("192.168.0.0/8").isMask() == true"#,
    r#"volumeName("C:\path\to\dir") == "C:""#,
];

/// The moment at which the cases are evaluated.
const NOW: &str = "2021-04-22T10:05:20.021-05:00";

#[test]
fn expressions_of_policies_mean_what_they_are_documented_to_mean() {
    let Some(cases) = cases("cerbos-expressions.json") else { return };
    let failures: Vec<(String, String)> = cases
        .iter()
        .filter_map(|case| {
            let text = case["expr"].as_str().expect("an expression");
            run(text, &case["req"], case["err"].as_bool().unwrap_or(false))
                .err()
                .map(|why| (text.to_owned(), why))
        })
        .collect();
    assert_only(DIFFERENT, &failures);
}

const FIELDS: [(&str, &str); 10] = [
    ("principal", "id"),
    ("principal", "roles"),
    ("principal", "attr"),
    ("principal", "policyVersion"),
    ("principal", "scope"),
    ("resource", "kind"),
    ("resource", "id"),
    ("resource", "attr"),
    ("resource", "policyVersion"),
    ("resource", "scope"),
];

fn declared() -> EnvBuilder {
    let attributes = || Type::map(Type::String, Type::Dyn);
    let mut builder = Env::builder();
    for (of, field) in FIELDS {
        let found = match field {
            "roles" => Type::list(Type::String),
            "attr" => attributes(),
            _ => Type::String,
        };
        builder.declare(&format!("request.{of}.{field}"), found);
    }
    builder.declare("request.auxData.jwt", attributes());
    for (alias, path) in
        [("P", "request.principal"), ("R", "request.resource"), ("request.aux_data", "request.auxData")]
    {
        builder.alias(alias, path);
    }
    builder
}

fn run(text: &str, request: &Json, fails: bool) -> Result<(), String> {
    let env = declared().build();
    let program = match env.compile(text) {
        Ok(program) => program,
        Err(_) if fails => return Ok(()),
        Err(issues) => return Err(format!("{issues:?}")),
    };
    let request: Value = serde_json::from_value(request.clone()).expect("requests are JSON");
    let arena = Arena::new();
    let mut slots = vec![None; env.slots()];
    let mut paths: Vec<(&str, &str)> = FIELDS.to_vec();
    paths.push(("auxData", "jwt"));
    for (of, field) in paths {
        let value = Val::from(&request).member(of).and_then(|of| of.member(field));
        slots[env.slot(&format!("request.{of}.{field}")).expect("declared").index()] = value;
    }
    let now = Timestamp::parse(NOW);
    let mut cx = Cx::new(&arena, &slots, now, Limits::default());
    match program.eval(&mut cx) {
        Ok(Val::Bool(true)) if !fails => Ok(()),
        Err(_) if fails => Ok(()),
        other => Err(format!("is {other:?}")),
    }
}
