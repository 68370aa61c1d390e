//! Values as the conformance files write them: `{"t": "int", "v": "1"}`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portreeve_cel::{Arena, List, MapRef, Val};
use serde_json::Value as Json;

/// The value in the arena of an evaluation.
pub(crate) fn read<'a>(json: &'a Json, arena: &'a Arena) -> Val<'a> {
    let text = || json["v"].as_str().expect("the value is text");
    match json["t"].as_str().expect("values have types") {
        "null" => Val::Null,
        "bool" => Val::Bool(json["v"].as_bool().expect("a boolean")),
        "int" => Val::Int(text().parse().expect("an int")),
        "uint" => Val::Uint(text().parse().expect("a uint")),
        "double" => Val::Double(match text() {
            "Infinity" => f64::INFINITY,
            "-Infinity" => f64::NEG_INFINITY,
            number => number.parse().expect("a double"),
        }),
        "string" => Val::Str(text()),
        "bytes" => Val::Bytes(STANDARD.decode(text()).expect("base64").leak()),
        "type" => Val::Type(text()),
        "list" => {
            let items = json["v"].as_array().expect("a list");
            let items: Vec<Val<'a>> = items.iter().map(|item| read(item, arena)).collect();
            Val::List(List::Vals(arena.values(&items)))
        }
        "map" => {
            let entries = json["v"].as_array().expect("entries");
            let entries: Vec<(Val<'a>, Val<'a>)> =
                entries.iter().map(|entry| (read(&entry[0], arena), read(&entry[1], arena))).collect();
            Val::Map(MapRef::Pairs(arena.pairs(&entries)))
        }
        other => panic!("no such type of values: {other}"),
    }
}

/// The same value of the same type; unlike in the language, NaN is the same as NaN and `1` is not `1.0`.
pub(crate) fn same(a: Val<'_>, b: Val<'_>) -> bool {
    match (a, b) {
        (Val::Double(x), Val::Double(y)) if x.is_nan() && y.is_nan() => true,
        (Val::List(x), Val::List(y)) => x.len() == y.len() && x.iter().zip(y.iter()).all(|(x, y)| same(x, y)),
        (Val::Map(x), Val::Map(y)) => {
            let found = |key: Val<'_>, value: Val<'_>| y.get(key).is_some_and(|other| same(value, other));
            x.len() == y.len() && x.iter().all(|(key, value)| found(key, value))
        }
        _ => a.type_name() == b.type_name() && a.equals(b),
    }
}
