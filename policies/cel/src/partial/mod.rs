//! What is left of an expression when only some of its names are known?
//!
//! The parts that are known are evaluated, `&&`, `||`, `!` and `?:` are reduced, `all` and `exists` over short known
//! lists become `&&` and `||`, and looking an unknown key up in a known map becomes a choice between its entries.

mod cases;
mod known;
mod loops;
mod plan;
mod residual;
mod settle;
pub(crate) mod shape;
mod world;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use plan::Known;
pub use residual::{Loop, Residual};
pub(crate) use world::{Fact, World};

use crate::syntax::{Expr, ExprKind};
use crate::{ErrorKind, Value};
use known::{Named, field_of};

/// Parts that may be looked at in one expression, counting a part as often as a list over it is long.
const MAX_PARTS: usize = 20_000;

/// Why nothing can be said in advance about an expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unplannable {
    /// Optional values of what is not known.
    #[error("`{0}` on a value that is not known cannot be planned")]
    Optional(String),
    /// A known part fails, but only for some of what is not known, where that cannot be said in a condition.
    #[error("a part fails for some values that are not known")]
    Failing,
    /// It has too many parts.
    #[error("the expression has too many parts to be planned")]
    TooLarge,
    /// Evaluating a known part of it took more than it may.
    #[error("{0}")]
    Limit(ErrorKind<'static>),
}

/// What is left of `expr` in `world`.
pub(crate) fn partial(expr: &Expr, world: &dyn World) -> Result<Residual, Unplannable> {
    Partial { world, locals: Vec::new(), loops: 0, left: MAX_PARTS }.part(expr)
}

struct Partial<'w> {
    world: &'w dyn World,
    /// The names that macros around this part give.
    locals: Vec<(Arc<str>, Local)>,
    /// Loops around this part that stay.
    loops: usize,
    left: usize,
}

/// What a macro's name stands for.
#[derive(Clone)]
enum Local {
    Known(Value),
    Left(Residual),
}

type Left = Result<Residual, Unplannable>;

impl Partial<'_> {
    fn part(&mut self, expr: &Expr) -> Left {
        self.left = self.left.checked_sub(1).ok_or(Unplannable::TooLarge)?;
        if self.is_known(expr, &mut Vec::new())
            && let Some(value) = self.evaluated(&self.written_out(expr))?
        {
            return Ok(value);
        }
        if let Some(Named::Left(residual)) = self.named(expr) {
            return Ok(residual);
        }
        match &expr.kind {
            ExprKind::Literal(_) | ExprKind::Message(_) => Ok(Residual::Error(ErrorKind::NoSuchOverload)),
            ExprKind::Ident(name) => Ok(self.variable(name)),
            ExprKind::Select { optional: true, .. } => Err(Unplannable::Optional(".?".to_owned())),
            ExprKind::Index { optional: true, .. } => Err(Unplannable::Optional("[?".to_owned())),
            ExprKind::Select { operand, field, .. } => Ok(field_of(self.part(operand)?, field)),
            ExprKind::Index { operand, index, .. } => {
                let (operand, index) = (self.part(operand)?, self.part(index)?);
                self.folded(Residual::Index(Box::new(operand), Box::new(index)))
            }
            ExprKind::Call { target, function, args } => self.call(target.as_deref(), function, args),
            ExprKind::List(items) => {
                let parts = items.iter().map(|item| self.unless_optional(item.optional, &item.value));
                Ok(strict(parts.collect::<Result<_, _>>()?, Residual::List))
            }
            ExprKind::Map(entries) => self.map(entries),
            ExprKind::And(sides) => Ok(Residual::balanced(self.parts(sides)?, Residual::all)),
            ExprKind::Or(sides) => Ok(Residual::balanced(self.parts(sides)?, Residual::any)),
            ExprKind::Not(operand) => Ok(match self.part(operand)? {
                // Kept as it is written.
                twice @ Residual::Not(_) => Residual::Not(Box::new(twice)),
                other => other.negated(),
            }),
            ExprKind::Negate(operand) => {
                let operand = self.part(operand)?;
                self.folded(Residual::Negate(Box::new(operand)))
            }
            ExprKind::Binary(operator, left, right) => {
                let (left, right) = (self.part(left)?, self.part(right)?);
                self.split(Residual::Binary(*operator, Box::new(left), Box::new(right)))
            }
            ExprKind::Conditional(condition, yes, no) => self.choice(condition, yes, no),
        }
    }

    fn parts(&mut self, exprs: &[Expr]) -> Result<Vec<Residual>, Unplannable> {
        exprs.iter().map(|expr| self.part(expr)).collect()
    }

    fn unless_optional(&mut self, optional: bool, expr: &Expr) -> Left {
        if optional { Err(Unplannable::Optional("?".to_owned())) } else { self.part(expr) }
    }

    fn map(&mut self, entries: &[crate::syntax::Entry]) -> Left {
        let mut parts = Vec::with_capacity(entries.len());
        for entry in entries {
            let key = self.part(&entry.key)?;
            parts.push((key, self.unless_optional(entry.optional, &entry.value)?));
        }
        let error = parts.iter().find_map(|(key, value)| error_of(key).or_else(|| error_of(value)));
        Ok(error.map_or(Residual::Map(parts), Residual::Error))
    }

    fn choice(&mut self, condition: &Expr, yes: &Expr, no: &Expr) -> Left {
        match self.part(condition)? {
            Residual::Value(Value::Bool(true)) => self.part(yes),
            Residual::Value(Value::Bool(false)) => self.part(no),
            Residual::Value(_) => Ok(Residual::Error(ErrorKind::NoSuchOverload)),
            Residual::Error(kind) => Ok(Residual::Error(kind)),
            condition => {
                let (yes, no) = (self.part(yes)?, self.part(no)?);
                Ok(Residual::If(Box::new(condition), Box::new(yes), Box::new(no)))
            }
        }
    }

    fn call(&mut self, target: Option<&Expr>, function: &Arc<str>, args: &[Expr]) -> Left {
        if let Some(shape) = shape::shape(target, function, args) {
            return self.shaped(function, &shape);
        }
        if let (None, "has", [Expr { kind: ExprKind::Select { operand, field, .. }, .. }]) =
            (target, &**function, args)
        {
            return Ok(match self.part(operand)? {
                Residual::Error(kind) => Residual::Error(kind),
                operand => Residual::Has(Box::new(operand), Arc::clone(field)),
            });
        }
        let name = target.and_then(|target| self.namespaced(target, function));
        let mut parts = Vec::with_capacity(args.len() + 1);
        if name.is_none()
            && let Some(target) = target
        {
            parts.push(self.part(target)?);
        }
        parts.extend(self.parts(args)?);
        let name = name.unwrap_or_else(|| Arc::clone(function));
        if name.starts_with("optional.") || matches!(&*name, "orValue" | "hasValue" | "or" | "value") {
            return Err(Unplannable::Optional(name.to_string()));
        }
        if let Some(kind) = parts.iter().find_map(error_of) {
            return Ok(Residual::Error(kind));
        }
        self.split(Residual::Call(name, parts))
    }

    /// `math.abs`, where `math` is no value.
    fn namespaced(&self, target: &Expr, function: &str) -> Option<Arc<str>> {
        let name = format!("{}.{function}", target.qualified_name()?);
        let root = name.split('.').next()?;
        (self.local(root).is_none() && crate::functions::find(&name, false).is_some()).then(|| name.into())
    }

    fn variable(&self, name: &Arc<str>) -> Residual {
        match self.local(name) {
            Some(Local::Known(value)) => Residual::Value(value.clone()),
            Some(Local::Left(residual)) => residual.clone(),
            None => Residual::Variable(Arc::clone(name)),
        }
    }

    fn local(&self, name: &str) -> Option<&Local> {
        self.locals.iter().rev().find(|(local, _)| **local == *name).map(|(_, local)| local)
    }

    /// The value of a known expression; `None` if it has no form outside of evaluation.
    fn evaluated(&self, expr: &Expr) -> Result<Option<Residual>, Unplannable> {
        match self.world.value(expr) {
            Ok(value) => Ok(value.map(Residual::Value)),
            Err(error) if error.kind.is_limit() => Err(Unplannable::Limit(error.kind)),
            Err(error) => Ok(Some(Residual::Error(error.kind))),
        }
    }

    /// Evaluates what has become known.
    fn folded(&self, residual: Residual) -> Left {
        let (mut error, mut known, mut fails) = (None, true, false);
        residual.parts(&mut |part| {
            error = error.take().or_else(|| error_of(part));
            known = known && matches!(part, Residual::Value(_));
            fails = fails || part.has_error();
        });
        if let Some(kind) = error {
            return Ok(Residual::Error(kind));
        }
        if fails {
            return Err(Unplannable::Failing);
        }
        if known && let Some(expr) = cases::written(&residual) {
            return Ok(self.evaluated(&expr)?.unwrap_or(residual));
        }
        Ok(residual)
    }
}

fn error_of(residual: &Residual) -> Option<ErrorKind<'static>> {
    match residual {
        Residual::Error(kind) => Some(kind.clone()),
        _ => None,
    }
}

/// An error in one of the parts is an error in all of it.
fn strict(parts: Vec<Residual>, kind: fn(Vec<Residual>) -> Residual) -> Residual {
    match parts.iter().find_map(error_of) {
        Some(error) => Residual::Error(error),
        None => kind(parts),
    }
}
