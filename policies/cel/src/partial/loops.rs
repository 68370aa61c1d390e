use std::sync::Arc;

use super::shape::{Kind, Shape};
use super::{Left, Local, Loop, Partial, Residual, Unplannable, error_of};
use crate::syntax::Expr;
use crate::{ErrorKind, Value};

/// Longest known list or map over which `all` and `exists` become `&&` and `||`.
const MAX_UNROLLED: usize = 10;

impl Partial<'_> {
    pub(super) fn shaped(&mut self, function: &Arc<str>, shape: &Shape<'_>) -> Left {
        let over = self.part(shape.over)?;
        match shape.kind {
            Kind::Optional => Err(Unplannable::Optional(function.to_string())),
            Kind::Bind => {
                let local = match over {
                    Residual::Value(value) => Local::Known(value),
                    other => Local::Left(other),
                };
                self.within(&shape.names, vec![local], |partial| partial.part(shape.body))
            }
            Kind::Loop => match (error_of(&over), &over) {
                (Some(kind), _) => Ok(Residual::Error(kind)),
                // What is known and has no items fails for every resource.
                (None, Residual::Value(known)) if items(known).is_none() => {
                    Ok(Residual::Error(ErrorKind::NoSuchOverload))
                }
                (None, _) => self.looped(function, shape, over),
            },
        }
    }

    fn looped(&mut self, function: &Arc<str>, shape: &Shape<'_>, range: Residual) -> Left {
        let any = match &**function {
            "exists" => Some(true),
            "all" => Some(false),
            _ => None,
        };
        if let (0, Some(any), Residual::Value(range)) = (self.loops, any, &range)
            && let Some(items) = items(range).filter(|items| items.len() <= MAX_UNROLLED)
        {
            return self.unrolled(shape, items, any);
        }
        if let Residual::Value(range) = &range
            && items(range).is_some_and(|items| items.is_empty())
            && let Some(answer) = of_nothing(function)
        {
            return Ok(Residual::Value(answer));
        }
        let locals: Vec<Local> =
            shape.names.iter().map(|name| Local::Left(Residual::Local(Arc::clone(name)))).collect();
        self.loops += 1;
        let parts = self.within(&shape.names, locals, |partial| {
            let part =
                |expr: Option<&Expr>, partial: &mut Self| expr.map(|expr| partial.part(expr)).transpose();
            Ok((part(shape.test, partial)?, partial.part(shape.body)?))
        });
        self.loops -= 1;
        let (test, body) = parts?;
        let asks = matches!(&**function, "all" | "exists" | "exists_one" | "existsOne");
        let fails = |part: &Residual| part.has_error();
        if fails(&range) || test.iter().any(fails) || (!asks && fails(&body)) {
            return Err(Unplannable::Failing);
        }
        let names = shape.names.clone();
        Ok(Residual::Loop(Box::new(Loop { function: Arc::clone(function), range, names, test, body })))
    }

    fn unrolled(&mut self, shape: &Shape<'_>, items: Vec<(Value, Value)>, any: bool) -> Left {
        let is_map = items.iter().any(|(key, _)| matches!(key, Value::String(_)));
        let mut sides = Vec::with_capacity(items.len());
        for (key, item) in items {
            let locals = match shape.names.len() {
                1 if is_map => vec![Local::Known(key)],
                1 => vec![Local::Known(item)],
                _ => vec![Local::Known(key), Local::Known(item)],
            };
            sides.push(self.within(&shape.names, locals, |partial| partial.part(shape.body))?);
        }
        Ok(Residual::nested(sides, if any { Residual::any } else { Residual::all }))
    }

    fn within<T>(&mut self, names: &[Arc<str>], locals: Vec<Local>, look: impl FnOnce(&mut Self) -> T) -> T {
        let outside = self.locals.len();
        self.locals.extend(names.iter().cloned().zip(locals));
        let result = look(self);
        self.locals.truncate(outside);
        result
    }
}

/// What a macro gives for a list that holds nothing.
fn of_nothing(function: &str) -> Option<Value> {
    Some(match function {
        "exists_one" | "existsOne" => Value::Bool(false),
        "filter" | "map" | "transformList" => Value::List(Box::default()),
        _ => return None,
    })
}

/// Places and items of a known list or map.
fn items(range: &Value) -> Option<Vec<(Value, Value)>> {
    match range {
        Value::List(items) => Some((0..).map(Value::Int).zip(items.iter().cloned()).collect()),
        Value::Map(map) => {
            Some(map.iter().map(|(key, value)| (Value::String(Arc::clone(key)), value.clone())).collect())
        }
        _ => None,
    }
}
