//! The functions of strings, as expressions call them.

use super::{format, index, quote};
use crate::functions::args::{Text, no_overload};
use crate::functions::{Function, Outcome};
use crate::{Cx, ErrorKind, Val};

pub(in crate::functions) const TABLE: &[Function] = &[
    Function::member(
        "contains",
        |_, a| tested(a, |text, part| text.contains(part)),
        &["string.contains(string) -> bool"],
    ),
    Function::member(
        "startsWith",
        |_, a| tested(a, |text, part| text.starts_with(part)),
        &["string.startsWith(string) -> bool"],
    ),
    Function::member(
        "endsWith",
        |_, a| tested(a, |text, part| text.ends_with(part)),
        &["string.endsWith(string) -> bool"],
    ),
    Function::member("charAt", char_at, &["string.charAt(int) -> string"]),
    Function::member(
        "indexOf",
        index_of,
        &["string.indexOf(string) -> int", "string.indexOf(string, int) -> int"],
    ),
    Function::member(
        "lastIndexOf",
        last_index_of,
        &["string.lastIndexOf(string) -> int", "string.lastIndexOf(string, int) -> int"],
    ),
    Function::member(
        "substring",
        substring,
        &["string.substring(int) -> string", "string.substring(int, int) -> string"],
    ),
    Function::member("lowerAscii", lower, &["string.lowerAscii() -> string"]),
    Function::member("upperAscii", upper, &["string.upperAscii() -> string"]),
    Function::member("trim", trim, &["string.trim() -> string"]),
    Function::member(
        "replace",
        replace,
        &["string.replace(string, string) -> string", "string.replace(string, string, int) -> string"],
    ),
    Function::member(
        "split",
        split,
        &["string.split(string) -> list(string)", "string.split(string, int) -> list(string)"],
    ),
    Function::member("join", join, &["list(string).join() -> string", "list(string).join(string) -> string"]),
    Function::member("reverse", reverse, &["string.reverse() -> string", "list(A).reverse() -> list(A)"]),
    Function::member("format", formatted, &["string.format(list(dyn)) -> string"]),
    Function::global("strings.quote", quoted, &["strings.quote(string) -> string"]),
];

fn tested<'a>(args: &[Val<'a>], test: fn(&str, &str) -> bool) -> Outcome<'a> {
    match args {
        [Val::Str(text), Val::Str(part)] => Ok(Val::Bool(test(text, part))),
        _ => no_overload(),
    }
}

fn at_index<T>(found: Result<T, index::BadIndex>) -> Result<T, ErrorKind<'static>> {
    found.map_err(|bad| ErrorKind::message(bad.to_string()))
}

fn char_at<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Str(text), Val::Int(at)] = args else { return no_overload() };
    at_index(index::char_at(text, *at)).map(Val::Str)
}

fn index_of<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let (text, wanted, from) = match args {
        [Val::Str(text), Val::Str(wanted)] => (text, wanted, 0),
        [Val::Str(text), Val::Str(wanted), Val::Int(from)] => (text, wanted, *from),
        _ => return no_overload(),
    };
    at_index(index::index_of(text, wanted, from)).map(Val::Int)
}

fn last_index_of<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    match args {
        [Val::Str(text), Val::Str(wanted)] => Ok(Val::Int(index::last_index_of(text, wanted))),
        [Val::Str(text), Val::Str(wanted), Val::Int(until)] => {
            at_index(index::last_index_of_until(text, wanted, *until)).map(Val::Int)
        }
        _ => no_overload(),
    }
}

fn substring<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let (text, start, end) = match args {
        [Val::Str(text), Val::Int(start)] => (*text, *start, None),
        [Val::Str(text), Val::Int(start), Val::Int(end)] => (*text, *start, Some(*end)),
        _ => return no_overload(),
    };
    at_index(index::substring(text, start, end)).map(Val::Str)
}

fn lower<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Str(text)] = args else { return no_overload() };
    Text::build(cx, |out| text.chars().try_for_each(|c| out.push_char(c.to_ascii_lowercase())))
}

fn upper<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Str(text)] = args else { return no_overload() };
    Text::build(cx, |out| text.chars().try_for_each(|c| out.push_char(c.to_ascii_uppercase())))
}

fn trim<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Str(text)] = args else { return no_overload() };
    Ok(Val::Str(text.trim()))
}

/// How many times, where a negative number means always.
fn times(limit: i64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

fn replace<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let (text, old, new, limit) = match args {
        [Val::Str(text), Val::Str(old), Val::Str(new)] => (*text, *old, *new, usize::MAX),
        [Val::Str(text), Val::Str(old), Val::Str(new), Val::Int(limit)] => (*text, *old, *new, times(*limit)),
        _ => return no_overload(),
    };
    Text::build(cx, |out| {
        let mut rest = 0;
        for (at, found) in text.match_indices(old).take(limit) {
            out.push(text.get(rest..at).unwrap_or_default())?;
            out.push(new)?;
            rest = at + found.len();
        }
        out.push(text.get(rest..).unwrap_or_default())
    })
}

fn split<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let (text, separator, limit) = match args {
        [Val::Str(text), Val::Str(separator)] => (*text, *separator, usize::MAX),
        [Val::Str(text), Val::Str(separator), Val::Int(limit)] => (*text, *separator, times(*limit)),
        _ => return no_overload(),
    };
    if separator.is_empty() {
        return cx.list(characters(text, limit).map(Val::Str));
    }
    if limit == 0 {
        return cx.list(std::iter::empty());
    }
    cx.list(text.splitn(limit, separator).map(Val::Str))
}

/// The characters of a text; the last of `limit` pieces is all that remains.
fn characters(text: &str, limit: usize) -> impl Iterator<Item = &str> {
    let (mut rest, mut left) = (text, limit);
    std::iter::from_fn(move || {
        let width = rest.chars().next().filter(|_| left > 0)?.len_utf8();
        left -= 1;
        let (piece, after) = rest.split_at_checked(if left == 0 { rest.len() } else { width })?;
        rest = after;
        Some(piece)
    })
}

fn join<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let (list, separator) = match args {
        [Val::List(list)] => (list, ""),
        [Val::List(list), Val::Str(separator)] => (list, *separator),
        _ => return no_overload(),
    };
    Text::build(cx, |out| {
        for (i, item) in list.iter().enumerate() {
            let Val::Str(item) = item else { return Err(ErrorKind::NoSuchOverload) };
            out.push(if i == 0 { "" } else { separator })?;
            out.push(item)?;
        }
        Ok(())
    })
}

fn reverse<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    match args {
        [Val::Str(text)] => Text::build(cx, |out| text.chars().rev().try_for_each(|c| out.push_char(c))),
        [Val::List(list)] => cx.list((0..list.len()).rev().filter_map(|at| list.get(at))),
        _ => no_overload(),
    }
}

fn formatted<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Str(format), Val::List(values)] = args else { return no_overload() };
    Text::build(cx, |out| format::write(format, values.iter(), out))
}

fn quoted<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Str(text)] = args else { return no_overload() };
    Text::build(cx, |out| quote::write(text, |piece| out.push(piece)))
}
