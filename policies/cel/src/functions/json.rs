//! `json.encode`: a value as JSON text, compact, keys in order, as Go's encoder writes it.

use std::fmt::Write as _;

use super::args::Text;
use super::time::go_duration::Seconds;
use crate::{ErrorKind, MapRef, Val};

/// Whole numbers beyond this are strings: a double could not hold them.
const EXACT: i64 = 1 << 53;
/// Values deeper than this are refused.
const MAX_DEPTH: usize = 64;

/// Writes `value` as JSON.
///
/// # Errors
/// For values without a JSON form: types, opaque values, maps with other keys than strings, NaN and infinities.
pub(crate) fn write<'a>(value: Val<'a>, out: &mut Text<'_, 'a>) -> Result<(), ErrorKind<'static>> {
    value_at(value, out, 0)
}

fn value_at<'a>(value: Val<'a>, out: &mut Text<'_, 'a>, depth: usize) -> Result<(), ErrorKind<'static>> {
    if depth > MAX_DEPTH {
        return Err(ErrorKind::message("value is nested too deeply for JSON"));
    }
    match value {
        Val::Null => out.push("null"),
        Val::Bool(yes) => out.push(if yes { "true" } else { "false" }),
        Val::Int(n) if (-EXACT < n) && (n < EXACT) => out.display(n),
        Val::Int(n) => out.display(format_args!("\"{n}\"")),
        Val::Uint(n) if n < EXACT.cast_unsigned() => out.display(n),
        Val::Uint(n) => out.display(format_args!("\"{n}\"")),
        Val::Double(n) if n.is_finite() => out.push(&number(n)),
        Val::Str(text) => string(text, out),
        Val::Bytes(bytes) => base64(bytes, out),
        Val::Duration(nanos) => out.display(format_args!("\"{}\"", Seconds(nanos))),
        Val::Timestamp(moment) => out.display(format_args!("\"{moment}\"")),
        Val::Optional(Some(inner)) => value_at(*inner, out, depth),
        Val::Optional(None) => Err(ErrorKind::message("optional.none() dereference")),
        Val::List(list) => {
            out.push("[")?;
            for (i, item) in list.iter().enumerate() {
                out.push(if i == 0 { "" } else { "," })?;
                value_at(item, out, depth + 1)?;
            }
            out.push("]")
        }
        Val::Map(map) => object(map, out, depth),
        _ => Err(ErrorKind::message(format!("`{}` has no JSON form", value.type_name()))),
    }
}

fn object<'a>(map: MapRef<'a>, out: &mut Text<'_, 'a>, depth: usize) -> Result<(), ErrorKind<'static>> {
    let mut entries: Vec<(&'a str, Val<'a>)> = Vec::with_capacity(map.len());
    for (key, value) in map.iter() {
        match key {
            Val::Str(key) => entries.push((key, value)),
            _ => {
                return Err(ErrorKind::message(format!(
                    "a key of type `{}` has no JSON form",
                    key.type_name()
                )));
            }
        }
    }
    entries.sort_by_key(|(key, _)| *key);
    out.push("{")?;
    for (i, (key, value)) in entries.into_iter().enumerate() {
        out.push(if i == 0 { "" } else { "," })?;
        string(key, out)?;
        out.push(":")?;
        value_at(value, out, depth + 1)?;
    }
    out.push("}")
}

/// The shortest text; with an exponent below 1e-6 and from 1e21 on, as in ECMAScript.
fn number(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return format!("{value}");
    }
    let text = format!("{value:e}");
    if text.contains("e-") { text } else { text.replace('e', "e+") }
}

/// Control characters, quotes, and what could end a script element or a line of script are escaped.
fn string<'a>(text: &str, out: &mut Text<'_, 'a>) -> Result<(), ErrorKind<'static>> {
    out.push("\"")?;
    let mut rest = text;
    while let Some(at) = rest.find(must_escape) {
        let (plain, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push(plain)?;
        let mut chars = from.chars();
        if let Some(c) = chars.next() {
            out.push(&escape(c))?;
        }
        rest = chars.as_str();
    }
    out.push(rest)?;
    out.push("\"")
}

fn must_escape(c: char) -> bool {
    c < ' ' || matches!(c, '"' | '\\' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}')
}

fn escape(c: char) -> String {
    match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\x08' => "\\b".to_owned(),
        '\x0c' => "\\f".to_owned(),
        _ => {
            let mut text = String::new();
            // Writing to a `String` cannot fail.
            let _ = write!(text, "\\u{:04x}", u32::from(c));
            text
        }
    }
}

fn base64<'a>(bytes: &[u8], out: &mut Text<'_, 'a>) -> Result<(), ErrorKind<'static>> {
    out.push("\"")?;
    super::encoders::push_base64(bytes, out)?;
    out.push("\"")
}
