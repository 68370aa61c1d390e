//! Looking an unknown key up in a known map: one case for each of its entries.

use std::sync::Arc;

use super::known::{field_of, literal};
use super::{Left, Partial, Residual};
use crate::syntax::{Expr, ExprKind, Operator};
use crate::{ErrorKind, Map, Value};

/// Largest map that is taken apart.
const MAX_CASES: usize = 10;

impl Partial<'_> {
    /// Takes a test apart by the entries of a map that it looks an unknown key up in: `m[k] == 1` becomes
    /// `k == "a" || k == "c"`, and fails for every other key, which under `!` is not the same as being false.
    pub(super) fn split(&mut self, test: Residual) -> Left {
        let test = self.folded(test)?;
        if !is_test(&test) || self.loops > 0 {
            return Ok(test);
        }
        let Some((map, key)) = look_up(&test) else { return Ok(test) };
        let mut cases = Vec::with_capacity(map.len() + 1);
        let mut keys = Vec::with_capacity(map.len());
        for (name, value) in map.iter() {
            self.left = self.left.checked_sub(1).ok_or(super::Unplannable::TooLarge)?;
            let chosen = Box::new(Residual::Value(Value::String(Arc::clone(name))));
            let is_it = Residual::Binary(Operator::Equal, Box::new(key.clone()), chosen);
            let holds = self.put(test.clone(), value)?;
            let holds = self.split(holds)?;
            keys.push(is_it.clone());
            cases.push(Residual::all(vec![is_it, holds]));
        }
        let missing = Residual::Error(ErrorKind::NoSuchKey(None));
        cases.push(Residual::all(vec![Residual::any(keys).negated(), missing]));
        Ok(Residual::nested(cases, Residual::any))
    }

    /// The test with the first look-up replaced by the value found.
    fn put(&self, test: Residual, value: &Value) -> Left {
        let mut put = false;
        self.put_once(test, value, &mut put)
    }

    fn put_once(&self, residual: Residual, value: &Value, put: &mut bool) -> Left {
        if *put {
            return Ok(residual);
        }
        let replaced = match residual {
            Residual::Index(operand, _) if matches!(*operand, Residual::Value(Value::Map(_))) => {
                *put = true;
                return Ok(Residual::Value(value.clone()));
            }
            Residual::Field(operand, field) => {
                return Ok(field_of(self.put_once(*operand, value, put)?, &field));
            }
            Residual::Index(a, b) => {
                let a = self.put_once(*a, value, put)?;
                Residual::Index(Box::new(a), Box::new(self.put_once(*b, value, put)?))
            }
            Residual::Binary(operator, a, b) => {
                let a = self.put_once(*a, value, put)?;
                Residual::Binary(operator, Box::new(a), Box::new(self.put_once(*b, value, put)?))
            }
            Residual::Call(name, parts) => {
                let parts = parts.into_iter().map(|part| self.put_once(part, value, put));
                Residual::Call(name, parts.collect::<Result<_, _>>()?)
            }
            other => return Ok(other),
        };
        self.folded(replaced)
    }
}

/// Comparisons, and calls that answer yes or no.
fn is_test(residual: &Residual) -> bool {
    match residual {
        Residual::Binary(operator, ..) => !matches!(
            operator,
            Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Modulo
        ),
        Residual::Call(name, parts) => {
            let found = crate::functions::find(name, true).or_else(|| crate::functions::find(name, false));
            found.is_some_and(|function| function.overloads.iter().all(|row| row.ends_with("-> bool")))
                && !parts.is_empty()
        }
        _ => false,
    }
}

fn look_up(residual: &Residual) -> Option<(Map, Residual)> {
    match residual {
        Residual::Index(operand, key) => match &**operand {
            Residual::Value(Value::Map(map)) if map.len() <= MAX_CASES => {
                Some((map.clone(), (**key).clone()))
            }
            Residual::Value(_) => None,
            _ => look_up(operand).or_else(|| look_up(key)),
        },
        Residual::Field(operand, _) => look_up(operand),
        Residual::Binary(_, a, b) => look_up(a).or_else(|| look_up(b)),
        Residual::Call(_, parts) => parts.iter().find_map(look_up),
        _ => None,
    }
}

/// A residual of known parts as an expression.
pub(super) fn written(residual: &Residual) -> Option<Expr> {
    let part = |residual: &Residual| match residual {
        Residual::Value(value) => literal(value).map(Expr::made),
        _ => None,
    };
    Some(Expr::made(match residual {
        Residual::Index(operand, index) => ExprKind::Index {
            operand: Box::new(part(operand)?),
            index: Box::new(part(index)?),
            optional: false,
        },
        Residual::Binary(operator, a, b) => {
            ExprKind::Binary(*operator, Box::new(part(a)?), Box::new(part(b)?))
        }
        Residual::Negate(operand) => ExprKind::Negate(Box::new(part(operand)?)),
        Residual::Call(name, parts) => {
            let mut args = parts.iter().map(part).collect::<Option<Vec<_>>>()?;
            if crate::functions::find(name, false).is_some() {
                ExprKind::Call { target: None, function: Arc::clone(name), args }
            } else {
                let rest = args.split_off(1.min(args.len()));
                ExprKind::Call { target: args.pop().map(Box::new), function: Arc::clone(name), args: rest }
            }
        }
        _ => return None,
    }))
}
