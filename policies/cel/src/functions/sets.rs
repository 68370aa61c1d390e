//! Lists as sets: `sets.*`, `hasIntersection`, `intersect`, `isSubset`, `except`. Values are the same if `==`
//! says so: `1`, `1u` and `1.0` are one value.

use super::{Function, Outcome};
use crate::{Cx, ErrorKind, List, Val};

pub(super) const TABLE: &[Function] = &[
    Function::global(
        "sets.contains",
        |cx, a| test(cx, a, |cx, x, y| subset(cx, y, x)),
        &["sets.contains(list(A), list(A)) -> bool"],
    ),
    Function::global(
        "sets.equivalent",
        |cx, a| test(cx, a, |cx, x, y| Ok(subset(cx, x, y)? && subset(cx, y, x)?)),
        &["sets.equivalent(list(A), list(A)) -> bool"],
    ),
    Function::global(
        "sets.intersects",
        |cx, a| test(cx, a, intersects),
        &["sets.intersects(list(A), list(A)) -> bool"],
    ),
    Function::both(
        "hasIntersection",
        |cx, a| test(cx, a, intersects),
        &["hasIntersection(list(A), list(A)) -> bool"],
    ),
    Function::both(
        "has_intersection",
        |cx, a| test(cx, a, intersects),
        &["has_intersection(list(A), list(A)) -> bool"],
    ),
    Function::both("isSubset", |cx, a| test(cx, a, subset), &["isSubset(list(A), list(A)) -> bool"]),
    Function::both("is_subset", |cx, a| test(cx, a, subset), &["is_subset(list(A), list(A)) -> bool"]),
    Function::both("intersect", intersect, &["intersect(list(A), list(A)) -> list(A)"]),
    Function::both("except", except, &["except(list(A), list(A)) -> list(A)"]),
];

#[inline]
fn lists<'v, 'a>(args: &'v [Val<'a>]) -> Result<(&'v List<'a>, &'v List<'a>), ErrorKind<'static>> {
    match args {
        [Val::List(x), Val::List(y)] => Ok((x, y)),
        _ => Err(ErrorKind::NoSuchOverload),
    }
}

#[inline]
fn test<'a>(
    cx: &mut Cx<'a>,
    args: &[Val<'a>],
    test: impl FnOnce(&mut Cx<'a>, &List<'a>, &List<'a>) -> Result<bool, ErrorKind<'static>>,
) -> Outcome<'a> {
    let (x, y) = lists(args)?;
    test(cx, x, y).map(Val::Bool)
}

fn intersects<'a>(cx: &mut Cx<'a>, x: &List<'a>, y: &List<'a>) -> Result<bool, ErrorKind<'static>> {
    for index in 0..x.len() {
        if let Some(item) = x.get(index)
            && cx.contains(y, item)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Is every element of `x` in `y`?
fn subset<'a>(cx: &mut Cx<'a>, x: &List<'a>, y: &List<'a>) -> Result<bool, ErrorKind<'static>> {
    for item in x.iter() {
        if !cx.contains(y, item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The elements of the shorter list, the first if they are equally long, that are in the other.
fn intersect<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let (x, y) = lists(args)?;
    let (short, long) = if y.len() < x.len() { (y, x) } else { (x, y) };
    filtered(cx, short, long, true)
}

/// The elements of the first list that are not in the second.
fn except<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let (x, y) = lists(args)?;
    filtered(cx, x, y, false)
}

fn filtered<'a>(cx: &mut Cx<'a>, list: &List<'a>, other: &List<'a>, keep: bool) -> Outcome<'a> {
    let mut kept = Vec::new();
    for item in list.iter() {
        if cx.contains(other, item)? == keep {
            kept.push(item);
        }
    }
    cx.list(kept.into_iter())
}
