//! From the tree as written to one that can be evaluated: names become slots, macros and functions are found, and what
//! is constant is worked out.

mod calls;
mod fold;
mod macros;
mod names;

use std::sync::Arc;

use crate::{
    Env, Program, Type, Value,
    node::{Entry, Item, Kind, Node},
    syntax::{Expr, ExprKind, Issue, Literal, Operator},
};

pub(crate) fn program(env: &Env, text: &str, expr: &Expr, ty: Type) -> Result<Program, Vec<Issue>> {
    let mut compiler = Compiler { env, locals: Vec::new(), reads: Vec::new(), issues: Vec::new() };
    let root = compiler.node(expr);
    if !compiler.issues.is_empty() {
        return Err(compiler.issues);
    }
    compiler.reads.sort();
    compiler.reads.dedup();
    Ok(Program { root, text: text.into(), ty, reads: compiler.reads.into() })
}

struct Compiler<'e> {
    env: &'e Env,
    /// The variables of the macros around the part that is compiled; a variable's place is its index.
    locals: Vec<Arc<str>>,
    reads: Vec<Arc<str>>,
    issues: Vec<Issue>,
}

impl Compiler<'_> {
    fn node(&mut self, expr: &Expr) -> Node {
        let kind = self.kind(expr);
        fold::fold(Node { kind, start: expr.start, end: expr.end })
    }

    fn boxed(&mut self, expr: &Expr) -> Box<Node> {
        Box::new(self.node(expr))
    }

    fn nodes(&mut self, list: &[Expr]) -> Box<[Node]> {
        list.iter().map(|expr| self.node(expr)).collect()
    }

    fn kind(&mut self, expr: &Expr) -> Kind {
        match &expr.kind {
            ExprKind::Literal(literal) => Kind::Const(constant(literal)),
            ExprKind::Ident(_) => self.name(expr),
            ExprKind::Select { operand, field, optional } => self.select(expr, operand, field, *optional),
            ExprKind::Index { operand, index, optional } => {
                if !optional {
                    self.read_at(operand, index);
                }
                Kind::Index { operand: self.boxed(operand), index: self.boxed(index), optional: *optional }
            }
            ExprKind::Call { target, function, args } => self.call(expr, target.as_deref(), function, args),
            ExprKind::List(items) => Kind::List(
                items
                    .iter()
                    .map(|item| Item { value: self.node(&item.value), optional: item.optional })
                    .collect(),
            ),
            ExprKind::Map(entries) => {
                let entries = entries.iter().map(|entry| {
                    let (key, value) = (self.node(&entry.key), self.node(&entry.value));
                    Entry { key, value, optional: entry.optional }
                });
                Kind::Map(entries.collect())
            }
            ExprKind::Message(name) => self.issue(expr, format!("undeclared reference to '{name}'")),
            ExprKind::And(sides) => Kind::And(self.nodes(sides)),
            ExprKind::Or(sides) => Kind::Or(self.nodes(sides)),
            ExprKind::Not(operand) => Kind::Not(self.boxed(operand)),
            ExprKind::Negate(operand) => Kind::Negate(self.boxed(operand)),
            ExprKind::Binary(operator, left, right) => self.binary(*operator, left, right),
            ExprKind::Conditional(condition, yes, no) => {
                Kind::Conditional(Box::new([self.node(condition), self.node(yes), self.node(no)]))
            }
        }
    }

    fn binary(&mut self, operator: Operator, left: &Expr, right: &Expr) -> Kind {
        let sides = Box::new([self.node(left), self.node(right)]);
        match operator {
            Operator::Equal | Operator::NotEqual => {
                Kind::Equal { sides, negated: operator == Operator::NotEqual }
            }
            Operator::In => Kind::In(sides),
            Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
                Kind::Compare { sides, operator }
            }
            _ => Kind::Arithmetic { sides, operator },
        }
    }

    fn issue(&mut self, expr: &Expr, message: impl Into<String>) -> Kind {
        self.issues.push(Issue::new(expr.start, expr.end, message));
        Kind::Const(Value::Null)
    }
}

fn constant(literal: &Literal) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Int(value) => Value::Int(*value),
        Literal::Uint(value) => Value::Uint(*value),
        Literal::Double(value) => Value::Double(*value),
        Literal::String(text) => Value::String(Arc::clone(text)),
        Literal::Bytes(bytes) => Value::Bytes(Arc::clone(bytes)),
    }
}
