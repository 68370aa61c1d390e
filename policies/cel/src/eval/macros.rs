use super::{
    Result, at, is_key,
    logic::{absorb, truth},
    pairs_value, value as evaluate,
};
use crate::{
    Cx, ErrorKind, EvalError, List, MapRef, Val,
    cx::Failed,
    functions,
    node::{Macro, MacroKind, Node},
};

#[inline(never)]
pub(super) fn value<'a>(node: &'a Node, call: &'a Macro, cx: &mut Cx<'a>) -> Result<'a> {
    let range = match evaluate(&call.range, cx) {
        Ok(range) => range,
        Err(error) if call.kind == MacroKind::Bind && !error.kind.is_limit() => {
            return failing(call, error, cx);
        }
        Err(error) => return Err(error),
    };
    match call.kind {
        MacroKind::Bind => with(call, (range, None), cx, |cx| evaluate(&call.body, cx)),
        MacroKind::OptMap | MacroKind::OptFlatMap => inside(node, call, range, cx),
        MacroKind::Or | MacroKind::OrValue => otherwise(node, call, range, cx),
        MacroKind::All | MacroKind::Exists => quantified(node, call, range, cx),
        MacroKind::ExistsOne => exactly_one(node, call, range, cx),
        MacroKind::Filter | MacroKind::Map | MacroKind::SortBy => listed(node, call, range, cx),
        MacroKind::TransformMap | MacroKind::TransformMapEntry => mapped(node, call, range, cx),
    }
}

/// `cel.bind` of a value that fails: it does so where its name is used, and not at all where it is not.
fn failing<'a>(call: &'a Macro, why: EvalError<'a>, cx: &mut Cx<'a>) -> Result<'a> {
    let around = cx.failed.take();
    cx.failed = Some(Box::new(Failed { place: call.first, why, around }));
    let result = with(call, (Val::Null, None), cx, |cx| evaluate(&call.body, cx));
    cx.failed = cx.failed.take().and_then(|failed| failed.around);
    result
}

/// What the variables of a macro stand for in one round.
type Round<'a> = (Val<'a>, Option<Val<'a>>);

/// Evaluates with the macro's variables set.
#[inline]
fn with<'a, T>(
    call: &Macro,
    round: Round<'a>,
    cx: &mut Cx<'a>,
    evaluate: impl FnOnce(&mut Cx<'a>) -> T,
) -> T {
    cx.locals.truncate(call.first);
    cx.locals.push(round.0);
    cx.locals.extend(round.1);
    let result = evaluate(cx);
    cx.locals.truncate(call.first);
    result
}

/// What a macro goes through: the items of a list, or the keys of a map; with two variables index and item, or key and
/// value.
#[derive(Clone, Copy)]
enum Range<'a> {
    List(List<'a>),
    Map(MapRef<'a>),
}

impl<'a> Range<'a> {
    fn of(node: &Node, range: Val<'a>) -> Result<'a, Self> {
        match range {
            Val::List(list) => Ok(Self::List(list)),
            Val::Map(map) => Ok(Self::Map(map)),
            _ => Err(not_iterable(node, range)),
        }
    }

    #[inline]
    fn round(self, index: usize, two: bool) -> Option<Round<'a>> {
        match self {
            Self::List(list) if two => Some((Val::Int(i64::try_from(index).ok()?), Some(list.get(index)?))),
            Self::List(list) => Some((list.get(index)?, None)),
            Self::Map(map) => map.entry(index).map(|(key, value)| (key, two.then_some(value))),
        }
    }

    fn rounds(self, call: &Macro) -> impl Iterator<Item = Round<'a>> + use<'a> {
        let two = call.two;
        (0..).map_while(move |index| self.round(index, two))
    }
}

#[cold]
fn not_iterable<'a>(node: &Node, range: Val<'_>) -> EvalError<'a> {
    at(node, ErrorKind::message(format!("got '{}', expected iterable type", range.type_name())))
}

fn quantified<'a>(node: &'a Node, call: &'a Macro, range: Val<'a>, cx: &mut Cx<'a>) -> Result<'a> {
    let deciding = call.kind == MacroKind::Exists;
    let mut failed = None;
    for round in Range::of(node, range)?.rounds(call) {
        let outcome = with(call, round, cx, |cx| truth(&call.body, cx));
        if absorb(outcome, deciding, &mut failed)? {
            return Ok(Val::Bool(deciding));
        }
    }
    failed.map_or(Ok(Val::Bool(!deciding)), Err)
}

fn exactly_one<'a>(node: &'a Node, call: &'a Macro, range: Val<'a>, cx: &mut Cx<'a>) -> Result<'a> {
    let mut count = 0_usize;
    for round in Range::of(node, range)?.rounds(call) {
        count += usize::from(with(call, round, cx, |cx| truth(&call.body, cx))?);
    }
    Ok(Val::Bool(count == 1))
}

fn wanted<'a>(call: &'a Macro, cx: &mut Cx<'a>) -> Result<'a, bool> {
    call.filter.as_ref().map_or(Ok(true), |filter| truth(filter, cx))
}

fn listed<'a>(node: &'a Node, call: &'a Macro, range: Val<'a>, cx: &mut Cx<'a>) -> Result<'a> {
    let rounds = Range::of(node, range)?.rounds(call);
    let mut items = bumpalo::collections::Vec::new_in(cx.arena.bump());
    for round in rounds {
        let item = with(call, round, cx, |cx| match call.kind {
            MacroKind::Filter => Ok(truth(&call.body, cx)?.then_some(round.0)),
            _ if wanted(call, cx)? => evaluate(&call.body, cx).map(Some),
            _ => Ok(None),
        })?;
        if let Some(item) = item {
            cx.reserve(size_of::<Val<'_>>()).map_err(|kind| at(node, kind))?;
            items.push(item);
        }
    }
    let list = Val::List(List::Vals(items.into_bump_slice()));
    if call.kind != MacroKind::SortBy {
        return Ok(list);
    }
    let sort =
        functions::find("@sortByAssociatedKeys", true).ok_or_else(|| at(node, ErrorKind::NoSuchOverload))?;
    (sort.call)(cx, &[range, list]).map_err(|kind| at(node, kind))
}

fn mapped<'a>(node: &'a Node, call: &'a Macro, range: Val<'a>, cx: &mut Cx<'a>) -> Result<'a> {
    let rounds = Range::of(node, range)?.rounds(call);
    let mut pairs: Vec<(Val<'a>, Val<'a>)> = Vec::new();
    for round in rounds {
        let made = with(call, round, cx, |cx| {
            if wanted(call, cx)? { evaluate(&call.body, cx).map(Some) } else { Ok(None) }
        })?;
        let Some(made) = made else { continue };
        match (call.kind, made) {
            (MacroKind::TransformMap, made) => pairs.push((round.0, made)),
            (_, Val::Map(entries)) => {
                for (key, value) in entries.iter() {
                    insert(&mut pairs, key, value, cx).map_err(|kind| at(node, kind))?;
                }
            }
            _ => return Err(at(&call.body, ErrorKind::NoSuchOverload)),
        }
    }
    pairs_value(&pairs, cx).map_err(|kind| at(node, kind))
}

fn insert<'a>(
    pairs: &mut Vec<(Val<'a>, Val<'a>)>,
    key: Val<'a>,
    value: Val<'a>,
    cx: &mut Cx<'a>,
) -> std::result::Result<(), ErrorKind<'static>> {
    cx.charge(pairs.len())?;
    if !is_key(key) {
        return Err(ErrorKind::message("unsupported key type"));
    }
    if pairs.iter().any(|(known, _)| known.equals(key)) {
        return Err(ErrorKind::DuplicateKey);
    }
    pairs.push((key, value));
    Ok(())
}

/// `optMap` and `optFlatMap`: nothing stays nothing.
fn inside<'a>(node: &'a Node, call: &'a Macro, range: Val<'a>, cx: &mut Cx<'a>) -> Result<'a> {
    let inner = match range {
        Val::Optional(Some(inner)) => *inner,
        Val::Optional(None) => return Ok(Val::Optional(None)),
        _ => return Err(at(node, ErrorKind::NoSuchOverload)),
    };
    let made = with(call, (inner, None), cx, |cx| evaluate(&call.body, cx))?;
    match (call.kind, made) {
        (MacroKind::OptMap, made) => cx.optional(Some(made)).map_err(|kind| at(node, kind)),
        // What is not an optional value although it could have been one passes, as in cel-go.
        (_, made) => Ok(made),
    }
}

/// `or` and `orValue`: the other value is not looked at where there is one.
fn otherwise<'a>(node: &'a Node, call: &'a Macro, range: Val<'a>, cx: &mut Cx<'a>) -> Result<'a> {
    match range {
        Val::Optional(Some(inner)) if call.kind == MacroKind::OrValue => Ok(*inner),
        Val::Optional(Some(_)) => Ok(range),
        Val::Optional(None) => evaluate(&call.body, cx),
        _ => Err(at(node, ErrorKind::NoSuchOverload)),
    }
}
