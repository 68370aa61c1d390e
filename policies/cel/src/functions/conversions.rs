//! Conversions between types, and `size`, `type`, `dyn`, `id`.

use super::args::{Text, no_overload};
use super::strings::{index, numbers as written};
use super::time::{go_duration, rfc3339};
use super::{Function, Outcome, numbers};
use crate::{Cx, ErrorKind, Opaque, Val};

pub(super) const TABLE: &[Function] = &[
    Function::global(
        "int",
        int,
        &[
            "int(int) -> int",
            "int(uint) -> int",
            "int(double) -> int",
            "int(string) -> int",
            "int(timestamp) -> int",
            "int(duration) -> int",
        ],
    ),
    Function::global(
        "uint",
        uint,
        &["uint(uint) -> uint", "uint(int) -> uint", "uint(double) -> uint", "uint(string) -> uint"],
    ),
    Function::global(
        "double",
        double,
        &[
            "double(double) -> double",
            "double(int) -> double",
            "double(uint) -> double",
            "double(string) -> double",
        ],
    ),
    Function::global(
        "string",
        string,
        &[
            "string(string) -> string",
            "string(bool) -> string",
            "string(int) -> string",
            "string(uint) -> string",
            "string(double) -> string",
            "string(bytes) -> string",
            "string(timestamp) -> string",
            "string(duration) -> string",
            "string(net.IP) -> string",
            "string(net.CIDR) -> string",
        ],
    ),
    Function::global("bytes", bytes, &["bytes(bytes) -> bytes", "bytes(string) -> bytes"]),
    Function::global("bool", boolean, &["bool(bool) -> bool", "bool(string) -> bool"]),
    Function::global(
        "timestamp",
        timestamp,
        &[
            "timestamp(timestamp) -> timestamp",
            "timestamp(string) -> timestamp",
            "timestamp(int) -> timestamp",
        ],
    ),
    Function::global(
        "duration",
        duration,
        &["duration(duration) -> duration", "duration(string) -> duration"],
    ),
    Function::global(
        "type",
        |_, args| one(args, |value| Val::Type(value.type_name())),
        &["type(A) -> type(A)"],
    ),
    Function::global("dyn", |_, args| one(args, |value| value), &["dyn(A) -> dyn"]),
    Function::global("id", |_, args| one(args, |value| value), &["id(dyn) -> dyn"]),
    Function::both(
        "size",
        size,
        &[
            "size(string) -> int",
            "size(bytes) -> int",
            "size(list(A)) -> int",
            "size(map(A, B)) -> int",
            "string.size() -> int",
            "bytes.size() -> int",
            "list(A).size() -> int",
            "map(A, B).size() -> int",
            "cerbos.lib.hierarchy.size() -> int",
        ],
    ),
];

fn one<'a>(args: &[Val<'a>], convert: fn(Val<'a>) -> Val<'a>) -> Outcome<'a> {
    match args {
        [value] => Ok(convert(*value)),
        _ => no_overload(),
    }
}

fn int<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [value] = args else { return no_overload() };
    let converted = match value {
        Val::Int(n) => Some(*n),
        Val::Uint(n) => i64::try_from(*n).ok(),
        Val::Double(n) => numbers::int_from_double(*n),
        Val::Str(text) => return from_text(numbers::int_from_text(text), "int").map(Val::Int),
        Val::Timestamp(moment) => Some(moment.seconds),
        Val::Duration(nanos) => Some(*nanos),
        _ => return no_overload(),
    };
    converted.map(Val::Int).ok_or_else(|| ErrorKind::message("integer overflow: out of range"))
}

fn uint<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [value] = args else { return no_overload() };
    let converted = match value {
        Val::Uint(n) => Some(*n),
        Val::Int(n) => u64::try_from(*n).ok(),
        Val::Double(n) => numbers::uint_from_double(*n),
        Val::Str(text) => return from_text(numbers::uint_from_text(text), "uint").map(Val::Uint),
        _ => return no_overload(),
    };
    converted.map(Val::Uint).ok_or_else(|| ErrorKind::message("unsigned integer overflow: out of range"))
}

#[expect(clippy::cast_precision_loss, reason = "the nearest double is what the conversion asks for")]
fn double<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [value] = args else { return no_overload() };
    match value {
        Val::Double(n) => Ok(Val::Double(*n)),
        Val::Int(n) => Ok(Val::Double(*n as f64)),
        Val::Uint(n) => Ok(Val::Double(*n as f64)),
        Val::Str(text) => from_text(numbers::double_from_text(text), "double").map(Val::Double),
        _ => no_overload(),
    }
}

fn boolean<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [value] = args else { return no_overload() };
    match value {
        Val::Bool(_) => Ok(*value),
        Val::Str(text) => from_text(numbers::bool_from_text(text), "bool").map(Val::Bool),
        _ => no_overload(),
    }
}

fn from_text<T>(read: Option<T>, to: &str) -> Result<T, ErrorKind<'static>> {
    read.ok_or_else(|| ErrorKind::message(format!("type conversion error from 'string' to '{to}'")))
}

fn string<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [value] = args else { return no_overload() };
    match *value {
        Val::Str(_) => Ok(*value),
        Val::Bytes(bytes) => {
            let invalid = |_| ErrorKind::message("invalid UTF-8 in bytes, cannot convert to string");
            std::str::from_utf8(bytes).map(Val::Str).map_err(invalid)
        }
        Val::Bool(yes) => Ok(Val::Str(if yes { "true" } else { "false" })),
        Val::Int(n) => Text::build(cx, |out| out.display(n)),
        Val::Uint(n) => Text::build(cx, |out| out.display(n)),
        Val::Double(n) => Text::build(cx, |out| out.push(&written::general(n))),
        Val::Timestamp(moment) => Text::build(cx, |out| out.display(moment)),
        Val::Duration(nanos) => Text::build(cx, |out| out.display(go_duration::Seconds(nanos))),
        Val::Opaque(Opaque::Ip(ip)) => Text::build(cx, |out| out.display(ip)),
        Val::Opaque(Opaque::Cidr(cidr)) => Text::build(cx, |out| out.display(cidr)),
        _ => no_overload(),
    }
}

fn bytes<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    match args {
        [Val::Bytes(bytes)] => Ok(Val::Bytes(bytes)),
        [Val::Str(text)] => Ok(Val::Bytes(text.as_bytes())),
        _ => no_overload(),
    }
}

fn timestamp<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [value] = args else { return no_overload() };
    match value {
        Val::Timestamp(_) => Ok(*value),
        Val::Str(text) => {
            let bad =
                || ErrorKind::message(format!("invalid RFC 3339 timestamp \"{text}\", or out of range"));
            rfc3339::parse(text).map(Val::Timestamp).ok_or_else(bad)
        }
        Val::Int(seconds) if rfc3339::in_range(*seconds) => {
            Ok(Val::Timestamp(rfc3339::Written { seconds: *seconds, nanos: 0, offset: 0 }))
        }
        Val::Int(_) => Err(ErrorKind::message("timestamp out of range")),
        _ => no_overload(),
    }
}

fn duration<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [value] = args else { return no_overload() };
    match value {
        Val::Duration(_) => Ok(*value),
        Val::Str(text) => {
            let bad = || ErrorKind::message(format!("invalid duration \"{text}\", or out of range"));
            go_duration::parse(text).map(Val::Duration).ok_or_else(bad)
        }
        _ => no_overload(),
    }
}

fn size<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [value] = args else { return no_overload() };
    let size = match value {
        Val::Str(text) => return Ok(Val::Int(index::length(text))),
        Val::Bytes(bytes) => bytes.len(),
        Val::List(list) => list.len(),
        Val::Map(map) => map.len(),
        Val::Opaque(Opaque::Hierarchy(elements)) => elements.len(),
        _ => return no_overload(),
    };
    Ok(Val::Int(i64::try_from(size).unwrap_or(i64::MAX)))
}
