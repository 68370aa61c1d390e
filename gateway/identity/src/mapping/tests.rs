use serde_json::json;

use super::*;

fn config(id: &str, roles: &str, attributes: &[(&str, &str)]) -> MappingConfig {
    let attribute = |(name, expression): &(&str, &str)| Attribute {
        name: (*name).into(),
        expression: (*expression).into(),
    };
    MappingConfig {
        id: id.into(),
        roles: roles.into(),
        attributes: attributes.iter().map(attribute).collect(),
        ..MappingConfig::default()
    }
}

fn identify(config: &MappingConfig, claims: Json) -> Result<Identity, String> {
    let mapping = Mapping::compile(config, &["claims", "jose"]).unwrap();
    let facts = Facts { main: ("claims", claims), others: vec![("jose", json!({"alg": "RS256"}))] };
    let proof = Proof { facts, issuer: "idp", authenticator: &"test".into(), expires_at: None };
    mapping.identify(proof).map_err(|rejection| rejection.to_string())
}

#[test]
fn roles_are_a_list_of_text_each_once_and_never_none() {
    for (claims, expected) in [
        (json!({"roles": ["a", "b", "a"]}), Ok("a b")),
        (json!({"roles": []}), Ok("authenticated")),
        (json!({}), Ok("authenticated")),
        (json!({"roles": null}), Ok("authenticated")),
        (json!({"roles": "a,b"}), Err("credential is not valid: principal/roles-not-a-list-of-text")),
        (json!({"roles": ["a", 1]}), Err("credential is not valid: principal/roles-not-a-list-of-text")),
        (json!({"roles": [""]}), Err("credential is not valid: principal/roles-not-a-list-of-text")),
    ] {
        let found =
            identify(&config("'x'", "claims.roles", &[]), claims.clone()).map(|found| found.roles.join(" "));
        assert_eq!(found.as_deref().map_err(|error| &**error), expected, "{claims}");
    }
}

#[test]
fn attributes_are_what_policies_know_and_absent_ones_are_left_out() {
    let attributes = [
        ("department", "claims.department"),
        ("deep", "claims.a.b.c"),
        ("count", "size(claims.list)"),
        ("tenant?", "claims.?tid"),
        ("none?", "claims.?nothing"),
        ("alg", "jose.alg"),
        ("flags", "claims.flags.transformMap(k, v, v.on)"),
        ("whole", "claims.whole"),
    ];
    let claims = json!({"list": [1, 2], "tid": "t", "flags": {"x": {"on": true}}, "whole": {"n": 1}});
    let found = identify(&config("'x'", "[]", &attributes), claims).unwrap();
    let attributes = serde_json::to_value(Value::Map(found.attributes.clone())).unwrap();
    assert_eq!(
        attributes,
        json!({"count": 2, "tenant": "t", "alg": "RS256", "flags": {"x": true}, "whole": {"n": 1}})
    );
    assert_eq!(found.attributes.get("count"), Some(&Value::Double(2.0)), "numbers are doubles");
}

#[test]
fn an_expression_that_fails_refuses() {
    for (id, attributes, expected) in [
        ("claims.sub", &[][..], "credential is not valid: principal/no-id: no such key: sub"),
        ("claims.number", &[], "credential is not valid: principal/no-id"),
        ("''", &[], "credential is not valid: principal/no-id"),
        ("'x'", &[("a", "claims.x + 1")], "credential is not valid: principal/attribute: no such key: x"),
        ("'x'", &[("a", "ip('10.0.0.1')")], "credential is not valid: principal/attribute"),
    ] {
        let why = identify(&config(id, "[]", attributes), json!({"number": 7})).unwrap_err();
        assert_eq!(why, expected, "{id}");
    }
}

#[test]
fn requirements_lets_params_and_scope_are_worked_out_in_order() {
    let mut config = config("parts[0]", "[last]", &[("p", "params.p")]);
    let named = |name: &str, expression: &str| Named { name: name.into(), expression: expression.into() };
    config.lets = vec![named("parts", "claims.sub.split('|')"), named("last", "parts[size(parts) - 1]")];
    config.require = vec![Requirement {
        expression: "claims.ok == params.p".into(),
        reason: "not ok".into(),
        insufficient: false,
    }];
    config.params = json!({"p": "yes"}).as_object().unwrap().clone();
    config.scope = Some("claims.org".into());
    let found = identify(&config, json!({"sub": "a|b", "ok": "yes", "org": "acme.eu"})).unwrap();
    assert_eq!((&*found.subject, &*found.roles[0], found.scope.as_deref()), ("a", "b", Some("acme.eu")));
    assert_eq!(found.attributes.get("p"), Some(&Value::from("yes")));
    for claims in
        [json!({"sub": "a|b", "ok": "no"}), json!({"sub": "a|b"}), json!({"sub": "a|b", "ok": null})]
    {
        assert_eq!(
            identify(&config, claims).unwrap_err(),
            "credential is not valid: principal/require: not ok"
        );
    }
    let unscoped = identify(&config, json!({"sub": "a|b", "ok": "yes"})).unwrap();
    assert_eq!(unscoped.scope, None);
}

#[test]
fn what_cannot_be_right_is_said_with_its_place() {
    let mut wrong = config("claims.sub +", "session.roles", &[("a", "unknown(claims)")]);
    wrong.lets = vec![Named { name: "claims".into(), expression: "1".into() }];
    let flaws = Mapping::compile(&wrong, &["claims"]).unwrap_err();
    let found: Vec<_> = flaws.iter().map(|flaw| (&*flaw.field, flaw.code)).collect();
    assert_eq!(
        found,
        [
            ("let.claims", "principal/name-taken"),
            ("principal.id", "principal/expression"),
            ("principal.roles", "principal/expression"),
            ("principal.attr.a", "principal/expression"),
        ]
    );
    assert!(flaws[1].range.is_some());
}

#[test]
fn a_bomb_in_the_claims_is_cut_off() {
    let list: Vec<u32> = (0..2_000).collect();
    let squared = config("'x'", "[]", &[("n", "size(claims.l.map(a, claims.l.map(b, a + b)))")]);
    let why = identify(&squared, json!({"l": list})).unwrap_err();
    assert!(why.contains("more steps than it may"), "{why}");
}

#[test]
fn a_mechanism_without_usual_claims_needs_to_be_told_who_the_caller_is() {
    let flaws = Mapping::compile(&MappingConfig::default(), &["headers"]).unwrap_err();
    assert_eq!(flaws.iter().map(|flaw| flaw.code).collect::<Vec<_>>(), ["principal/no-id-expression"]);
    assert!(Mapping::compile(&MappingConfig::default(), &["session"]).is_ok());
}
