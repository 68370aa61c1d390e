//! What an expression's value is.

mod access;
mod logic;
mod macros;
mod operators;

use smallvec::SmallVec;

use crate::{
    Cx, ErrorKind, EvalError, List, MapRef, Pairs, Val,
    functions::{Call, Outcome},
    node::{Entry, Item, Kind, Node},
};

use access::Direct;

type Result<'a, T = Val<'a>> = std::result::Result<T, EvalError<'a>>;

// Made at every step.
const _: () = assert!(size_of::<Result<'_>>() <= 32);

/// The value of a part of an expression.
#[inline]
pub(crate) fn value<'a>(node: &'a Node, cx: &mut Cx<'a>) -> Result<'a> {
    argument(node, cx)
}

/// The same, put together where it goes.
#[inline(always)]
fn argument<'a>(node: &'a Node, cx: &mut Cx<'a>) -> Result<'a> {
    match access::direct(node, cx) {
        Direct::Found(found) => Ok(Val::from(found)),
        Direct::Missing(key) => access::absent(node, key),
        Direct::Otherwise => worked_out(node, cx),
    }
}

/// The value of a part that is neither a constant nor an attribute.
fn worked_out<'a>(node: &'a Node, cx: &mut Cx<'a>) -> Result<'a> {
    cx.charge(1).map_err(|kind| at(node, kind))?;
    match &node.kind {
        Kind::Slot { slot, name } => access::slot(node, *slot, name, cx),
        Kind::Local(place) => access::local(node, *place, cx),
        _ => compound(node, cx),
    }
}

/// The kinds that most conditions are made of.
#[inline(never)]
fn compound<'a>(node: &'a Node, cx: &mut Cx<'a>) -> Result<'a> {
    match &node.kind {
        Kind::And(sides) => logic::all(sides, cx),
        Kind::Or(sides) => logic::any(sides, cx),
        Kind::Not(operand) => match value(operand, cx)? {
            Val::Bool(value) => Ok(Val::Bool(!value)),
            _ => Err(at(node, ErrorKind::NoSuchOverload)),
        },
        Kind::Conditional(parts) => logic::conditional(node, parts, cx),
        Kind::Equal { sides, negated } => equality(node, sides, *negated, cx),
        Kind::Compare { sides, operator } => {
            let (left, right) = both(sides, cx)?;
            operators::compare(*operator, left, right).map_err(|kind| at(node, kind))
        }
        Kind::In(sides) => {
            let (item, collection) = both(sides, cx)?;
            operators::is_in(item, collection, cx).map_err(|kind| at(node, kind))
        }
        Kind::Arithmetic { sides, operator } => {
            let (left, right) = both(sides, cx)?;
            operators::arithmetic(*operator, left, right, cx).map_err(|kind| at(node, kind))
        }
        Kind::Call { name, call, args } => function(node, (name, *call), args, cx),
        Kind::Matches { text, pattern } => match value(text, cx)? {
            Val::Str(text) => {
                cx.charge_text(text).map_err(|kind| at(node, kind))?;
                Ok(Val::Bool(pattern.pattern.is_match(text)))
            }
            _ => Err(at(node, ErrorKind::NoSuchOverload)),
        },
        Kind::Macro(call) => macros::value(node, call, cx),
        _ => rarer(node, cx),
    }
}

/// The other kinds of parts.
#[inline(never)]
fn rarer<'a>(node: &'a Node, cx: &mut Cx<'a>) -> Result<'a> {
    match &node.kind {
        Kind::Const(value) => Ok(Val::from(value)),
        Kind::Type(name) => Ok(Val::Type(name)),
        Kind::Path { operand, keys } => access::path(node, operand, keys, cx),
        Kind::Object { fields, message } => access::object(node, fields, *message, cx),
        Kind::OptionalField { operand, key } => access::optional_field(node, operand, key, cx),
        Kind::Index { operand, index, optional } => access::index(node, operand, index, *optional, cx),
        Kind::Has { operand, key } => access::has(node, operand, key, cx),
        Kind::HasField(slot) => {
            let found = cx.slots.get(*slot as usize).copied().flatten();
            Ok(Val::Bool(found.is_some_and(|found| !found.is_empty())))
        }
        Kind::HasSlot(slot) => Ok(Val::Bool(cx.slots.get(*slot as usize).is_some_and(Option::is_some))),
        Kind::List(items) => list(node, items, cx),
        Kind::Map(entries) => map(node, entries, cx),
        Kind::Negate(operand) => {
            let operand = value(operand, cx)?;
            operators::negate(operand).map_err(|kind| at(node, kind))
        }
        // Seen to above. Named here, so that a new kind of part is forgotten nowhere.
        Kind::Slot { .. }
        | Kind::Local(_)
        | Kind::And(_)
        | Kind::Or(_)
        | Kind::Not(_)
        | Kind::Conditional(_)
        | Kind::Equal { .. }
        | Kind::Compare { .. }
        | Kind::In(_)
        | Kind::Arithmetic { .. }
        | Kind::Call { .. }
        | Kind::Matches { .. }
        | Kind::Macro(_) => Err(at(node, ErrorKind::NoSuchOverload)),
    }
}

/// An error at this part.
#[inline]
fn at<'a>(node: &Node, kind: ErrorKind<'a>) -> EvalError<'a> {
    EvalError { kind, start: node.start, end: node.end }
}

/// Whether both sides are equal. Written out, because conditions ask for equality with what is not there more often than
/// for anything else of it, and then there is nothing to hand on.
#[inline(always)]
fn equality<'a>(node: &'a Node, sides: &'a [Node; 2], negated: bool, cx: &mut Cx<'a>) -> Result<'a> {
    let [left, right] = sides;
    let left = match access::direct(left, cx) {
        Direct::Found(found) => Val::from(found),
        Direct::Missing(key) => return access::absent(left, key),
        Direct::Otherwise => worked_out(left, cx)?,
    };
    let right = value(right, cx)?;
    cx.equal(left, right).map(|equal| Val::Bool(equal != negated)).map_err(|kind| at(node, kind))
}

#[inline]
fn both<'a>(sides: &'a [Node; 2], cx: &mut Cx<'a>) -> Result<'a, (Val<'a>, Val<'a>)> {
    let [left, right] = sides;
    Ok((value(left, cx)?, value(right, cx)?))
}

#[inline(never)]
fn function<'a>(node: &'a Node, of: (&str, Call), args: &'a [Node], cx: &mut Cx<'a>) -> Result<'a> {
    match args {
        [] => called(node, of, &[], cx),
        // As `argument` has it, but put together among the arguments.
        [one] => match access::direct(one, cx) {
            Direct::Found(found) => called(node, of, &[Val::from(found)], cx),
            Direct::Missing(key) => access::absent(one, key),
            Direct::Otherwise => called(node, of, &[worked_out(one, cx)?], cx),
        },
        [one, two] => called(node, of, &[argument(one, cx)?, argument(two, cx)?], cx),
        _ => {
            let values: Result<'a, SmallVec<[Val<'a>; 4]>> = args.iter().map(|arg| value(arg, cx)).collect();
            called(node, of, &values?, cx)
        }
    }
}

#[inline]
fn called<'a>(node: &Node, of: (&str, Call), values: &[Val<'a>], cx: &mut Cx<'a>) -> Result<'a> {
    let (name, call) = of;
    match call(cx, values) {
        // What most functions answer. A constant, unlike a value, need not be read to be handed on.
        Ok(Val::Bool(true)) => Ok(Val::Bool(true)),
        Ok(Val::Bool(false)) => Ok(Val::Bool(false)),
        Ok(value) => Ok(value),
        Err(kind) => Err(refused(node, name, values, kind)),
    }
}

#[cold]
fn refused<'a>(node: &Node, name: &str, values: &[Val<'_>], kind: ErrorKind<'a>) -> EvalError<'a> {
    match kind {
        ErrorKind::NoSuchOverload => at(node, no_overload_of(name, values)),
        kind => at(node, kind),
    }
}

/// `no such overload: math.abs(string)`; a receiver is the first of the types.
fn no_overload_of(name: &str, args: &[Val<'_>]) -> ErrorKind<'static> {
    let types: Vec<&str> = args.iter().map(|arg| arg.type_name()).collect();
    ErrorKind::message(format!("no such overload: {name}({})", types.join(", ")))
}

fn list<'a>(node: &'a Node, items: &'a [Item], cx: &mut Cx<'a>) -> Result<'a> {
    let mut values: SmallVec<[Val<'a>; 8]> = SmallVec::new();
    for item in items {
        match (value(&item.value, cx)?, item.optional) {
            (value, false) => values.push(value),
            (Val::Optional(Some(value)), true) => values.push(*value),
            (Val::Optional(None), true) => {}
            (_, true) => return Err(at(&item.value, ErrorKind::NoSuchOverload)),
        }
    }
    cx.slice(&values).map(|items| Val::List(List::Vals(items))).map_err(|kind| at(node, kind))
}

fn map<'a>(node: &'a Node, entries: &'a [Entry], cx: &mut Cx<'a>) -> Result<'a> {
    let mut pairs: Vec<(Val<'a>, Val<'a>)> = Vec::with_capacity(entries.len());
    for entry in entries {
        let key = value(&entry.key, cx)?;
        if !is_key(key) {
            return Err(at(&entry.key, ErrorKind::message("unsupported key type")));
        }
        let value = match (value(&entry.value, cx)?, entry.optional) {
            (value, false) => value,
            (Val::Optional(Some(value)), true) => *value,
            (Val::Optional(None), true) => continue,
            (_, true) => return Err(at(&entry.value, ErrorKind::NoSuchOverload)),
        };
        cx.charge(pairs.len()).map_err(|kind| at(node, kind))?;
        match pairs.iter_mut().find(|(known, _)| known.equals(key)) {
            Some(_) => return Err(at(&entry.key, ErrorKind::DuplicateKey)),
            None => pairs.push((key, value)),
        }
    }
    pairs_value(&pairs, cx).map_err(|kind| at(node, kind))
}

fn pairs_value<'a>(pairs: &[(Val<'a>, Val<'a>)], cx: &mut Cx<'a>) -> Outcome<'a> {
    let pairs = Pairs(cx.slice(pairs)?);
    cx.keep(pairs).map(|pairs| Val::Map(MapRef::Pairs(pairs)))
}

/// Doubles are keys too, for they are the only numbers that JSON has.
const fn is_key(key: Val<'_>) -> bool {
    matches!(key, Val::Str(_) | Val::Int(_) | Val::Uint(_) | Val::Bool(_) | Val::Double(_))
}
