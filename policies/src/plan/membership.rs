//! Being in what holds nothing.

use portreeve_cel::{ErrorKind, Loop, Residual, Value, syntax::Operator};

/// An expression in which looking for something unknown in a known value that is neither a list nor a map is the error
/// that it is. Filters have no other way to say so: there, being in one value is equalling it.
pub(super) fn checked(residual: Residual) -> Residual {
    let boxed = |part: Box<Residual>| Box::new(checked(*part));
    let all = |parts: Vec<Residual>| parts.into_iter().map(checked).collect();
    match residual {
        Residual::Binary(Operator::In, _, range) if holds_nothing(&range) => {
            Residual::Error(ErrorKind::NoSuchOverload)
        }
        Residual::Binary(operator, a, b) => Residual::Binary(operator, boxed(a), boxed(b)),
        Residual::And(parts) => Residual::And(all(parts)),
        Residual::Or(parts) => Residual::Or(all(parts)),
        Residual::Not(part) => Residual::Not(boxed(part)),
        Residual::If(a, b, c) => Residual::If(boxed(a), boxed(b), boxed(c)),
        Residual::Loop(each) => {
            let Loop { function, range, names, test, body } = *each;
            let (range, test, body) = (checked(range), test.map(checked), checked(body));
            Residual::Loop(Box::new(Loop { function, range, names, test, body }))
        }
        other => other,
    }
}

fn holds_nothing(range: &Residual) -> bool {
    matches!(range, Residual::Value(value) if !matches!(value, Value::List(_) | Value::Map(_)))
}
