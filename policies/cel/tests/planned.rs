//! What is left of a condition holds exactly where the condition holds, whatever the unknown names turn out to be.

use std::cell::Cell;

use portreeve_cel::{Arena, Cx, Env, Known, Limits, Program, Residual, Type, Val, Value};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

const KNOWN: &str = r#"{"s": "ab", "n": 2, "l": ["a", "ab", "b"], "m": {"a": "x", "b": "y"}, "t": true}"#;

fn condition() -> impl Strategy<Value = String> {
    let value = prop::sample::select(vec![
        "k.s",
        "k.n",
        "k.l",
        "k.m",
        "k.missing",
        "u.s",
        "u.n",
        "u.l",
        "u.missing",
        "k.m[u.key]",
        "k.m[u.s]",
        "'a'",
        "'ab'",
        "1.0",
        "2.0",
        "true",
        "v",
    ]);
    let operator = prop::sample::select(vec!["==", "!=", "<", ">=", "in", "+"]);
    let test = prop_oneof![
        (value.clone(), operator, value.clone()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (value.clone(), value.clone()).prop_map(|(a, b)| format!("{a}.startsWith({b})")),
        prop::sample::select(vec![
            "has(u.s)",
            "has(u.missing)",
            "has(k.s)",
            "has(k.missing)",
            "u.t",
            "k.t",
            "u.missing"
        ])
        .prop_map(str::to_owned),
    ];
    let part = test.prop_recursive(4, 24, 3, move |inner| {
        let range = prop::sample::select(vec!["k.l", "u.l", "k.m", "k.missing", "u.missing"]);
        let macros = prop::sample::select(vec!["all", "exists", "exists_one"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|sides| format!("({})", sides.join(" && "))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|sides| format!("({})", sides.join(" || "))),
            inner.clone().prop_map(|a| format!("!({a})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            (range, macros, inner.clone())
                .prop_map(|(range, name, body)| format!("{range}.{name}(v, {body})")),
            (value.clone(), inner).prop_map(|(bound, body)| format!("cel.bind(v, {bound}, {body})")),
        ]
    });
    part.prop_map(|part| format!("cel.bind(v, u.s, {part})"))
}

fn holds(program: &Program, known: &Value, unknown: &Value) -> bool {
    let arena = Arena::new();
    let slots = [Some(Val::from(known)), Some(Val::from(unknown))];
    let mut cx = Cx::new(&arena, &slots, None, Limits::default());
    program.condition(&mut cx).unwrap_or(false)
}

/// The residual as an expression; an error as one that fails.
fn written(residual: &Residual) -> String {
    let all = |parts: &[Residual], by: &str| parts.iter().map(written).collect::<Vec<_>>().join(by);
    match residual {
        Residual::Value(value) => format!("dyn({})", literal(value)),
        Residual::Error(_) => "dyn(1 / 0)".to_owned(),
        Residual::Variable(name) => name.to_string(),
        Residual::Local(name) => name.to_string(),
        Residual::Field(operand, field) => format!("{}.{field}", written(operand)),
        Residual::Index(a, b) => format!("{}[{}]", written(a), written(b)),
        Residual::Has(operand, field) => format!("has({}.{field})", written(operand)),
        Residual::Call(name, parts) => match parts.split_first() {
            Some((receiver, args)) => format!("{}.{name}({})", written(receiver), all(args, ", ")),
            None => format!("{name}()"),
        },
        Residual::Binary(operator, a, b) => format!("({} {} {})", written(a), operator.symbol(), written(b)),
        Residual::And(parts) => format!("({})", all(parts, " && ")),
        Residual::Or(parts) => format!("({})", all(parts, " || ")),
        Residual::Not(operand) => format!("!({})", written(operand)),
        Residual::Negate(operand) => format!("-({})", written(operand)),
        Residual::If(a, b, c) => format!("({} ? {} : {})", written(a), written(b), written(c)),
        Residual::List(parts) => format!("[{}]", all(parts, ", ")),
        Residual::Map(_) => "{}".to_owned(),
        Residual::Loop(each) => {
            format!(
                "{}.{}({}, {})",
                written(&each.range),
                each.function,
                each.names.join(", "),
                written(&each.body)
            )
        }
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::Double(number) => format!("{number:?}"),
        Value::List(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let entries: Vec<String> =
                map.iter().map(|(key, value)| format!("{key:?}: {}", literal(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}

#[test]
fn what_is_left_of_a_condition_holds_where_the_condition_holds() {
    let mut builder = Env::builder();
    builder.declare("k", Type::Dyn);
    builder.declare("u", Type::Dyn);
    let env = builder.build();
    let read = |json: &str| serde_json::from_str::<Value>(json).unwrap_or_default();
    let known = read(KNOWN);
    let worlds = [
        r#"{"s": "ab", "n": 1, "l": ["a", "c"], "key": "a", "t": true}"#,
        r#"{"s": "b", "n": 2, "l": [], "key": "none", "t": false}"#,
        r#"{"s": "a", "n": 3, "l": [1, true], "key": "b", "t": "no"}"#,
        "{}",
    ]
    .map(read);
    let (held, refused) = (Cell::new(0), Cell::new(0));
    let config = ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&condition(), |text| {
        let Ok(program) = env.compile(&text) else { return Ok(()) };
        let facts = [Known::Value(Val::from(&known)), Known::Unknown];
        let Ok(left) = env.partial(&program, &facts, None, Limits::default()) else { return Ok(()) };
        let left = written(&left.settled());
        let planned = env
            .compile(&left)
            .map_err(|issues| TestCaseError::fail(format!("{text} => {left}: {issues:?}")))?;
        for unknown in &worlds {
            let (asked, found) = (holds(&program, &known, unknown), holds(&planned, &known, unknown));
            let count = if asked { &held } else { &refused };
            count.set(count.get() + 1);
            prop_assert_eq!(asked, found, "{} => {}, where {:?}", text, left, unknown);
        }
        Ok(())
    });
    assert!(outcome.is_ok(), "{outcome:?}");
    assert!(held.get() > 500 && refused.get() > 500, "{} held, {} did not", held.get(), refused.get());
}
