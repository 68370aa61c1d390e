use crate::{Cx, ErrorKind, List, Timestamp, Val, node::satisfies, syntax::Operator};

type Result<T> = std::result::Result<T, ErrorKind<'static>>;

#[inline]
pub(super) fn compare<'a>(operator: Operator, left: Val<'_>, right: Val<'_>) -> Result<Val<'a>> {
    let order = left.compare(right).ok_or(ErrorKind::NoSuchOverload)?;
    Ok(Val::Bool(order.is_some_and(|order| satisfies(operator, order))))
}

pub(super) fn is_in<'a>(item: Val<'a>, collection: Val<'a>, cx: &mut Cx<'a>) -> Result<Val<'a>> {
    match collection {
        Val::List(list) => cx.contains(&list, item).map(Val::Bool),
        Val::Map(map) => {
            cx.charge(map.search_cost())?;
            Ok(Val::Bool(map.get(item).is_some()))
        }
        _ => Err(ErrorKind::NoSuchOverload),
    }
}

pub(super) fn negate(operand: Val<'_>) -> Result<Val<'_>> {
    match operand {
        Val::Int(value) => value.checked_neg().map(Val::Int).ok_or(ErrorKind::IntOverflow),
        Val::Double(value) => Ok(Val::Double(-value)),
        Val::Duration(nanos) => nanos.checked_neg().map(Val::Duration).ok_or(ErrorKind::DurationOverflow),
        _ => Err(ErrorKind::NoSuchOverload),
    }
}

#[inline(never)]
pub(super) fn arithmetic<'a>(
    operator: Operator,
    left: Val<'a>,
    right: Val<'a>,
    cx: &mut Cx<'a>,
) -> Result<Val<'a>> {
    match (left, right) {
        (Val::Int(a), Val::Int(b)) => ints(operator, a, b),
        (Val::Uint(a), Val::Uint(b)) => uints(operator, a, b),
        (Val::Double(a), Val::Double(b)) => doubles(operator, a, b),
        (Val::Str(a), Val::Str(b)) if operator == Operator::Add => {
            cx.reserve(a.len() + b.len())?;
            cx.charge((a.len() + b.len()) / 16)?;
            let mut text = bumpalo::collections::String::with_capacity_in(a.len() + b.len(), cx.arena.bump());
            text.push_str(a);
            text.push_str(b);
            Ok(Val::Str(text.into_bump_str()))
        }
        (Val::Bytes(a), Val::Bytes(b)) if operator == Operator::Add => cx.bytes(&[a, b].concat()),
        (Val::List(a), Val::List(b)) if operator == Operator::Add => joined(a, b, cx),
        _ => times(operator, left, right),
    }
}

fn joined<'a>(a: List<'a>, b: List<'a>, cx: &mut Cx<'a>) -> Result<Val<'a>> {
    match (a.is_empty(), b.is_empty()) {
        (true, _) => Ok(Val::List(b)),
        (_, true) => Ok(Val::List(a)),
        _ => cx.list(a.iter().chain(b.iter())),
    }
}

fn ints<'a>(operator: Operator, a: i64, b: i64) -> Result<Val<'a>> {
    let value = match operator {
        Operator::Add => a.checked_add(b),
        Operator::Subtract => a.checked_sub(b),
        Operator::Multiply => a.checked_mul(b),
        Operator::Divide if b == 0 => return Err(ErrorKind::DivisionByZero),
        Operator::Divide => a.checked_div(b),
        Operator::Modulo if b == 0 => return Err(ErrorKind::ModulusByZero),
        Operator::Modulo => a.checked_rem(b),
        _ => return Err(ErrorKind::NoSuchOverload),
    };
    value.map(Val::Int).ok_or(ErrorKind::IntOverflow)
}

fn uints<'a>(operator: Operator, a: u64, b: u64) -> Result<Val<'a>> {
    let value = match operator {
        Operator::Add => a.checked_add(b),
        Operator::Subtract => a.checked_sub(b),
        Operator::Multiply => a.checked_mul(b),
        Operator::Divide if b == 0 => return Err(ErrorKind::DivisionByZero),
        Operator::Divide => a.checked_div(b),
        Operator::Modulo if b == 0 => return Err(ErrorKind::ModulusByZero),
        Operator::Modulo => a.checked_rem(b),
        _ => return Err(ErrorKind::NoSuchOverload),
    };
    value.map(Val::Uint).ok_or(ErrorKind::UintOverflow)
}

fn doubles<'a>(operator: Operator, a: f64, b: f64) -> Result<Val<'a>> {
    Ok(Val::Double(match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide => a / b,
        _ => return Err(ErrorKind::NoSuchOverload),
    }))
}

fn times<'a>(operator: Operator, left: Val<'a>, right: Val<'a>) -> Result<Val<'a>> {
    match (left, operator, right) {
        (Val::Timestamp(moment), Operator::Add, Val::Duration(nanos))
        | (Val::Duration(nanos), Operator::Add, Val::Timestamp(moment)) => moved(moment.later(nanos)),
        (Val::Timestamp(moment), Operator::Subtract, Val::Duration(nanos)) => moved(moment.earlier(nanos)),
        (Val::Timestamp(a), Operator::Subtract, Val::Timestamp(b)) => {
            i64::try_from(a.total() - b.total()).map(Val::Duration).map_err(|_| ErrorKind::DurationOverflow)
        }
        (Val::Duration(a), Operator::Add, Val::Duration(b)) => {
            a.checked_add(b).map(Val::Duration).ok_or(ErrorKind::DurationOverflow)
        }
        (Val::Duration(a), Operator::Subtract, Val::Duration(b)) => {
            a.checked_sub(b).map(Val::Duration).ok_or(ErrorKind::DurationOverflow)
        }
        _ => Err(ErrorKind::NoSuchOverload),
    }
}

fn moved<'a>(moment: Option<Timestamp>) -> Result<Val<'a>> {
    moment.map(Val::Timestamp).ok_or(ErrorKind::TimestampOverflow)
}
