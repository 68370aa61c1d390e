use super::Checker;
use crate::functions::constants::bad_constant;
use crate::syntax::{Expr, ExprKind, Literal};
use crate::{List, Val};

impl Checker<'_> {
    /// Arguments that are written out and can never be right.
    pub(super) fn constants(&mut self, function: &str, args: &[&Expr]) {
        let items: Vec<Option<Vec<Val<'_>>>> = args.iter().map(|arg| items(arg)).collect();
        let constants: Vec<Option<Val<'_>>> = args
            .iter()
            .zip(&items)
            .map(|(arg, items)| match items {
                Some(items) => Some(Val::List(List::Vals(items))),
                None => constant(arg),
            })
            .collect();
        let found = bad_constant(function, &constants);
        if let Some(bad) = found
            && let Some(place) = args.get(bad.argument)
        {
            self.report(place, bad.why);
        }
    }
}

fn constant(expr: &Expr) -> Option<Val<'_>> {
    match &expr.kind {
        ExprKind::Literal(literal) => Some(match literal {
            Literal::Null => Val::Null,
            Literal::Bool(value) => Val::Bool(*value),
            Literal::Int(value) => Val::Int(*value),
            Literal::Uint(value) => Val::Uint(*value),
            Literal::Double(value) => Val::Double(*value),
            Literal::String(text) => Val::Str(text),
            Literal::Bytes(bytes) => Val::Bytes(bytes),
        }),
        _ => None,
    }
}

/// As many values as a list that is written out has; those that are not constants are `null`.
fn items(expr: &Expr) -> Option<Vec<Val<'_>>> {
    match &expr.kind {
        ExprKind::List(items) if items.iter().all(|item| !item.optional) => {
            Some(items.iter().map(|item| constant(&item.value).unwrap_or(Val::Null)).collect())
        }
        _ => None,
    }
}
