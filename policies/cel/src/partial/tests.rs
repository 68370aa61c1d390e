use super::*;
use crate::{Arena, Env, Limits, Map, Type, Val};

/// Evaluates as far as it goes with `y`, `z` and the principal known, and of the resource only the department.
fn left(text: &str) -> String {
    let mut builder = Env::builder();
    builder.declare("request.resource.attr", Type::map(Type::String, Type::Dyn));
    builder.declare("request.principal.attr", Type::map(Type::String, Type::Dyn));
    builder.declare("y", Type::list(Type::String));
    builder.declare("z", Type::String);
    builder.declare("V.owned", Type::Dyn);
    builder.declare("V.unset", Type::Dyn);
    builder.alias("R", "request.resource");
    builder.alias("P", "request.principal");
    let env = builder.build();
    let read = |json: &str| serde_json::from_str::<Map>(json).expect("JSON");
    let resource = read(r#"{"department": "marketing"}"#);
    let principal = read(
        r#"{"country": "NZ", "teams": ["a", "b"], "maps": {"A": "ADMIN", "B": "USER"},
            "roles": {"A": {"role": "ADMIN"}, "B": {"role": "USER"}}}"#,
    );
    let arena = Arena::new();
    let y = arena.values(&[Val::Str("GB"), Val::Str("US")]);
    let owned = Residual::Binary(
        crate::syntax::Operator::Equal,
        Box::new(Residual::Variable("request.resource.attr.owner".into())),
        Box::new(Residual::Value("me".into())),
    );
    let known = [
        Known::Fields(&resource),
        Known::Value(Val::from(&principal)),
        Known::Value(Val::List(crate::List::Vals(y))),
        Known::Value(Val::Str("ca")),
        Known::Residual(&owned),
        Known::Unset,
    ];
    let program = env.compile(text).unwrap_or_else(|issues| panic!("{text}: {issues:?}"));
    let now = crate::Timestamp::parse("2024-01-16T10:18:27Z");
    match env.partial(&program, &known, now, Limits::default()) {
        Ok(residual) => show(&residual.settled()),
        Err(why) => format!("cannot: {why}"),
    }
}

fn show(residual: &Residual) -> String {
    let all = |parts: &[Residual]| parts.iter().map(show).collect::<Vec<_>>().join(", ");
    match residual {
        Residual::Value(value) => serde_json::to_string(value).expect("values have a JSON form"),
        Residual::Error(kind) => format!("error({kind})"),
        Residual::Variable(name) => name.replace("request.resource.attr", "R"),
        Residual::Local(name) => name.to_string(),
        Residual::Field(operand, field) => format!("{}.{field}", show(operand)),
        Residual::Index(a, b) => format!("{}[{}]", show(a), show(b)),
        Residual::Has(operand, field) => format!("has({}.{field})", show(operand)),
        Residual::Call(name, parts) => format!("{name}({})", all(parts)),
        Residual::Binary(operator, a, b) => format!("{} {} {}", show(a), operator.symbol(), show(b)),
        Residual::And(parts) => format!("and({})", all(parts)),
        Residual::Or(parts) => format!("or({})", all(parts)),
        Residual::Not(operand) => format!("not({})", show(operand)),
        Residual::Negate(operand) => format!("-{}", show(operand)),
        Residual::If(a, b, c) => format!("if({}, {}, {})", show(a), show(b), show(c)),
        Residual::List(parts) => format!("[{}]", all(parts)),
        Residual::Map(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{}: {}", show(key), show(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Residual::Loop(each) => {
            let test = each.test.iter().map(|test| format!(" if {}", show(test))).collect::<String>();
            format!(
                "{}({}, {} -> {}{test})",
                each.function,
                show(&each.range),
                each.names.join(","),
                show(&each.body)
            )
        }
    }
}

#[test]
fn known_parts_are_evaluated_and_unknown_ones_stay() {
    for (text, expected) in [
        ("R.attr.department == R.attr.project.department", r#""marketing" == R.project.department"#),
        (r#"R.attr.geo in y && R.attr.department in ["engineering"]"#, "false"),
        ("R.attr.geo in (y + [z]).map(t, t.upperAscii())", r#"R.geo in ["GB","US","CA"]"#),
        ("request.resource.attr.geo == request.principal.attr.country", r#"R.geo == "NZ""#),
        ("R.attr.geo in y || 1 == 1", "true"),
        (r#"R.attr["geo"] == P.attr["country"]"#, r#"R["geo"] == "NZ""#),
        ("R.attr.a && true && R.attr.b && R.attr.a", "and(R.a, and(R.b, R.a))"),
        ("!(!R.attr.a)", "not(not(R.a))"),
        ("R.attr.a ? z : 'x'", r#"if(R.a, "ca", "x")"#),
        ("z == 'ca' ? R.attr.a : R.attr.b", "R.a"),
        ("V.owned && R.attr.x == 1.0", r#"and(R.owner == "me", R.x == 1)"#),
        ("now() - duration('1h') < timestamp(R.attr.t)", r#""2024-01-16T09:18:27Z" < timestamp(R.t)"#),
        ("hierarchy(R.attr.s).ancestorOf(hierarchy(z))", r#"ancestorOf(hierarchy(R.s), hierarchy("ca"))"#),
        ("has(R.attr.department) && has(R.attr.x)", "has(R.x)"),
        ("cel.bind(v, R.attr.x, v == z && v != 'b')", r#"and(R.x == "ca", R.x != "b")"#),
        ("{'a': R.attr.x}.a == 1", r#"{"a": R.x}.a == 1"#),
        ("[R.attr.x, z][0] == z", r#"[R.x, "ca"][0] == "ca""#),
        ("R.attr.m[z] == 'x'", r#"R.m["ca"] == "x""#),
    ] {
        assert_eq!(left(text), expected, "{text}");
    }
}

#[test]
fn macros_over_known_lists_are_written_out_and_others_stay() {
    for (text, expected) in [
        ("P.attr.teams.exists(t, t == R.attr.team)", r#"or("a" == R.team, "b" == R.team)"#),
        ("P.attr.teams.all(t, t.startsWith(R.attr.x))", r#"and(startsWith("a", R.x), startsWith("b", R.x))"#),
        ("P.attr.maps.exists(k, v, v == 'USER' && R.attr.k == k)", r#"R.k == "B""#),
        ("R.attr.l.all(x, z in x.countries)", r#"all(R.l, x -> "ca" in x.countries)"#),
        (
            "R.attr.l.all(t, P.attr.teams.exists(x, t.startsWith(x)))",
            r#"all(R.l, t -> exists(["a","b"], x -> startsWith(t, x)))"#,
        ),
        ("R.attr.deps.all(k, v, k != v)", "all(R.deps, k,v -> k != v)"),
        ("[].exists_one(x, x == R.attr.x) || R.attr.y", "R.y"),
        ("{}.existsOne(k, v, v == R.attr.x)", "false"),
        ("[].map(x, R.attr.x) == R.attr.y", "[] == R.y"),
        ("[].filter(x, R.attr.x) == R.attr.y", "[] == R.y"),
        ("[].transformMap(i, v, R.attr.x) == R.attr.y", "transformMap([], i,v -> R.x) == R.y"),
        (
            "z in R.attr.l.map(t, t != z, t.upperAscii())",
            r#""ca" in map(R.l, t -> upperAscii(t) if t != "ca")"#,
        ),
    ] {
        assert_eq!(left(text), expected, "{text}");
    }
}

#[test]
fn an_unknown_key_of_a_known_map_is_a_choice_of_its_keys() {
    for (text, expected) in [
        ("P.attr.maps[R.attr.k] == 'ADMIN'", r#"R.k == "A""#),
        ("P.attr.roles[R.attr.k].role != 'ADMIN'", r#"R.k == "B""#),
        (
            "P.attr.maps[R.attr.k] == R.attr.v",
            r#"or(and(R.k == "A", "ADMIN" == R.v), and(R.k == "B", "USER" == R.v))"#,
        ),
        ("P.attr.maps[R.attr.k] == 'nobody'", "false"),
        ("'x' in P.attr.maps[R.attr.k]", "false"),
    ] {
        assert_eq!(left(text), expected, "{text}");
    }
}

#[test]
fn an_error_never_makes_a_condition_hold() {
    for (text, expected) in [
        ("P.attr.missing == 1", "false"),
        ("P.attr.missing == 1 || R.attr.a", "R.a"),
        ("P.attr.missing == 1 && R.attr.a", "false"),
        ("!(P.attr.missing == 1)", "false"),
        ("!(P.attr.missing == 1 || R.attr.a)", "false"),
        ("!(P.attr.missing == 1 && R.attr.a)", "not(R.a)"),
        ("R.attr.a ? P.attr.missing : R.attr.b", "and(not(R.a), R.b)"),
        ("!(R.attr.a ? P.attr.missing : R.attr.b)", "and(not(R.a), not(R.b))"),
        ("R.attr.l.exists(x, x == 1 || P.attr.missing)", "exists(R.l, x -> x == 1)"),
        ("!R.attr.l.exists(x, x == 1 || P.attr.missing)", "all(R.l, x -> false)"),
        ("P.attr.missing == R.attr.x", "false"),
        ("V.unset == 1 || has(V.unset)", "false"),
        ("1.0 / R.attr.x > P.attr.missing", "false"),
    ] {
        assert_eq!(left(text), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_planned_says_so() {
    for text in [
        "R.attr.?a.orValue(1) == 1",
        "R.attr[?'a'].hasValue()",
        "[?R.attr.?x] == []",
        "R.attr.?x.optMap(v, v)",
    ] {
        assert!(left(text).starts_with("cannot: "), "{text}: {}", left(text));
    }
    let nested = "P.attr.teams.all(a, ".repeat(18) + "R.attr.x == 1" + &")".repeat(18);
    assert_eq!(left(&nested), "cannot: the expression has too many parts to be planned");
}
