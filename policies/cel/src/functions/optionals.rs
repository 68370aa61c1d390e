//! Values that may be absent.

use super::args::no_overload;
use super::{Function, Outcome};
use crate::{Cx, ErrorKind, Val};

pub(super) const TABLE: &[Function] = &[
    Function::global("optional.of", of, &["optional.of(A) -> optional(A)"]),
    Function::global("optional.none", none, &["optional.none() -> optional(A)"]),
    Function::global("optional.ofNonZeroValue", of_non_zero, &["optional.ofNonZeroValue(A) -> optional(A)"]),
    Function::global("optional.unwrap", unwrap, &["optional.unwrap(list(optional(A))) -> list(A)"]),
    Function::member("unwrapOpt", unwrap, &["list(optional(A)).unwrapOpt() -> list(A)"]),
    Function::member("hasValue", has_value, &["optional(A).hasValue() -> bool"]),
    Function::member("value", value, &["optional(A).value() -> A"]),
    Function::member("or", or, &["optional(A).or(optional(A)) -> optional(A)"]),
    Function::member("orValue", or_value, &["optional(A).orValue(A) -> A"]),
];

fn of<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [value] = args else { return no_overload() };
    cx.optional(Some(*value))
}

fn none<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    if args.is_empty() { Ok(Val::Optional(None)) } else { no_overload() }
}

fn of_non_zero<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [value] = args else { return no_overload() };
    cx.optional(Some(*value).filter(|value| !is_zero(*value)))
}

/// Nothing, false, 0 and the empty. An optional value is a value, be it absent or not.
fn is_zero(value: Val<'_>) -> bool {
    match value {
        Val::Null | Val::Bool(false) | Val::Int(0) | Val::Uint(0) | Val::Duration(0) => true,
        Val::Double(number) => number == 0.0,
        Val::Str(text) => text.is_empty(),
        Val::Bytes(bytes) => bytes.is_empty(),
        Val::List(list) => list.is_empty(),
        Val::Map(map) => map.is_empty(),
        Val::Timestamp(moment) => moment.seconds == super::time::rfc3339::MIN_SECONDS && moment.nanos == 0,
        _ => false,
    }
}

/// The values that are there.
fn unwrap<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::List(list)] = args else { return no_overload() };
    let mut present = Vec::new();
    for item in list.iter() {
        match item {
            Val::Optional(inner) => present.extend(inner.copied()),
            _ => return no_overload(),
        }
    }
    cx.list(present.into_iter())
}

fn has_value<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Optional(inner)] = args else { return no_overload() };
    Ok(Val::Bool(inner.is_some()))
}

fn value<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Optional(inner)] = args else { return no_overload() };
    inner.copied().ok_or_else(|| ErrorKind::message("optional.none() dereference"))
}

fn or<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Optional(first), Val::Optional(second)] = args else { return no_overload() };
    Ok(Val::Optional(first.or(*second)))
}

fn or_value<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Optional(inner), fallback] = args else { return no_overload() };
    Ok(inner.copied().unwrap_or(*fallback))
}
