//! Names that callers declare: what is found wrong with their use, and what they stand for.

use std::sync::Arc;

use portreeve_cel::{Arena, Cx, Env, Limits, Type, Val, Value};

fn env() -> Arc<Env> {
    let mut names = Env::builder();
    names.declare("globals", Type::Fields("cerbos.Variables".into()));
    names.declare("request.principal.id", Type::String);
    names.declare("request.auxData.jwt", Type::map(Type::String, Type::Dyn));
    for (path, alias) in [("variables", "V"), ("constants", "C")] {
        names.roof(path, "cerbos.Variables");
        names.alias(alias, path);
    }
    names.alias("G", "globals");
    names.alias("P", "request.principal");
    names.alias("request.aux_data", "request.auxData");
    let mut more = names.build().extend();
    more.declare("variables.bar", Type::Dyn);
    more.declare("constants.foo", Type::Dyn);
    more.build()
}

fn findings(text: &str) -> Vec<String> {
    env().compile(text).err().into_iter().flatten().map(|issue| issue.message).collect()
}

#[test]
fn variables_are_selected_and_nothing_else() {
    let index = ["found no matching overload for '_[_]' applied to '(cerbos.Variables, string)'"];
    for text in [r#"C.foo > V["bar"]"#, r#"C["foo"] > G.baz"#, r#"G["baz"] > V.bar"#] {
        assert_eq!(findings(text), index, "{text}");
    }
    assert_eq!(findings("V.nope == C.nope"), ["undefined field 'nope'", "undefined field 'nope'"]);
    assert_eq!(findings("request.nope == wat"), ["undefined field 'nope'", "undeclared reference to 'wat'"]);
    for text in [
        "V.bar > C.foo",
        "variables.bar == G.anything.at.all",
        "has(V.bar) && has(G.x)",
        "P == request.principal",
    ] {
        assert_eq!(findings(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn every_spelling_of_a_name_is_one_slot() {
    let env = env();
    assert_eq!(env.slot("V.bar"), env.slot("variables.bar"));
    assert_eq!(env.slot("request.aux_data.jwt"), env.slot("request.auxData.jwt"));
    let mut reads: Vec<String> = Vec::new();
    for text in [
        "request.aux_data.jwt.sub == P.id",
        "request.auxData.jwt.sub == request.principal.id",
        "request.auxData.jwt['sub'] == P.id",
    ] {
        reads.extend(env.compile(text).iter().flat_map(|program| program.reads().map(str::to_owned)));
    }
    reads.dedup();
    reads.sort();
    reads.dedup();
    assert_eq!(reads, ["request.auxData.jwt", "request.auxData.jwt.sub", "request.principal.id"]);
}

#[test]
fn names_without_a_value_are_missing_from_the_object_over_them() {
    let env = env();
    let globals: Value = serde_json::from_str(r#"{"x": 1}"#).unwrap_or_default();
    let mut slots = vec![None; env.slots()];
    for (name, value) in [("globals", Val::from(&globals)), ("request.principal.id", Val::Str("me"))] {
        if let Some(slot) = env.slot(name).and_then(|slot| slots.get_mut(slot.index())) {
            *slot = Some(value);
        }
    }
    let arena = Arena::new();
    for (text, expected) in [
        ("request", Ok("map")),
        ("dyn(P) == {'id': 'me'}", Ok("bool")),
        ("has(V.bar)", Ok("bool")),
        ("V.bar", Err("undefined field 'bar'")),
        ("G.y", Err("no such key: y")),
        ("request.auxData.jwt.sub", Err("undefined field 'jwt'")),
    ] {
        let program = env.compile(text).unwrap_or_else(|issues| panic!("{text}: {issues:?}"));
        let mut cx = Cx::new(&arena, &slots, None, Limits::default());
        let found = program.eval(&mut cx).map(Val::type_name).map_err(|error| error.to_string());
        assert_eq!(found, expected.map_err(str::to_owned), "{text}");
    }
}
