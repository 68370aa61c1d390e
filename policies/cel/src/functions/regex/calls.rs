//! `matches` and `regex.*`, as expressions call them.

use super::{BadPattern, Pattern, Replacement};
use crate::functions::args::{Text, no_overload};
use crate::functions::{Function, Outcome};
use crate::{Cx, ErrorKind, Val};

pub(in crate::functions) const TABLE: &[Function] = &[
    Function::both(
        "matches",
        matches,
        &["matches(string, string) -> bool", "string.matches(string) -> bool"],
    ),
    Function::global(
        "regex.replace",
        replace,
        &[
            "regex.replace(string, string, string) -> string",
            "regex.replace(string, string, string, int) -> string",
        ],
    ),
    Function::global("regex.extract", extract, &["regex.extract(string, string) -> optional(string)"]),
    Function::global("regex.extractAll", extract_all, &["regex.extractAll(string, string) -> list(string)"]),
];

fn bad_pattern(bad: BadPattern) -> ErrorKind<'static> {
    ErrorKind::message(bad.to_string())
}

fn matches<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Str(text), Val::Str(pattern)] = args else { return no_overload() };
    cx.charge_text(text)?;
    Ok(Val::Bool(Pattern::cached(pattern).map_err(bad_pattern)?.is_match(text)))
}

fn replace<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let (text, pattern, new, limit) = match args {
        [Val::Str(text), Val::Str(pattern), Val::Str(new)] => (*text, *pattern, *new, None),
        // A negative limit means every match.
        [Val::Str(text), Val::Str(pattern), Val::Str(new), Val::Int(n)] => {
            (*text, *pattern, *new, usize::try_from(*n).ok())
        }
        _ => return no_overload(),
    };
    cx.charge_text(text)?;
    let pattern = Pattern::cached(pattern).map_err(bad_pattern)?;
    // Where nothing is replaced, nobody reads what would have been put there.
    if limit == Some(0) || !pattern.is_match(text) {
        return Ok(Val::Str(text));
    }
    let replacement = Replacement::parse(new, pattern.groups()).map_err(ErrorKind::message)?;
    Text::build(cx, |out| pattern.replace(text, &replacement, limit, |piece| out.push(piece)))
}

/// A pattern for extraction has at most one group: there would be no telling which is meant.
fn with_one_group<'a>(
    cx: &mut Cx<'a>,
    text: &str,
    pattern: &str,
) -> Result<std::sync::Arc<Pattern>, ErrorKind<'static>> {
    cx.charge_text(text)?;
    let compiled = Pattern::cached(pattern).map_err(bad_pattern)?;
    if compiled.groups() > 1 {
        return Err(ErrorKind::message(format!(
            "regular expression has more than one capturing group: `{pattern}`"
        )));
    }
    Ok(compiled)
}

fn extract<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Str(text), Val::Str(pattern)] = args else { return no_overload() };
    let found = with_one_group(cx, text, pattern)?.first_extract(text);
    cx.optional(found.map(Val::Str))
}

fn extract_all<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Str(text), Val::Str(pattern)] = args else { return no_overload() };
    let pattern = with_one_group(cx, text, pattern)?;
    let found: Vec<Val<'a>> = pattern.extracts(text).map(Val::Str).collect();
    cx.list(found.into_iter())
}
