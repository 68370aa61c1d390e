use super::{Checker, Type};
use crate::functions::{constants::bad_constant, strings::format};
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

impl Checker<'_> {
    /// The values that a format written out is given, as far as their types are plain to see.
    pub(super) fn formatted(&mut self, target: Option<&Expr>, args: &[Expr]) {
        let (Some(Val::Str(format)), [Expr { kind: ExprKind::List(items), .. }]) =
            (target.and_then(constant), args)
        else {
            return;
        };
        for (verb, item) in format::verbs(format).zip(items) {
            let plain = match &item.value.kind {
                ExprKind::Literal(_) | ExprKind::Ident(_) | ExprKind::Select { .. } => {
                    let known = self.issues.len();
                    let found = self.type_of(&item.value);
                    self.issues.truncate(known);
                    found
                }
                ExprKind::List(_) => Type::list(Type::Dyn),
                ExprKind::Map(_) => Type::map(Type::Dyn, Type::Dyn),
                _ => Type::Dyn,
            };
            if let Some(given) = name_of(&plain)
                && let Some(why) = format::refusal(verb, given)
            {
                self.report(&item.value, why);
            }
        }
    }
}

/// What `type` calls values of a plain type.
const fn name_of(found: &Type) -> Option<&'static str> {
    Some(match found {
        Type::Null => "null_type",
        Type::Bool => "bool",
        Type::Int => "int",
        Type::Uint => "uint",
        Type::Double => "double",
        Type::String => "string",
        Type::Bytes => "bytes",
        Type::List(_) => "list",
        Type::Map(..) => "map",
        _ => return None,
    })
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
