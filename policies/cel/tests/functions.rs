//! What the functions give, row by row of `functions.table`.

use portreeve_cel::{Arena, Cx, Env, Limits, Timestamp, Val};
use serde_json::{Value as Json, json};

/// Every row runs twice: as it is written, where most of it is worked out before any evaluation, and with its
/// constants hidden from that by `id`.
#[test]
fn functions_give_what_the_table_says() {
    let mut wrong = Vec::new();
    for line in
        include_str!("functions.table").lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let (expression, expected) = line.rsplit_once(" => ").expect("a row has an arrow");
        let expected = if expected == "error" { None } else { Some(expected) };
        for text in [expression.to_owned(), format!("id({expression})")] {
            let found = evaluated(&text);
            if !same(found.as_ref().ok(), expected) {
                wrong.push(format!("{text}\n    expected {expected:?}\n    found    {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} rows are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn same(found: Option<&Json>, expected: Option<&str>) -> bool {
    match (found, expected) {
        (None, None) => true,
        (Some(found), Some("none")) => *found == json!({ "optional": null }),
        (Some(found), Some(expected)) => {
            let Ok(expected) = serde_json::from_str::<Json>(expected) else { return false };
            let present = found.get("optional").unwrap_or(found);
            *present == expected || present.as_f64().is_some_and(|number| Some(number) == expected.as_f64())
        }
        _ => false,
    }
}

fn evaluated(text: &str) -> Result<Json, String> {
    let program = Env::builder().build().compile(text).map_err(|issues| format!("{issues:?}"))?;
    let arena = Arena::new();
    let now = Timestamp::parse("2026-01-01T00:00:00Z");
    let mut cx = Cx::new(&arena, &[], now, Limits::default());
    program.eval(&mut cx).map(shown).map_err(|error| error.to_string())
}

/// A value as outputs show it.
fn shown(value: Val<'_>) -> Json {
    const EXACT: i64 = 1 << 53;
    match value {
        Val::Int(number) if !(-EXACT < number && number < EXACT) => json!(number.to_string()),
        Val::Uint(number) if number >= EXACT.unsigned_abs() => json!(number.to_string()),
        Val::Optional(inner) => json!({ "optional": inner.map(|inner| shown(*inner)) }),
        Val::List(items) => items.iter().map(shown).collect(),
        other => serde_json::to_value(other.to_value()).unwrap_or(Json::Null),
    }
}
