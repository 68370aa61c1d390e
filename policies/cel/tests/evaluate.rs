//! Expressions over request data, as a caller of the crate evaluates them.
#![expect(clippy::unwrap_used, clippy::string_slice, reason = "a test may fail by panicking")]

use std::sync::Arc;

use portreeve_cel::{Arena, Cx, Env, Limits, Timestamp, Type, Val, Value};

fn env() -> Arc<Env> {
    let mut names = Env::builder();
    names.declare("request.principal.id", Type::String);
    names.declare("request.principal.attr", Type::map(Type::String, Type::Dyn));
    names.declare("request.resource.attr", Type::map(Type::String, Type::Dyn));
    names.declare("V.missing", Type::Dyn);
    names.alias("P", "request.principal");
    names.alias("R", "request.resource");
    names.build()
}

/// The value as JSON, or what is wrong: the message and the part that is to blame.
fn shown(text: &str) -> String {
    let program = match env().compile(text) {
        Ok(program) => program,
        Err(issues) => return issues.into_iter().map(|issue| issue.message).collect::<Vec<_>>().join("; "),
    };
    let data: Value = serde_json::from_str(
        r#"{"owner": "alice", "n": 2, "tags": ["a", "b"], "items": [{"qty": 1}, {"qty": 3}], "none": null}"#,
    )
    .unwrap();
    let slots = [Some(Val::Str("alice")), Some(Val::from(&data)), Some(Val::from(&data)), None];
    let arena = Arena::new();
    let now = Timestamp::parse("2024-01-02T03:04:05Z");
    let mut cx = Cx::new(&arena, &slots, now, Limits::default());
    match program.eval(&mut cx) {
        Ok(value) => value.to_value().map_or("?".to_owned(), |value| serde_json::to_string(&value).unwrap()),
        Err(error) => format!("{error} at {}", &text[error.start as usize..error.end as usize]),
    }
}

#[test]
fn expressions_have_values_and_errors_have_places() {
    for (text, expected) in [
        ("R.attr.owner == P.id", "true"),
        ("request.resource.attr.owner == request.principal.id && R.attr.n > 1", "true"),
        ("R.attr.wat", "no such key: wat at R.attr.wat"),
        ("R.attr.wat || true", "true"),
        ("1 + 2 == 3 && R.attr.owner.x", "no such key: x at R.attr.owner.x"),
        ("R.attr.n + 1", "no such overload at R.attr.n + 1"),
        ("R.attr.n + 1.0", "3"),
        ("has(R.attr.none) && !has(R.attr.wat)", "true"),
        ("has(V.missing)", "false"),
        ("V.missing", "undefined field 'missing' at V.missing"),
        ("\"a\" in R.attr.tags", "true"),
        ("R.attr.items.exists(i, i.qty > 2.0)", "true"),
        ("R.attr.items.map(i, i.qty)", "[1,3]"),
        ("R.attr.items.filter(i, i.qty > 1).size()", "1"),
        ("R.attr.tags.transformMap(i, t, t + \"!\")", "?"),
        ("cel.bind(x, R.attr.n, x * x)", "4"),
        ("R.attr.?wat.orValue(7)", "7"),
        ("R.attr.?owner.optMap(o, o + \"!\").value()", "\"alice!\""),
        ("R.attr.owner.matches(\"^al.*e$\")", "true"),
        ("timestamp(\"2024-01-01T00:00:00Z\") > now() - duration(\"48h\")", "true"),
        ("now() - timestamp(\"2024-01-01T00:00:00Z\")", "\"97445s\""),
        ("[1, 2].all(x, [3, 4].exists(y, y > x))", "true"),
        ("math.greatest(1, 2, 3)", "3"),
        ("size([1, 2]) + \"abc\".size()", "5"),
        ("1 / 0", "division by zero at 1 / 0"),
        ("P.id == wat", "undeclared reference to 'wat'"),
        ("P.wat == 1", "undefined field 'wat'"),
        ("P.id", "\"alice\""),
        (
            "P",
            r#"{"id":"alice","attr":{"owner":"alice","n":2,"tags":["a","b"],"items":[{"qty":1},{"qty":3}],"none":null}}"#,
        ),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn a_program_says_what_it_reads() {
    let program = env()
        .compile("R.attr.owner == P.id && has(R.attr.team.lead) && R.attr.tags.exists(t, t == P.attr.tag)");
    let reads: Vec<String> = program.unwrap().reads().map(str::to_owned).collect();
    assert_eq!(
        reads,
        [
            "request.principal.attr.tag",
            "request.principal.id",
            "request.resource.attr.owner",
            "request.resource.attr.tags",
            "request.resource.attr.team",
        ]
    );
}

#[test]
fn an_evaluation_ends_at_its_limits() {
    let doubling = format!("['a']{}", ".map(x, x + x)".repeat(60));
    assert!(
        shown(&doubling).starts_with("the expression takes more memory than it may"),
        "{}",
        shown(&doubling)
    );
    let ten = "[0,1,2,3,4,5,6,7,8,9]";
    let mut nested = "true".to_owned();
    for depth in 0..9 {
        nested = format!("{ten}.all(x{depth}, {nested})");
    }
    assert!(shown(&nested).starts_with("the expression takes more steps than it may"), "{}", shown(&nested));
}
