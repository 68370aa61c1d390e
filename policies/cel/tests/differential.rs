//! The core of the language, compared with another implementation of it on generated expressions.

use std::cell::Cell;

use portreeve_cel::{Arena, Cx, Env, Limits, Type, Val, Value};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

/// An expression of literals, variables, operators and macros, without what the two are known to differ in.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("true".to_owned()),
        Just("false".to_owned()),
        Just("null".to_owned()),
        (-5_i64..5).prop_map(|n| format!("({n})")),
        (0_u64..5).prop_map(|n| format!("{n}u")),
        prop::sample::select(vec!["0.5", "1.0", "2.0", "(-1.5)", "'a'", "'ab'", "''", "b'a'"])
            .prop_map(str::to_owned),
        prop::sample::select(vec!["s", "n", "l", "m", "m.a", "m.b", "m.missing"]).prop_map(str::to_owned),
    ];
    // Most are `dyn`, so that the checker lets more of what is made of them through.
    let leaf = (leaf, prop::bool::weighted(0.7))
        .prop_map(|(text, dynamic)| if dynamic { format!("dyn({text})") } else { text });
    leaf.prop_recursive(5, 40, 3, |inner| {
        let operator = prop::sample::select(vec![
            "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "in",
        ]);
        let macros = prop::sample::select(vec!["all", "exists", "exists_one", "filter", "map"]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            inner.clone().prop_map(|a| format!("!({a})")),
            inner.clone().prop_map(|a| format!("dyn({a})")),
            inner.clone().prop_map(|a| format!("size({a})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{'k': {a}, 'l': {b}}}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}[{b}]")),
            (inner.clone(), macros, inner).prop_map(|(a, name, b)| format!("{a}.{name}(v, {b})")),
        ]
    })
}

const DATA: &str = r#"{"s": "ab", "n": 2.5, "l": [1, 2, "a"], "m": {"a": "a", "b": {"c": true}}}"#;

fn ours(text: &str) -> Option<String> {
    let data: Value = serde_json::from_str(DATA).unwrap_or_default();
    let mut builder = Env::builder();
    for name in ["s", "n", "l", "m"] {
        builder.declare(name, Type::Dyn);
    }
    let env = builder.build();
    let program = env.compile(text).ok()?;
    let arena = Arena::new();
    let slots: Vec<Option<Val<'_>>> =
        ["s", "n", "l", "m"].iter().map(|name| Val::from(&data).member(name)).collect();
    let mut cx = Cx::new(&arena, &slots, None, Limits::default());
    let value = program.eval(&mut cx).map_err(|error| assert!(!error.kind.is_limit(), "{error}")).ok();
    Some(value.map_or_else(|| "error".to_owned(), |value| show(value)))
}

fn show(value: Val<'_>) -> String {
    match value {
        Val::List(list) => {
            let items: String = list.iter().map(|item| show(item) + ",").collect();
            format!("[{items}]")
        }
        Val::Map(map) => {
            let mut entries: Vec<String> =
                map.iter().map(|(k, v)| format!("{}:{}", show(k), show(v))).collect();
            entries.sort();
            format!("{{{}}}", entries.join(","))
        }
        Val::Str(text) => format!("{text:?}"),
        Val::Bytes(bytes) => format!("b{bytes:?}"),
        Val::Int(n) => n.to_string(),
        Val::Uint(n) => format!("{n}u"),
        Val::Double(n) => format!("{n:?}"),
        Val::Bool(yes) => yes.to_string(),
        Val::Null => "null".to_owned(),
        other => other.type_name().to_owned(),
    }
}

fn theirs(text: &str) -> Option<String> {
    let program = cel::Program::compile(text).ok()?;
    let mut context = cel::Context::default();
    context.add_variable("s", "ab").ok()?;
    context.add_variable("n", 2.5).ok()?;
    let list = vec![cel::Value::Float(1.0), cel::Value::Float(2.0), cel::Value::from("a")];
    context.add_variable("l", cel::Value::from(list)).ok()?;
    let inner = std::collections::HashMap::from([("c", cel::Value::Bool(true))]);
    let map = std::collections::HashMap::from([("a", cel::Value::from("a")), ("b", cel::Value::from(inner))]);
    context.add_variable("m", cel::Value::from(map)).ok()?;
    Some(program.execute(&context).map_or_else(|_| "error".to_owned(), |value| show_theirs(&value)))
}

fn show_theirs(value: &cel::Value) -> String {
    match value {
        cel::Value::List(items) => {
            let items: String = items.iter().map(|item| format!("{},", show_theirs(item))).collect();
            format!("[{items}]")
        }
        cel::Value::Map(map) => {
            let mut entries: Vec<String> = map
                .map
                .iter()
                .map(|(key, value)| format!("{}:{}", show_theirs(&key.clone().into()), show_theirs(value)))
                .collect();
            entries.sort();
            format!("{{{}}}", entries.join(","))
        }
        cel::Value::String(text) => format!("{:?}", text.as_str()),
        cel::Value::Bytes(bytes) => format!("b{bytes:?}"),
        cel::Value::Int(n) => n.to_string(),
        cel::Value::UInt(n) => format!("{n}u"),
        cel::Value::Float(n) => format!("{n:?}"),
        cel::Value::Bool(yes) => yes.to_string(),
        cel::Value::Null => "null".to_owned(),
        other => format!("{other:?}"),
    }
}

/// `null in map` and `[] in map` are false here, as in the reference of policies; the other one calls them errors.
/// It also adds the keys of a map to a list, which is an error here.
fn is_known_difference(text: &str, ours: &str, theirs: &str) -> bool {
    (theirs.contains("error") && text.contains(" in ")) || (ours.contains("error") && text.contains(" + "))
}

/// The other one goes through maps in no order: where a list may come out of a map, its order does not count.
fn comparable(text: &str, value: &str) -> String {
    let from_map = (text.contains(".filter(") || text.contains(".map(")) && text.contains(['m', '{']);
    let mut characters: Vec<char> = value.chars().collect();
    if from_map {
        characters.sort_unstable();
    }
    characters.into_iter().collect()
}

#[test]
fn expressions_have_the_value_another_implementation_gives_them() {
    let seed = RngSeed::Fixed(2021);
    let config = ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        rng_seed: seed,
        ..ProptestConfig::default()
    };
    let (compared, valued) = (Cell::new(0), Cell::new(0));
    let outcome = TestRunner::new(config).run(&expression(), |text| {
        // What the checker refuses before evaluation, the other one only finds while evaluating.
        if let (Some(ours), Some(theirs)) = (ours(&text), theirs(&text))
            && !is_known_difference(&text, &ours, &theirs)
        {
            compared.set(compared.get() + 1);
            valued.set(valued.get() + usize::from(ours != "error"));
            prop_assert_eq!(comparable(&text, &ours), comparable(&text, &theirs), "{}", text);
        }
        Ok(())
    });
    assert!(outcome.is_ok(), "{outcome:?}");
    let (compared, valued) = (compared.get(), valued.get());
    assert!(compared > 600 && valued > 150, "{compared} compared, {valued} of them with values");
}
