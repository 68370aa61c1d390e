//! The functions of paths, as expressions call them.

use super::BadPath;
use crate::functions::args::{Text, no_overload};
use crate::functions::{Function, Outcome};
use crate::{Cx, ErrorKind, List, Val};

pub(in crate::functions) const TABLE: &[Function] = &[
    Function::global("basePath", |cx, a| taken(cx, a, super::base), &["basePath(string) -> string"]),
    Function::global("dirPath", |cx, a| taken(cx, a, super::dir), &["dirPath(string) -> string"]),
    Function::global("extPath", |cx, a| taken(cx, a, super::extension), &["extPath(string) -> string"]),
    Function::global("volumeName", volume, &["volumeName(string) -> string"]),
    Function::global("joinPath", join, &["joinPath(list(string)) -> string"]),
    Function::global("relPath", relative, &["relPath(string, string) -> string"]),
    Function::both(
        "pathHasPrefix",
        |_, a| tested(a, super::has_prefix),
        &["pathHasPrefix(string, string) -> bool", "string.pathHasPrefix(string) -> bool"],
    ),
    Function::both(
        "pathMatch",
        |_, a| tested(a, super::matches),
        &["pathMatch(string, string) -> bool", "string.pathMatch(string) -> bool"],
    ),
    Function::both(
        "pathMatchAnyOf",
        match_any,
        &["pathMatchAnyOf(string, list(string)) -> bool", "string.pathMatchAnyOf(list(string)) -> bool"],
    ),
];

fn bad_path(bad: BadPath) -> ErrorKind<'static> {
    ErrorKind::message(bad.to_string())
}

fn taken<'a>(cx: &mut Cx<'a>, args: &[Val<'a>], part: fn(&str) -> Result<String, BadPath>) -> Outcome<'a> {
    let [Val::Str(path)] = args else { return no_overload() };
    cx.charge_text(path)?;
    let part = part(path).map_err(bad_path)?;
    Text::build(cx, |out| out.push(&part))
}

fn volume<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Str(path)] = args else { return no_overload() };
    Ok(Val::Str(super::volume(path)))
}

fn join<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::List(list)] = args else { return no_overload() };
    let elements = texts(*list)?;
    for element in &elements {
        cx.charge_text(element)?;
    }
    let joined = super::join(&elements).map_err(bad_path)?;
    Text::build(cx, |out| out.push(&joined))
}

fn texts<'a>(list: List<'a>) -> Result<Vec<&'a str>, ErrorKind<'static>> {
    let text = |item| if let Val::Str(text) = item { Ok(text) } else { Err(ErrorKind::NoSuchOverload) };
    list.iter().map(text).collect()
}

fn relative<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Str(base), Val::Str(target)] = args else { return no_overload() };
    cx.charge_text(base)?;
    cx.charge_text(target)?;
    let way = super::relative(base, target).map_err(bad_path)?;
    Text::build(cx, |out| out.push(&way))
}

fn tested<'a>(args: &[Val<'a>], test: fn(&str, &str) -> Result<bool, BadPath>) -> Outcome<'a> {
    let [Val::Str(path), Val::Str(other)] = args else { return no_overload() };
    test(path, other).map(Val::Bool).map_err(bad_path)
}

/// In order; a bad pattern is an error only if no earlier one matches.
fn match_any<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Str(path), Val::List(patterns)] = args else { return no_overload() };
    for pattern in texts(*patterns)? {
        cx.charge_text(path)?;
        if super::matches(path, pattern).map_err(bad_path)? {
            return Ok(Val::Bool(true));
        }
    }
    Ok(Val::Bool(false))
}
