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
    /// The values that a format written out is given, as far as their types are known.
    pub(super) fn formatted(&mut self, target: Option<&Expr>, args: &[Expr], types: &[Type]) {
        let (Some(Val::Str(format)), [Expr { kind: ExprKind::List(items), .. }]) =
            (target.and_then(constant), args)
        else {
            return;
        };
        for ((verb, item), found) in format::verbs(format).zip(items).zip(types) {
            if let Some(why) = refusal(verb, found) {
                self.report(&item.value, why);
            }
        }
    }
}

/// What is wrong with values of that type in a clause of a format, or with what is in them.
fn refusal(verb: char, found: &Type) -> Option<String> {
    match found {
        Type::List(item) if verb == 's' => refusal(verb, item),
        Type::Map(key, value) if verb == 's' => refusal(verb, key).or_else(|| refusal(verb, value)),
        _ => format::refusal(verb, name_of(found)?),
    }
}

/// What `type` calls values of a known type.
fn name_of(found: &Type) -> Option<&str> {
    Some(match found {
        Type::Dyn | Type::Unknown => return None,
        Type::Null => "null_type",
        Type::Bool => "bool",
        Type::Int => "int",
        Type::Uint => "uint",
        Type::Double => "double",
        Type::String => "string",
        Type::Bytes => "bytes",
        Type::Timestamp => "google.protobuf.Timestamp",
        Type::Duration => "google.protobuf.Duration",
        Type::List(_) => "list",
        Type::Map(..) => "map",
        Type::Optional(_) => "optional_type",
        Type::Type => "type",
        Type::Named(name) => name,
        Type::Object(object) => &object.name,
        Type::Fields(name) => name,
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
