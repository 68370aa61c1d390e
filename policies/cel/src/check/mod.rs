//! What can be said of an expression before it is evaluated: names that are not declared, functions that do not take
//! such values, literals that are none.
//!
//! Types are followed as far as they are known; where they are not, nothing is said. Findings are worded as cel-go
//! words them.

mod calls;
mod literals;
mod macros;
mod members;
mod operators;
mod overloads;
mod types;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use types::{Object, Type};

use crate::syntax::{Expr, ExprKind, Issue, Literal};

/// The names an expression may use.
pub(crate) trait Names {
    /// What a name means: `request`, `request.principal`, `P.attr`. `None` if it is not declared.
    fn meaning(&self, path: &str) -> Option<Type>;
}

/// The type of an expression's value, and everything that is wrong with it.
pub(crate) fn check(expr: &Expr, names: &dyn Names) -> (Type, Vec<Issue>) {
    let mut checker = Checker { names, locals: Vec::new(), issues: Vec::new() };
    let found = checker.type_of(expr);
    let mut issues = checker.issues;
    issues.sort_by_key(|issue| issue.start);
    (found, issues)
}

struct Checker<'n> {
    names: &'n dyn Names,
    /// The variables of the macros around the part that is looked at, the innermost last.
    locals: Vec<(Arc<str>, Type)>,
    issues: Vec<Issue>,
}

impl Checker<'_> {
    fn type_of(&mut self, expr: &Expr) -> Type {
        match self.found(expr) {
            Type::Unknown => Type::Dyn,
            known => known,
        }
    }

    fn found(&mut self, expr: &Expr) -> Type {
        match &expr.kind {
            ExprKind::Literal(literal) => type_of_literal(literal),
            ExprKind::Ident(name) => self.name(expr, name),
            ExprKind::Select { operand, field, optional } => self.select(expr, operand, field, *optional),
            ExprKind::Index { operand, index, optional } => self.index(expr, operand, index, *optional),
            ExprKind::Call { target, function, args } => self.call(expr, target.as_deref(), function, args),
            ExprKind::List(items) => members::list_of(&self.items(items)),
            ExprKind::Map(entries) => self.map(entries),
            ExprKind::Message(name) => self.report(expr, format!("undeclared reference to '{name}'")),
            ExprKind::And(sides) | ExprKind::Or(sides) => self.logic(sides),
            ExprKind::Not(operand) => self.not(expr, operand),
            ExprKind::Negate(operand) => self.negate(expr, operand),
            ExprKind::Binary(operator, left, right) => self.binary(expr, *operator, left, right),
            ExprKind::Conditional(condition, yes, no) => self.conditional(expr, condition, yes, no),
        }
    }

    /// Adds a finding. Its place is anything from then on, so that one mistake is one finding.
    fn report(&mut self, place: &Expr, message: impl Into<String>) -> Type {
        self.issues.push(Issue::new(place.start, place.end, message));
        Type::Dyn
    }

    fn no_overload(&mut self, place: &Expr, function: &str, args: &[Type]) -> Type {
        let types: Vec<String> = args.iter().map(Type::to_string).collect();
        let message =
            format!("found no matching overload for '{function}' applied to '({})'", types.join(", "));
        self.report(place, message)
    }

    fn local(&self, name: &str) -> Option<Type> {
        self.locals.iter().rev().find(|(local, _)| **local == *name).map(|(_, found)| found.clone())
    }
}

fn type_of_literal(literal: &Literal) -> Type {
    match literal {
        Literal::Null => Type::Null,
        Literal::Bool(_) => Type::Bool,
        Literal::Int(_) => Type::Int,
        Literal::Uint(_) => Type::Uint,
        Literal::Double(_) => Type::Double,
        Literal::String(_) => Type::String,
        Literal::Bytes(_) => Type::Bytes,
    }
}
