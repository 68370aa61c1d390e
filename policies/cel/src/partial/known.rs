//! Which parts are known, and what they are with the known variables of macros put in.

use std::sync::Arc;

use super::shape::shape;
use super::{Fact, Local, Partial, Residual};
use crate::syntax::{Entry, Expr, ExprKind, Item, Literal};
use crate::{Map, Value};

/// A name with the fields selected from it: `P.attr.a["b"]`.
struct Path<'e> {
    segments: Vec<Segment<'e>>,
}

/// A part of a path, and whether it stands in brackets.
#[derive(Clone, Copy)]
struct Segment<'e> {
    name: &'e str,
    indexed: bool,
}

impl<'e> Path<'e> {
    fn of(expr: &'e Expr) -> Option<Self> {
        let mut segments = Vec::new();
        let mut at = expr;
        loop {
            match &at.kind {
                ExprKind::Ident(name) => {
                    segments.push(Segment { name, indexed: false });
                    segments.reverse();
                    return Some(Self { segments });
                }
                ExprKind::Select { operand, field, optional: false } => {
                    segments.push(Segment { name: field, indexed: false });
                    at = operand;
                }
                ExprKind::Index { operand, index, optional: false } => {
                    let ExprKind::Literal(Literal::String(field)) = &index.kind else { return None };
                    segments.push(Segment { name: field, indexed: true });
                    at = operand;
                }
                _ => return None,
            }
        }
    }
}

impl Partial<'_> {
    /// What a declared name and its fields come to, as far as that is known; `None` for other names.
    pub(super) fn named(&self, expr: &Expr) -> Option<Named> {
        let path = Path::of(expr)?;
        let (root, _) = path.segments.split_first()?;
        if self.local(root.name).is_some() {
            return None;
        }
        for length in 1..=path.segments.len() {
            let (declared, fields) = path.segments.split_at_checked(length)?;
            let declared = declared.iter().map(|segment| segment.name).collect::<Vec<_>>().join(".");
            if let Some((name, fact)) = self.world.fact(declared.trim_start_matches('.')) {
                return Some(named(&name, &fact, fields));
            }
        }
        None
    }

    /// Is everything in it known? `inner` are the names that macros inside of it give.
    pub(super) fn is_known(&self, expr: &Expr, inner: &mut Vec<Arc<str>>) -> bool {
        if let Some(path) = Path::of(expr)
            && let Some(root) = path.segments.first()
        {
            if inner.iter().any(|name| **name == *root.name) {
                return true;
            }
            if let Some(local) = self.local(root.name) {
                return matches!(local, Local::Known(_));
            }
            return match self.named(expr) {
                Some(named) => matches!(named, Named::Known),
                None => true,
            };
        }
        if let ExprKind::Call { target, function, args } = &expr.kind
            && let Some(shape) = shape(target.as_deref(), function, args)
        {
            if !self.is_known(shape.over, inner) {
                return false;
            }
            let outside = inner.len();
            inner.extend(shape.names.iter().cloned());
            let known = shape.test.into_iter().chain([shape.body]).all(|part| self.is_known(part, inner));
            inner.truncate(outside);
            return known;
        }
        let mut known = true;
        expr.children(&mut |child| known = known && self.is_known(child, inner));
        known
    }

    /// The expression with the known variables of the macros around it written out.
    pub(super) fn written_out(&self, expr: &Expr) -> Expr {
        if self.locals.iter().all(|(_, local)| !matches!(local, Local::Known(_))) {
            return expr.clone();
        }
        let mut copy = expr.clone();
        self.write_out(&mut copy, &mut Vec::new());
        copy
    }

    fn write_out(&self, expr: &mut Expr, inner: &mut Vec<Arc<str>>) {
        if let ExprKind::Ident(name) = &expr.kind {
            if !inner.contains(name)
                && let Some(Local::Known(value)) = self.local(name)
                && let Some(kind) = literal(value)
            {
                expr.kind = kind;
            }
            return;
        }
        let names = match &expr.kind {
            ExprKind::Call { target, function, args } => {
                shape(target.as_deref(), function, args).map(|shape| shape.names)
            }
            _ => None,
        };
        let Some(names) = names else {
            expr.children_mut(&mut |child| self.write_out(child, inner));
            return;
        };
        // What a macro goes through does not see its names; writing them out where it gives them would break it.
        let outside = inner.len();
        if let ExprKind::Call { target, args, .. } = &mut expr.kind {
            if let Some(target) = target {
                self.write_out(target, inner);
            }
            inner.extend(names);
            args.iter_mut().for_each(|arg| self.write_out(arg, inner));
        }
        inner.truncate(outside);
    }
}

/// What a declared name with fields comes to.
pub(super) enum Named {
    Known,
    Left(Residual),
}

fn named(name: &Arc<str>, fact: &Fact<'_>, fields: &[Segment<'_>]) -> Named {
    let select = |from: Residual, fields: &[Segment<'_>]| fields.iter().fold(from, at_segment);
    match (fact, fields) {
        (Fact::Known, _) => Named::Known,
        (Fact::Fields(known), [field, ..]) if known.get(field.name).is_some() => Named::Known,
        (Fact::Residual(residual), fields) => Named::Left(select((*residual).clone(), fields)),
        (Fact::Unknown | Fact::Fields(_), fields) => {
            Named::Left(select(Residual::Variable(Arc::clone(name)), fields))
        }
    }
}

/// A field of what is left, as it is written: `.name` or `["name"]`.
fn at_segment(from: Residual, segment: &Segment<'_>) -> Residual {
    let unknown = !matches!(from, Residual::Value(_) | Residual::Error(_));
    if segment.indexed && unknown {
        let key = Residual::Value(Value::String(segment.name.into()));
        return Residual::Index(Box::new(from), Box::new(key));
    }
    field_of(from, segment.name)
}

/// A field of what is left; a name with plain fields is a longer name.
pub(super) fn field_of(from: Residual, field: &str) -> Residual {
    let is_plain = !field.is_empty() && field.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match from {
        Residual::Variable(name) if is_plain => Residual::Variable(format!("{name}.{field}").into()),
        Residual::Value(Value::Map(map)) => known_field(&map, field),
        Residual::Value(_) => Residual::Error(crate::ErrorKind::NoSuchOverload),
        Residual::Error(kind) => Residual::Error(kind),
        other => Residual::Field(Box::new(other), field.into()),
    }
}

fn known_field(map: &Map, field: &str) -> Residual {
    match map.get(field) {
        Some(value) => Residual::Value(value.clone()),
        None => Residual::Error(crate::ErrorKind::NoSuchKey(Some(crate::Name::Shared(field.into())))),
    }
}

/// A value as an expression writes it.
pub(super) fn literal(value: &Value) -> Option<ExprKind> {
    let call = |function: &str, text: String| ExprKind::Call {
        target: None,
        function: function.into(),
        args: vec![Expr::made(ExprKind::Literal(Literal::String(text.into())))],
    };
    Some(match value {
        Value::Null => ExprKind::Literal(Literal::Null),
        Value::Bool(value) => ExprKind::Literal(Literal::Bool(*value)),
        Value::Int(value) => ExprKind::Literal(Literal::Int(*value)),
        Value::Uint(value) => ExprKind::Literal(Literal::Uint(*value)),
        Value::Double(value) => ExprKind::Literal(Literal::Double(*value)),
        Value::String(text) => ExprKind::Literal(Literal::String(Arc::clone(text))),
        Value::Bytes(bytes) => ExprKind::Literal(Literal::Bytes(Arc::clone(bytes))),
        Value::Timestamp(moment) => call("timestamp", moment.to_string()),
        Value::Duration(nanos) => call("duration", format!("{nanos}ns")),
        Value::List(items) => {
            let item = |value| Some(Item { value: Expr::made(literal(value)?), optional: false });
            ExprKind::List(items.iter().map(item).collect::<Option<_>>()?)
        }
        Value::Map(map) => {
            let entry = |(key, value): (&Arc<str>, &Value)| {
                let key = Expr::made(ExprKind::Literal(Literal::String(Arc::clone(key))));
                Some(Entry { key, value: Expr::made(literal(value)?), optional: false })
            };
            ExprKind::Map(map.iter().map(entry).collect::<Option<_>>()?)
        }
    })
}
