use std::sync::Arc;

use super::{Checker, Type};
use crate::syntax::{Expr, ExprKind};

/// What cel-go keeps the result of a macro under.
const ACCUMULATOR: &str = "__result__";

impl Checker<'_> {
    /// The type of a macro's value, if that is what the call is.
    pub(super) fn macro_call(
        &mut self,
        expr: &Expr,
        target: Option<&Expr>,
        function: &str,
        args: &[Expr],
    ) -> Option<Type> {
        let Some(target) = target else { return self.has(expr, function, args) };
        if target.qualified_name().as_deref() == Some("cel") && self.local("cel").is_none() {
            return self.bind(function, args);
        }
        Some(match (function, args) {
            ("all" | "exists", [name, body]) => self.test(target, &[name], body),
            ("exists_one", [name, body]) => self.one(target, &[name], body),
            ("all" | "exists", [key, name, body]) => self.test(target, &[key, name], body),
            ("existsOne" | "exists_one", [key, name, body]) => self.one(target, &[key, name], body),
            ("filter", [name, test]) => self.filter(target, name, test),
            ("map", [name, body]) => Type::list(self.each(target, &[name], None, body).body),
            ("map", [name, test, body]) => Type::list(self.each(target, &[name], Some(test), body).body),
            ("transformList", [key, name, rest @ .., body]) if rest.len() < 2 => {
                Type::list(self.each(target, &[key, name], rest.first(), body).body)
            }
            ("transformMap", [key, name, rest @ .., body]) if rest.len() < 2 => {
                let Each { key, body, .. } = self.each(target, &[key, name], rest.first(), body);
                Type::map(key, body)
            }
            ("transformMapEntry", [key, name, rest @ .., body]) if rest.len() < 2 => {
                let found = self.each(target, &[key, name], rest.first(), body).body;
                self.entry(body, found)
            }
            ("sortBy", [name, body]) => self.sort_by(target, name, body),
            ("optMap", [name, body]) => Type::optional(self.opened(target, name, body)),
            ("optFlatMap", [name, body]) => self.flat(target, name, body),
            _ => return None,
        })
    }

    fn has(&mut self, expr: &Expr, function: &str, args: &[Expr]) -> Option<Type> {
        let ("has", [arg]) = (function, args) else { return None };
        match &arg.kind {
            ExprKind::Select { optional: false, .. } => {
                self.type_of(arg);
            }
            _ => {
                self.report(expr, "invalid argument to has() macro");
            }
        }
        Some(Type::Bool)
    }

    /// `cel.bind(name, value, body)`
    fn bind(&mut self, function: &str, args: &[Expr]) -> Option<Type> {
        let ("bind", [name, value, body]) = (function, args) else { return None };
        let bound = self.type_of(value);
        Some(self.within(vec![(name, bound)], |checker| checker.type_of(body)))
    }

    /// The type of `body` for what an optional value holds.
    fn opened(&mut self, target: &Expr, name: &Expr, body: &Expr) -> Type {
        let held = match self.type_of(target) {
            Type::Optional(inner) => (*inner).clone(),
            Type::Dyn => Type::Dyn,
            other => {
                let place = format!("expected type 'optional_type' but found '{other}'");
                self.report(target, place)
            }
        };
        self.within(vec![(name, held)], |checker| checker.type_of(body))
    }

    /// The body of `optFlatMap`, which is an optional value itself.
    fn flat(&mut self, target: &Expr, name: &Expr, body: &Expr) -> Type {
        let found = self.opened(target, name, body);
        let optional = Type::optional(Type::Dyn);
        if found.meets(&optional) {
            return found;
        }
        self.no_overload(target, "_?_:_", &[Type::Bool, found, optional])
    }

    /// The body of `transformMapEntry`, which is a map.
    fn entry(&mut self, body: &Expr, found: Type) -> Type {
        let made = Type::map(Type::Dyn, Type::Dyn);
        match found {
            Type::Map(..) | Type::Dyn => found,
            other => self.no_overload(body, "cel.@mapInsert", &[made, other]),
        }
    }

    /// `list.sortBy(name, key)`; cel-go expands it for some ways of writing a list only.
    fn sort_by(&mut self, target: &Expr, name: &Expr, key: &Expr) -> Type {
        if matches!(target.kind, ExprKind::Literal(_) | ExprKind::Map(_)) {
            let why =
                "sortBy can only be applied to a list, identifier, comprehension, call or select expression";
            return self.report(target, why);
        }
        let Each { range, body: found, .. } = self.each(target, &[name], None, key);
        match &range {
            Type::List(_) if found.is_sortable() => return range,
            Type::Dyn if found.is_sortable() => return Type::list(Type::Dyn),
            _ => {}
        }
        let message = format!(
            "found no matching overload for '@sortByAssociatedKeys' applied to '{range}.({})'",
            Type::list(found)
        );
        self.report(target, message)
    }

    /// A macro that asks a question of each item.
    fn test(&mut self, target: &Expr, names: &[&Expr], body: &Expr) -> Type {
        let found = self.each(target, names, None, body).body;
        self.must_be_bool(body, &found);
        Type::Bool
    }

    /// A macro that counts the items of which something is true.
    fn one(&mut self, target: &Expr, names: &[&Expr], body: &Expr) -> Type {
        let found = self.each(target, names, None, body).body;
        if !found.meets(&Type::Bool) {
            self.no_overload(body, "_?_:_", &[found, Type::Int, Type::Int]);
        }
        Type::Bool
    }

    fn filter(&mut self, target: &Expr, name: &Expr, test: &Expr) -> Type {
        let Each { range, body: found, .. } = self.each(target, &[name], None, test);
        if !found.meets(&Type::Bool) {
            self.no_overload(test, "_?_:_", &[found, range.clone(), range.clone()]);
        }
        match range {
            Type::Map(key, _) => Type::List(key),
            Type::Dyn => Type::list(Type::Dyn),
            other => other,
        }
    }

    /// Looks at `body`, and at what decides whether it counts, for each item of `target`.
    fn each(&mut self, target: &Expr, names: &[&Expr], test: Option<&Expr>, body: &Expr) -> Each {
        let range = self.type_of(target);
        let (key, item) = match &range {
            Type::Dyn => (Type::Dyn, Type::Dyn),
            Type::List(item) => (Type::Int, (**item).clone()),
            Type::Map(key, value) => ((**key).clone(), (**value).clone()),
            other => {
                let message = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                self.report(target, message);
                (Type::Dyn, Type::Dyn)
            }
        };
        let variables = match names {
            [name] if matches!(range, Type::Map(..)) => vec![(*name, key.clone())],
            [name] => vec![(*name, item)],
            [first, second] => vec![(*first, key.clone()), (*second, item)],
            _ => Vec::new(),
        };
        let body = self.within(variables, |checker| {
            if let Some(test) = test {
                checker.counted(test);
            }
            checker.type_of(body)
        });
        Each { range, key, body }
    }

    fn counted(&mut self, test: &Expr) {
        let found = self.type_of(test);
        if !found.meets(&Type::Bool) {
            self.no_overload(test, "_?_:_", &[found, Type::Dyn, Type::Dyn]);
        }
    }

    fn within<T>(&mut self, variables: Vec<(&Expr, Type)>, look: impl FnOnce(&mut Self) -> T) -> T {
        let outside = self.locals.len();
        for (name, found) in variables {
            match &name.kind {
                ExprKind::Ident(hidden) if &**hidden == ACCUMULATOR => {
                    self.report(name, "iteration variable overwrites accumulator variable");
                }
                ExprKind::Ident(name) => self.locals.push((Arc::clone(name), found)),
                _ => {
                    self.report(name, "argument must be a simple name");
                }
            }
        }
        let result = look(self);
        self.locals.truncate(outside);
        result
    }
}

/// The types around a macro that goes through items.
struct Each {
    range: Type,
    key: Type,
    body: Type,
}
