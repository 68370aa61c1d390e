//! Macros that give names to values: which names, and where they are seen.

use std::sync::Arc;

use crate::syntax::{Expr, ExprKind};

/// A macro call taken apart.
pub(crate) struct Shape<'e> {
    /// What is gone through, opened or bound.
    pub(crate) over: &'e Expr,
    /// The names it gives.
    pub(crate) names: Vec<Arc<str>>,
    /// What decides whether an item counts, besides the body.
    pub(crate) test: Option<&'e Expr>,
    /// The part that sees the names.
    pub(crate) body: &'e Expr,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Loop,
    Bind,
    Optional,
}

/// The macro that a call is, if it gives names.
pub(crate) fn shape<'e>(target: Option<&'e Expr>, function: &str, args: &'e [Expr]) -> Option<Shape<'e>> {
    let over = target?;
    let is_cel = matches!(&over.kind, ExprKind::Ident(name) if &**name == "cel");
    let build = |over, names: &[&Expr], test, body, kind| {
        let names = names.iter().map(|name| match &name.kind {
            ExprKind::Ident(name) => Some(Arc::clone(name)),
            _ => None,
        });
        Some(Shape { over, names: names.collect::<Option<_>>()?, test, body, kind })
    };
    match (function, args) {
        ("bind", [name, value, body]) if is_cel => build(value, &[name], None, body, Kind::Bind),
        ("optMap" | "optFlatMap", [name, body]) => build(over, &[name], None, body, Kind::Optional),
        ("all" | "exists" | "exists_one" | "filter" | "map" | "sortBy", [name, body]) => {
            build(over, &[name], None, body, Kind::Loop)
        }
        ("map", [name, test, body]) => build(over, &[name], Some(test), body, Kind::Loop),
        ("all" | "exists" | "exists_one" | "existsOne", [key, name, body]) => {
            build(over, &[key, name], None, body, Kind::Loop)
        }
        ("transformList" | "transformMap" | "transformMapEntry", [key, name, rest @ .., body])
            if rest.len() < 2 =>
        {
            build(over, &[key, name], rest.first(), body, Kind::Loop)
        }
        _ => None,
    }
}
