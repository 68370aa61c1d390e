//! `slice`, `flatten`, `distinct`, `reverse`, `sort`, `sortBy`, `first`, `last`, `lists.range`.

use std::cmp::Ordering;

use super::args::no_overload;
use super::{Function, Outcome};
use crate::{Cx, ErrorKind, List, Val};

/// The longest list `lists.range` makes.
const MAX_RANGE: i64 = 1_000_000;

const SORTABLE: &[&str] = &[
    "list(int).sort() -> list(int)",
    "list(uint).sort() -> list(uint)",
    "list(double).sort() -> list(double)",
    "list(bool).sort() -> list(bool)",
    "list(string).sort() -> list(string)",
    "list(bytes).sort() -> list(bytes)",
    "list(duration).sort() -> list(duration)",
    "list(timestamp).sort() -> list(timestamp)",
];

pub(super) const TABLE: &[Function] = &[
    Function::member("slice", slice, &["list(A).slice(int, int) -> list(A)"]),
    Function::member(
        "flatten",
        flatten,
        &["list(list(A)).flatten() -> list(A)", "list(dyn).flatten(int) -> list(dyn)"],
    ),
    Function::member("distinct", distinct, &["list(A).distinct() -> list(A)"]),
    Function::member("sort", sort, SORTABLE),
    Function::member(
        "@sortByAssociatedKeys",
        sort_by,
        &["list(A).@sortByAssociatedKeys(list(dyn)) -> list(A)"],
    ),
    Function::member("first", |cx, a| end(cx, a, |list| list.get(0)), &["list(A).first() -> optional(A)"]),
    Function::member(
        "last",
        |cx, a| end(cx, a, |list| list.len().checked_sub(1).and_then(|at| list.get(at))),
        &["list(A).last() -> optional(A)"],
    ),
    Function::global("lists.range", range, &["lists.range(int) -> list(int)"]),
];

fn slice<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::List(list), Val::Int(start), Val::Int(end)] = args else { return no_overload() };
    let problem = if *start < 0 || *end < 0 {
        "negative indexes not supported".to_owned()
    } else if start > end {
        "start index must be less than or equal to end index".to_owned()
    } else {
        match (usize::try_from(*start), usize::try_from(*end)) {
            (Ok(from), Ok(to)) if to <= list.len() => return cx.list(list.iter().skip(from).take(to - from)),
            _ => format!("list is length {}", list.len()),
        }
    };
    Err(ErrorKind::message(format!("cannot slice({start}, {end}), {problem}")))
}

fn flatten<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let (list, depth) = match args {
        [Val::List(list)] => (list, 1),
        [Val::List(list), Val::Int(depth)] => (list, *depth),
        _ => return no_overload(),
    };
    if depth < 0 {
        return Err(ErrorKind::message("level must be non-negative"));
    }
    let mut items = Vec::new();
    let mut open = vec![(*list, 0, depth)];
    // Lists still to be walked through, the innermost last: no recursion, however deep the value is.
    while let Some((list, at, depth)) = open.pop() {
        let Some(item) = list.get(at) else { continue };
        cx.charge(1)?;
        open.push((list, at + 1, depth));
        match item {
            Val::List(inner) if depth > 0 => open.push((inner, 0, depth - 1)),
            _ => items.push(item),
        }
    }
    cx.list(items.into_iter())
}

/// Every value the first time it occurs.
fn distinct<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::List(list)] = args else { return no_overload() };
    let mut kept: Vec<Val<'a>> = Vec::new();
    for item in list.iter() {
        if !cx.contains(&List::Vals(&kept), item)? {
            kept.push(item);
        }
    }
    cx.list(kept.into_iter())
}

fn sort<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::List(list)] = args else { return no_overload() };
    let mut items: Vec<(Val<'a>, Val<'a>)> = list.iter().map(|item| (item, item)).collect();
    sort_pairs(cx, &mut items)?;
    cx.list(items.into_iter().map(|(_, item)| item))
}

/// What `list.sortBy(x, key)` becomes: the list in the order of its keys.
fn sort_by<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::List(list), Val::List(keys)] = args else { return no_overload() };
    let mut items: Vec<(Val<'a>, Val<'a>)> = keys.iter().zip(list.iter()).collect();
    sort_pairs(cx, &mut items)?;
    cx.list(items.into_iter().map(|(_, item)| item))
}

/// A stable sort by key. All keys are of one type, and that type has an order.
fn sort_pairs<'a>(cx: &mut Cx<'a>, items: &mut [(Val<'a>, Val<'a>)]) -> Result<(), ErrorKind<'static>> {
    let Some((first, _)) = items.first() else { return Ok(()) };
    let kind = std::mem::discriminant(first);
    if !is_sortable(*first) {
        return Err(ErrorKind::message("list elements must be comparable"));
    }
    if items.iter().any(|(key, _)| std::mem::discriminant(key) != kind) {
        return Err(ErrorKind::message("list elements must have the same type"));
    }
    cx.charge(items.len().saturating_mul(items.len().checked_ilog2().map_or(1, |n| n as usize + 1)))?;
    items.sort_by(|(a, _), (b, _)| order(*a, *b));
    Ok(())
}

/// The order of two values of one sortable type; NaN comes before all other doubles.
fn order(a: Val<'_>, b: Val<'_>) -> Ordering {
    match (a, b) {
        (Val::Double(a), Val::Double(b)) => a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan())),
        _ => a.compare(b).flatten().unwrap_or(Ordering::Equal),
    }
}

fn is_sortable(value: Val<'_>) -> bool {
    matches!(
        value,
        Val::Int(_)
            | Val::Uint(_)
            | Val::Double(_)
            | Val::Bool(_)
            | Val::Str(_)
            | Val::Bytes(_)
            | Val::Duration(_)
            | Val::Timestamp(_)
    )
}

fn range<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Int(size)] = args else { return no_overload() };
    if *size < 0 {
        return Err(ErrorKind::message(format!("lists.range: size must be non-negative, got {size}")));
    }
    if *size > MAX_RANGE {
        return Err(ErrorKind::message(format!(
            "lists.range: size {size} exceeds maximum allowed ({MAX_RANGE})"
        )));
    }
    cx.list((0..*size).map(Val::Int))
}

fn end<'a>(cx: &mut Cx<'a>, args: &[Val<'a>], item: fn(List<'a>) -> Option<Val<'a>>) -> Outcome<'a> {
    let [Val::List(list)] = args else { return no_overload() };
    cx.optional(item(*list))
}
