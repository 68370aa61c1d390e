use std::sync::Arc;

use super::{Checker, Object, Type};
use crate::{
    syntax::{Entry, Expr, Item},
    type_names,
};

impl Checker<'_> {
    pub(super) fn name(&mut self, expr: &Expr, name: &str) -> Type {
        self.known_name(name)
            .unwrap_or_else(|| self.report(expr, format!("undeclared reference to '{name}'")))
    }

    /// A name, with or without dots, that means something by itself.
    pub(super) fn known_name(&self, name: &str) -> Option<Type> {
        if let Some(local) = self.local(name) {
            return Some(local);
        }
        let absolute = name.strip_prefix('.').unwrap_or(name);
        self.names.meaning(absolute).or_else(|| type_names::is_known(absolute).then_some(Type::Type))
    }

    pub(super) fn select(&mut self, expr: &Expr, operand: &Expr, field: &Arc<str>, optional: bool) -> Type {
        if !optional
            && let Some(name) = self.free_name(expr)
            && type_names::is_known(&name)
            && self.known_root(&name).is_none()
        {
            return Type::Type;
        }
        let from = self.type_of(operand);
        let wrap = optional && !matches!(from, Type::Optional(_));
        let found = self.field(expr, from, field);
        if wrap { Type::optional(found) } else { found }
    }

    /// The dotted name that this is, if it does not start with a macro's variable.
    pub(super) fn free_name(&self, expr: &Expr) -> Option<String> {
        let name = expr.qualified_name()?;
        let root = name.split('.').next()?;
        self.local(root).is_none().then_some(name)
    }

    fn known_root(&self, name: &str) -> Option<Type> {
        self.names.meaning(name.split('.').next()?)
    }

    pub(super) fn field(&mut self, place: &Expr, from: Type, field: &str) -> Type {
        match from {
            Type::Dyn | Type::Unknown | Type::Fields(_) => Type::Dyn,
            Type::Map(_, value) => (*value).clone(),
            Type::Object(Object { path, .. }) => match self.names.meaning(&format!("{path}.{field}")) {
                Some(found) => found,
                None => self.report(place, format!("undefined field '{field}'")),
            },
            Type::Optional(inner) if !matches!(*inner, Type::Optional(_)) => {
                Type::optional(self.field(place, (*inner).clone(), field))
            }
            Type::Optional(other) => {
                self.report(place, format!("type '{other}' does not support field selection"))
            }
            other => self.report(place, format!("type '{other}' does not support field selection")),
        }
    }

    pub(super) fn index(&mut self, expr: &Expr, operand: &Expr, index: &Expr, optional: bool) -> Type {
        let from = self.type_of(operand);
        let by = self.type_of(index);
        let name = if optional { "_[?_]" } else { "_[_]" };
        match item_at(&from, &by) {
            // A hierarchy has no element that may be absent.
            Some(_) if optional && matches!(from, Type::Named(_)) => {
                self.no_overload(expr, name, &[from, by])
            }
            Some(found) if optional && !matches!(from, Type::Optional(_)) => Type::optional(found),
            Some(found) => found,
            None => self.no_overload(expr, name, &[from, by]),
        }
    }

    /// The types of a list's items.
    pub(super) fn items(&mut self, items: &[Item]) -> Vec<Type> {
        let mut types = Vec::with_capacity(items.len());
        for Item { value, optional } in items {
            let found = self.type_of(value);
            types.push(if *optional { self.present(value, found) } else { found });
        }
        types
    }

    pub(super) fn map(&mut self, entries: &[Entry]) -> Type {
        let mut joined: Option<(Type, Type)> = None;
        for Entry { key, value, optional } in entries {
            let at = self.type_of(key);
            let found = self.type_of(value);
            let found = if *optional { self.present(value, found) } else { found };
            joined = Some(match joined {
                Some((keys, values)) => (keys.join(&at), values.join(&found)),
                None => (at, found),
            });
        }
        let (key, value) = joined.unwrap_or((Type::Unknown, Type::Unknown));
        Type::map(key, value)
    }

    /// What is in an optional value.
    fn present(&mut self, place: &Expr, found: Type) -> Type {
        match found {
            Type::Optional(inner) => (*inner).clone(),
            Type::Dyn => Type::Dyn,
            other => {
                self.report(place, format!("expected type 'optional_type({other})' but found '{other}'"))
            }
        }
    }
}

/// The type of a list of items of these types.
pub(super) fn list_of(items: &[Type]) -> Type {
    Type::list(items.iter().fold(Type::Unknown, Type::join))
}

fn item_at(from: &Type, by: &Type) -> Option<Type> {
    match from {
        Type::Dyn | Type::Unknown => Some(Type::Dyn),
        Type::List(item) => by.meets(&Type::Int).then(|| (**item).clone()),
        Type::Map(key, value) => by.meets(key).then(|| (**value).clone()),
        Type::Named("cerbos.lib.hierarchy") => by.meets(&Type::Int).then_some(Type::String),
        Type::Optional(inner) if !matches!(**inner, Type::Optional(_)) => {
            item_at(inner, by).map(Type::optional)
        }
        _ => None,
    }
}
