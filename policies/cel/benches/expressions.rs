//! What conditions of the usual kinds cost, on attributes of the usual size.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use portreeve_cel::{Arena, Cx, Env, Limits, Timestamp, Type, Val, Value};

const EXPRESSIONS: [(&str, &str); 13] = [
    ("attribute", "R.attr.public"),
    ("owner and status", r#"R.attr.owner == P.id && R.attr.status in ["OPEN", "PENDING"]"#),
    ("department and size", "R.attr.department == P.attr.department && size(R.attr.tags) > 2"),
    ("role", r#"P.roles.exists(r, r == "admin")"#),
    ("time", r#"timestamp(R.attr.created) > now() - duration("24h")"#),
    ("regular expression", r#"R.attr.department.matches("^mark.*g$")"#),
    ("intersection", r#"hasIntersection(P.attr.teams, ["design", "sales"])"#),
    ("amounts", "R.attr.amount > 1000.0 && R.attr.amount <= P.attr.limit"),
    ("in", r#""admin" in P.roles"#),
    ("small maps", "R.attr.items.exists(i, i.owner == P.id && i.qty > 2)"),
    ("large maps", "R.attr.docs.exists(d, d.owner == P.id)"),
    ("has", r#"has(R.attr.region) ? R.attr.region == "EU" : R.attr.status != "CLOSED""#),
    ("missing attribute", "R.attr.missing == 1"),
];

fn attributes(named: &str) -> String {
    let mut json = String::from("{");
    for n in 0..12 {
        let _ = write!(json, r#""field{n}": "value {n}","#);
    }
    json + named + "}"
}

fn request() -> Value {
    let doc = attributes(r#""owner": "nobody", "a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7"#);
    let docs = vec![doc; 10].join(",");
    let principal = attributes(
        r#""department": "marketing", "teams": ["design", "product"], "limit": 5000, "region": "EU""#,
    );
    let resource = attributes(&format!(
        r#""public": true, "owner": "john", "status": "PENDING", "department": "marketing", "tags": [1, 2, 3],
        "created": "2021-04-22T08:05:20Z", "amount": 2000, "docs": [{docs}],
        "items": [{{"owner": "a", "qty": 1}}, {{"owner": "b", "qty": 5}}, {{"owner": "john", "qty": 3}}]"#
    ));
    let json = format!(
        r#"{{"P": {{"id": "john", "roles": ["user", "editor", "admin"], "attr": {principal}}}, "R": {{"attr": {resource}}}}}"#
    );
    serde_json::from_str(&json).unwrap_or_default()
}

fn environment() -> std::sync::Arc<Env> {
    let mut builder = Env::builder();
    builder.declare("P.id", Type::String);
    builder.declare("P.roles", Type::list(Type::String));
    builder.declare("P.attr", Type::map(Type::String, Type::Dyn));
    builder.declare("R.attr", Type::map(Type::String, Type::Dyn));
    builder.build()
}

fn evaluate(criterion: &mut Criterion) {
    let (env, request) = (environment(), request());
    let value = |of: &str, field: &str| Val::from(&request).member(of).and_then(|of| of.member(field));
    let slots = [value("P", "id"), value("P", "roles"), value("P", "attr"), value("R", "attr")];
    let now = Timestamp::parse("2021-04-22T10:05:20Z");
    let mut group = criterion.benchmark_group("evaluate");
    for (name, text) in EXPRESSIONS {
        let Ok(program) = env.compile(text) else { continue };
        let mut arena = Arena::new();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                arena.clear();
                let mut cx = Cx::new(&arena, &slots, now, Limits::default());
                black_box(program.eval(&mut cx).is_ok())
            });
        });
    }
    group.finish();
}

/// The same with the crate that the tests compare results with, where it has the functions.
fn peer(criterion: &mut Criterion) {
    let json = serde_json::to_value(request()).unwrap_or_default();
    let mut context = cel::Context::default();
    for name in ["P", "R"] {
        if context.add_variable(name, json.get(name)).is_err() {
            return;
        }
    }
    let mut group = criterion.benchmark_group("evaluate with the cel crate");
    for (name, text) in EXPRESSIONS {
        let Ok(program) = cel::Program::compile(text) else { continue };
        if program.execute(&context).is_err() && name != "missing attribute" {
            continue;
        }
        group.bench_function(name, |bencher| bencher.iter(|| black_box(program.execute(&context).is_ok())));
    }
    group.finish();
}

fn prepare(criterion: &mut Criterion) {
    let env = environment();
    criterion.bench_function("compile all", |bencher| {
        bencher.iter(|| EXPRESSIONS.iter().filter(|(_, text)| env.compile(black_box(text)).is_ok()).count());
    });
    let json = serde_json::to_string(&request()).unwrap_or_default();
    criterion.bench_function("read a request", |bencher| {
        bencher.iter(|| serde_json::from_str::<Value>(black_box(&json)).is_ok());
    });
}

criterion_group!(benches, evaluate, peer, prepare);
criterion_main!(benches);
