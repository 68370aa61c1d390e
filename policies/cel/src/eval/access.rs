use std::sync::Arc;

use smallvec::SmallVec;

use super::{Result, at, pairs_value, value};
use crate::{
    Cx, ErrorKind, EvalError, List, MapRef, Message, Name, Opaque, Val, Value,
    functions::opaque::hierarchies,
    node::{Key, Kind, Node},
};

/// A value, or why there is none, wherever that is.
type Found<'a> = std::result::Result<Val<'a>, ErrorKind<'a>>;

#[inline]
pub(super) fn slot<'a>(node: &'a Node, slot: u32, name: &'a Arc<str>, cx: &Cx<'a>) -> Result<'a> {
    match cx.slots.get(slot as usize) {
        Some(Some(value)) => Ok(*value),
        _ => Err(at(node, ErrorKind::Undefined(Name::Borrowed(name)))),
    }
}

#[inline]
pub(super) fn local<'a>(node: &'a Node, place: usize, cx: &Cx<'a>) -> Result<'a> {
    if let Some(why) = failure(place, cx) {
        return Err(why.clone());
    }
    cx.locals.get(place).copied().ok_or_else(|| at(node, ErrorKind::NoSuchOverload))
}

fn failure<'c, 'a>(place: usize, cx: &'c Cx<'a>) -> Option<&'c EvalError<'a>> {
    let mut around = cx.failed.as_deref();
    while let Some(failed) = around {
        if failed.place == place {
            return Some(&failed.why);
        }
        around = failed.around.as_deref();
    }
    None
}

/// Names without a value are left out.
pub(super) fn object<'a>(
    node: &'a Node,
    fields: &'a [(Arc<str>, Node)],
    message: Option<&'static str>,
    cx: &mut Cx<'a>,
) -> Result<'a> {
    let mut pairs: SmallVec<[(Val<'a>, Val<'a>); 8]> = SmallVec::new();
    for (name, field) in fields {
        match value(field, cx) {
            Ok(value) => pairs.push((Val::Str(name), value)),
            Err(error) if error.kind.is_limit() => return Err(error),
            Err(_) => {}
        }
    }
    let made = match message {
        Some(name) => cx
            .slice(&pairs)
            .and_then(|fields| cx.keep(Message { name, fields }))
            .map(|message| Val::Map(MapRef::Message(message))),
        None => pairs_value(&pairs, cx),
    };
    made.map_err(|kind| at(node, kind))
}

/// A part whose value is there as it came: a constant, or an attribute of the request. Most parts are, and a reference
/// takes less than a value to hand on.
pub(super) enum Direct<'a> {
    Found(&'a Value),
    /// The attribute is not there.
    Missing(&'a Key),
    /// It is another kind of part.
    Otherwise,
}

#[inline]
pub(super) fn direct<'a>(node: &'a Node, cx: &mut Cx<'a>) -> Direct<'a> {
    match &node.kind {
        Kind::Const(value) if cx.charge(1).is_ok() => Direct::Found(value),
        Kind::Path { operand, keys } => match &**keys {
            [key] => attribute(operand, key, cx),
            _ => Direct::Otherwise,
        },
        _ => Direct::Otherwise,
    }
}

fn attribute<'a>(of: &'a Node, key: &'a Key, cx: &mut Cx<'a>) -> Direct<'a> {
    let named = match &of.kind {
        Kind::Slot { slot, .. } => cx.slots.get(*slot as usize).and_then(Option::as_ref),
        Kind::Local(place) if cx.failed.is_none() => cx.locals.get(*place),
        _ => None,
    };
    let Some(Val::Map(MapRef::Tree(map))) = named else { return Direct::Otherwise };
    let found = map.get_hashed(key.hash, &key.text);
    match (cx.charge(MapRef::TREE_SEARCH + 2), found) {
        (Ok(()), Some(found)) => Direct::Found(found),
        (Ok(()), None) => Direct::Missing(key),
        // Evaluated in the general way, it says that it takes too much.
        (Err(_), _) => Direct::Otherwise,
    }
}

/// `operand.a.b.c`
pub(super) fn path<'a>(node: &'a Node, operand: &'a Node, keys: &'a [Key], cx: &mut Cx<'a>) -> Result<'a> {
    let mut current = value(operand, cx)?;
    for key in keys {
        current = field(current, key, cx).map_err(|kind| at(node, kind))?;
    }
    Ok(current)
}

/// No value, for want of a key.
#[inline(never)]
pub(super) fn absent<'a>(node: &Node, key: &'a Key) -> Result<'a> {
    Err(at(node, missing(key)))
}

fn missing(key: &Key) -> ErrorKind<'_> {
    ErrorKind::NoSuchKey(Some(Name::Borrowed(&key.text)))
}

fn field<'a>(from: Val<'a>, key: &'a Key, cx: &mut Cx<'a>) -> Found<'a> {
    match from {
        Val::Map(map) => {
            cx.charge(map.search_cost())?;
            map.get_hashed(key.hash, &key.text).ok_or_else(|| missing(key))
        }
        // A null that is there is not a map whose fields may be absent: so says the language's specification.
        Val::Optional(Some(Val::Null)) => Err(missing(key)),
        Val::Optional(inner) => optional(inner.copied(), key, cx),
        Val::List(_) => Err(wrong_index(Val::Str(&key.text))),
        _ => Err(missing(key)),
    }
}

/// A field of what may be absent may be absent.
fn optional<'a>(from: Option<Val<'a>>, key: &'a Key, cx: &mut Cx<'a>) -> Found<'a> {
    match from {
        None => Ok(Val::Optional(None)),
        Some(Val::Map(map)) => cx.optional(map.get_set(key.hash, &key.text)),
        Some(Val::Optional(inner)) => optional(inner.copied(), key, cx),
        Some(Val::List(_)) => Err(wrong_index(Val::Str(&key.text))),
        Some(_) => Ok(Val::Optional(None)),
    }
}

pub(super) fn optional_field<'a>(
    node: &'a Node,
    operand: &'a Node,
    key: &'a Key,
    cx: &mut Cx<'a>,
) -> Result<'a> {
    let from = value(operand, cx)?;
    optional(Some(from), key, cx).map_err(|kind| at(node, kind))
}

pub(super) fn has<'a>(node: &'a Node, operand: &'a Node, key: &'a Key, cx: &mut Cx<'a>) -> Result<'a> {
    let mut from = value(operand, cx)?;
    while let Val::Optional(inner) = from {
        match inner {
            Some(inner) => from = *inner,
            None => return Ok(Val::Bool(false)),
        }
    }
    match from {
        Val::Map(map) => Ok(Val::Bool(map.get_set(key.hash, &key.text).is_some())),
        Val::List(_) => Err(at(node, wrong_index(Val::Str(&key.text)))),
        _ => Ok(Val::Bool(false)),
    }
}

pub(super) fn index<'a>(
    node: &'a Node,
    operand: &'a Node,
    index: &'a Node,
    optional: bool,
    cx: &mut Cx<'a>,
) -> Result<'a> {
    let (from, by) = (value(operand, cx)?, value(index, cx)?);
    if let Val::Map(map) = from {
        cx.charge(map.search_cost()).map_err(|kind| at(node, kind))?;
    }
    let found = match from {
        Val::Optional(None) => return Ok(Val::Optional(None)),
        Val::Optional(Some(inner)) => {
            let found = item(*inner, by);
            return absent_or(found, cx).map_err(|kind| at(node, kind));
        }
        _ => item(from, by),
    };
    let found = if optional { absent_or(found, cx) } else { found };
    found.map_err(|kind| at(node, kind))
}

fn absent_or<'a>(found: Found<'a>, cx: &mut Cx<'a>) -> Found<'a> {
    match found {
        Ok(value) => cx.optional(Some(value)),
        Err(ErrorKind::NoSuchKey(_) | ErrorKind::IndexOutOfBounds(_)) => Ok(Val::Optional(None)),
        Err(other) => Err(other),
    }
}

fn item<'a>(from: Val<'a>, by: Val<'a>) -> Found<'a> {
    match from {
        Val::List(list) => position(by).and_then(|index| nth(list, index)),
        Val::Map(map) => map.get(by).ok_or_else(|| no_such_key(by)),
        Val::Opaque(Opaque::Hierarchy(parts)) => hierarchies::element(parts, by),
        // Null, numbers and texts have no members: whatever is asked for is not there.
        _ => Err(no_such_key(by)),
    }
}

fn no_such_key(by: Val<'_>) -> ErrorKind<'static> {
    match shown(by) {
        Some(key) => ErrorKind::NoSuchKey(Some(Name::Shared(key))),
        None => ErrorKind::message(format!("invalid qualifier type: {}", by.type_name())),
    }
}

#[cold]
fn wrong_index(by: Val<'_>) -> ErrorKind<'static> {
    ErrorKind::message(match by {
        Val::Double(index) => format!("unsupported index value {index} in list"),
        _ => format!("unsupported index type '{}' in list", by.type_name()),
    })
}

fn nth(list: List<'_>, index: i64) -> Found<'_> {
    let item = usize::try_from(index).ok().and_then(|index| list.get(index));
    item.ok_or(ErrorKind::IndexOutOfBounds(index))
}

/// A whole number of any kind; JSON has only doubles.
fn position(by: Val<'_>) -> std::result::Result<i64, ErrorKind<'static>> {
    match by {
        Val::Int(index) => Ok(index),
        Val::Uint(index) => i64::try_from(index).map_err(|_| ErrorKind::IndexOutOfBounds(i64::MAX)),
        #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
        Val::Double(index) if index.fract() == 0.0 && index.abs() < 9.0e15 => Ok(index as i64),
        _ => Err(wrong_index(by)),
    }
}

fn shown(key: Val<'_>) -> Option<Arc<str>> {
    Some(match key {
        Val::Str(text) => text.into(),
        Val::Int(value) => value.to_string().into(),
        Val::Uint(value) => value.to_string().into(),
        Val::Double(value) => value.to_string().into(),
        Val::Bool(value) => value.to_string().into(),
        _ => return None,
    })
}
