//! The one form of a filter among those that mean the same.

use std::sync::Arc;

use portreeve_cel::Value;

use super::filter::{Expression, Filter, Operand};

impl Filter {
    /// The filter of a condition: constants are worked out and vanish from `and`, `or` and `not`, operands of `and` and
    /// `or` count once, `in` one value is `eq`, and variables are written in full (`R.attr` is
    /// `request.resource.attr`).
    #[must_use]
    pub fn of(condition: Operand) -> Self {
        let normal = normal(condition);
        match normal.as_bool() {
            Some(true) => Self::AlwaysAllowed,
            Some(false) => Self::AlwaysDenied,
            None => Self::Conditional(normal),
        }
    }
}

fn normal(operand: Operand) -> Operand {
    match operand {
        Operand::Value(value) => Operand::Value(value),
        Operand::Variable(name) => Operand::Variable(in_full(name)),
        Operand::Expression(Expression { operator, operands }) => {
            let operands = operands.into_iter().map(normal).collect();
            match &*operator {
                "and" => joined(operator, operands, false),
                "or" => joined(operator, operands, true),
                "not" => inverted(operator, operands),
                "in" => member(operator, operands),
                _ => Operand::Expression(Expression { operator, operands }),
            }
        }
    }
}

/// `and` and `or`, which one operand that equals `decides` settles.
fn joined(operator: Arc<str>, operands: Vec<Operand>, decides: bool) -> Operand {
    let mut kept: Vec<Operand> = Vec::with_capacity(operands.len());
    for operand in operands {
        match operand.as_bool() {
            Some(value) if value == decides => return operand,
            Some(_) => {}
            None if kept.contains(&operand) => {}
            None => kept.push(operand),
        }
    }
    match (kept.pop(), kept.is_empty()) {
        (None, _) => Operand::bool(!decides),
        (Some(only), true) => only,
        (Some(last), false) => {
            kept.push(last);
            Operand::Expression(Expression { operator, operands: kept })
        }
    }
}

fn inverted(operator: Arc<str>, operands: Vec<Operand>) -> Operand {
    match operands.as_slice() {
        [only] => match only.as_bool() {
            Some(value) => Operand::bool(!value),
            None => Operand::Expression(Expression { operator, operands }),
        },
        _ => Operand::Expression(Expression { operator, operands }),
    }
}

/// In nothing is false; in one value, or in what holds no values, is to equal it.
fn member(operator: Arc<str>, mut operands: Vec<Operand>) -> Operand {
    let only = match operands.as_slice() {
        [_, Operand::Value(Value::List(items))] => match &**items {
            [] => return Operand::bool(false),
            [only] => Some(only.clone()),
            _ => None,
        },
        [_, Operand::Value(Value::Map(map))] => match (map.len(), map.iter().next()) {
            (0, _) => return Operand::bool(false),
            (1, Some((key, _))) => Some(Value::String(Arc::clone(key))),
            _ => None,
        },
        [_, Operand::Value(value)] => Some(value.clone()),
        _ => None,
    };
    let Some(only) = only else { return Operand::Expression(Expression { operator, operands }) };
    operands.pop();
    operands.push(Operand::Value(only));
    Operand::expression("eq", operands)
}

fn in_full(name: Arc<str>) -> Arc<str> {
    let rest =
        |prefix: &str| name.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('.'));
    for (short, long) in [("R", "request.resource"), ("P", "request.principal")] {
        if let Some(rest) = rest(short).filter(|rest| !rest.is_empty()) {
            return format!("{long}{rest}").into();
        }
    }
    name
}
