//! `math.*`: the greatest, rounding, signs and bits.

use std::cmp::Ordering;

use super::args::no_overload;
use super::{Function, Outcome};
use crate::{Cx, ErrorKind, Val};

pub(super) const TABLE: &[Function] = &[
    Function::global(
        "math.greatest",
        greatest,
        &["math.greatest(number...) -> dyn", "math.greatest(list(dyn)) -> dyn"],
    ),
    Function::global("math.least", least, &["math.least(number...) -> dyn", "math.least(list(dyn)) -> dyn"]),
    Function::global("math.ceil", |_, a| rounded(a, f64::ceil), &["math.ceil(double) -> double"]),
    Function::global("math.floor", |_, a| rounded(a, f64::floor), &["math.floor(double) -> double"]),
    Function::global("math.round", |_, a| rounded(a, f64::round), &["math.round(double) -> double"]),
    Function::global("math.trunc", |_, a| rounded(a, f64::trunc), &["math.trunc(double) -> double"]),
    Function::global("math.isNaN", |_, a| tested(a, f64::is_nan), &["math.isNaN(double) -> bool"]),
    Function::global("math.isInf", |_, a| tested(a, f64::is_infinite), &["math.isInf(double) -> bool"]),
    Function::global("math.isFinite", |_, a| tested(a, f64::is_finite), &["math.isFinite(double) -> bool"]),
    Function::global(
        "math.abs",
        abs,
        &["math.abs(int) -> int", "math.abs(uint) -> uint", "math.abs(double) -> double"],
    ),
    Function::global(
        "math.sign",
        sign,
        &["math.sign(int) -> int", "math.sign(uint) -> uint", "math.sign(double) -> double"],
    ),
    Function::global(
        "math.sqrt",
        sqrt,
        &["math.sqrt(int) -> double", "math.sqrt(uint) -> double", "math.sqrt(double) -> double"],
    ),
    Function::global(
        "math.bitAnd",
        |_, a| bits(a, |x, y| x & y, |x, y| x & y),
        &["math.bitAnd(int, int) -> int", "math.bitAnd(uint, uint) -> uint"],
    ),
    Function::global(
        "math.bitOr",
        |_, a| bits(a, |x, y| x | y, |x, y| x | y),
        &["math.bitOr(int, int) -> int", "math.bitOr(uint, uint) -> uint"],
    ),
    Function::global(
        "math.bitXor",
        |_, a| bits(a, |x, y| x ^ y, |x, y| x ^ y),
        &["math.bitXor(int, int) -> int", "math.bitXor(uint, uint) -> uint"],
    ),
    Function::global("math.bitNot", bit_not, &["math.bitNot(int) -> int", "math.bitNot(uint) -> uint"]),
    Function::global(
        "math.bitShiftLeft",
        |_, a| shifted(a, "math.bitShiftLeft", u64::checked_shl),
        &["math.bitShiftLeft(int, int) -> int", "math.bitShiftLeft(uint, int) -> uint"],
    ),
    Function::global(
        "math.bitShiftRight",
        |_, a| shifted(a, "math.bitShiftRight", u64::checked_shr),
        &["math.bitShiftRight(int, int) -> int", "math.bitShiftRight(uint, int) -> uint"],
    ),
];

fn rounded<'a>(args: &[Val<'a>], round: fn(f64) -> f64) -> Outcome<'a> {
    match args {
        [Val::Double(value)] => Ok(Val::Double(round(*value))),
        _ => no_overload(),
    }
}

fn tested<'a>(args: &[Val<'a>], test: fn(f64) -> bool) -> Outcome<'a> {
    match args {
        [Val::Double(value)] => Ok(Val::Bool(test(*value))),
        _ => no_overload(),
    }
}

fn abs<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    match args {
        [Val::Int(value)] => value.checked_abs().map(Val::Int).ok_or(ErrorKind::IntOverflow),
        [Val::Uint(value)] => Ok(Val::Uint(*value)),
        [Val::Double(value)] => Ok(Val::Double(value.abs())),
        _ => no_overload(),
    }
}

fn sign<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    match args {
        [Val::Int(value)] => Ok(Val::Int(value.signum())),
        [Val::Uint(value)] => Ok(Val::Uint((*value).min(1))),
        [Val::Double(0.0)] => Ok(Val::Double(0.0)),
        [Val::Double(value)] if value.is_nan() => Ok(Val::Double(*value)),
        [Val::Double(value)] => Ok(Val::Double(value.signum())),
        _ => no_overload(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the root of a whole number is a double")]
fn sqrt<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    match args {
        [Val::Int(value)] => Ok(Val::Double((*value as f64).sqrt())),
        [Val::Uint(value)] => Ok(Val::Double((*value as f64).sqrt())),
        [Val::Double(value)] => Ok(Val::Double(value.sqrt())),
        _ => no_overload(),
    }
}

fn bits<'a>(args: &[Val<'a>], ints: fn(i64, i64) -> i64, uints: fn(u64, u64) -> u64) -> Outcome<'a> {
    match args {
        [Val::Int(x), Val::Int(y)] => Ok(Val::Int(ints(*x, *y))),
        [Val::Uint(x), Val::Uint(y)] => Ok(Val::Uint(uints(*x, *y))),
        _ => no_overload(),
    }
}

fn bit_not<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    match args {
        [Val::Int(value)] => Ok(Val::Int(!value)),
        [Val::Uint(value)] => Ok(Val::Uint(!value)),
        _ => no_overload(),
    }
}

/// Shifts by 64 and more leave nothing; an `int` is shifted to the right as if it had no sign.
fn shifted<'a>(args: &[Val<'a>], name: &str, shift: fn(u64, u32) -> Option<u64>) -> Outcome<'a> {
    let [value, Val::Int(by)] = args else { return no_overload() };
    if *by < 0 {
        return Err(ErrorKind::message(format!("{name}() negative offset: {by}")));
    }
    let by = u32::try_from(*by).unwrap_or(u32::MAX);
    match value {
        Val::Int(value) => Ok(Val::Int(shift(value.cast_unsigned(), by).unwrap_or(0).cast_signed())),
        Val::Uint(value) => Ok(Val::Uint(shift(*value, by).unwrap_or(0))),
        _ => no_overload(),
    }
}

fn greatest<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    extreme(cx, args, Ordering::Greater, "math.greatest")
}

fn least<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    extreme(cx, args, Ordering::Less, "math.least")
}

/// The first of the numbers that none of the others goes beyond; a single argument may be a list of numbers.
fn extreme<'a>(cx: &mut Cx<'a>, args: &[Val<'a>], beyond: Ordering, name: &str) -> Outcome<'a> {
    match args {
        [Val::List(list)] => {
            cx.charge(list.len())?;
            extreme_of(list.iter(), beyond, name)
        }
        _ => extreme_of(args.iter().copied(), beyond, name),
    }
}

fn extreme_of<'a>(mut values: impl Iterator<Item = Val<'a>>, beyond: Ordering, name: &str) -> Outcome<'a> {
    let Some(mut best) = values.next() else {
        return Err(ErrorKind::message(format!("{name}() argument must not be empty")));
    };
    number(best)?;
    for value in values {
        number(value)?;
        if order(value, best)? == beyond {
            best = value;
        }
    }
    Ok(best)
}

fn number(value: Val<'_>) -> Result<(), ErrorKind<'static>> {
    match value {
        Val::Int(_) | Val::Uint(_) | Val::Double(_) => Ok(()),
        _ => Err(ErrorKind::NoSuchOverload),
    }
}

fn order(a: Val<'_>, b: Val<'_>) -> Result<Ordering, ErrorKind<'static>> {
    a.compare(b).flatten().ok_or_else(|| ErrorKind::message("NaN values cannot be ordered"))
}
