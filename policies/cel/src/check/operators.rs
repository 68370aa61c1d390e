use super::{Checker, Type};
use crate::syntax::{Expr, Operator};

impl Checker<'_> {
    pub(super) fn logic(&mut self, sides: &[Expr]) -> Type {
        for side in sides {
            let found = self.type_of(side);
            self.must_be_bool(side, &found);
        }
        Type::Bool
    }

    pub(super) fn must_be_bool(&mut self, place: &Expr, found: &Type) {
        if !found.meets(&Type::Bool) {
            self.report(place, format!("expected type 'bool' but found '{found}'"));
        }
    }

    pub(super) fn not(&mut self, expr: &Expr, operand: &Expr) -> Type {
        let found = self.type_of(operand);
        if !found.meets(&Type::Bool) {
            self.no_overload(expr, "!_", &[found]);
        }
        Type::Bool
    }

    pub(super) fn negate(&mut self, expr: &Expr, operand: &Expr) -> Type {
        match self.type_of(operand) {
            found @ (Type::Int | Type::Double | Type::Dyn) => found,
            found => self.no_overload(expr, "-_", &[found]),
        }
    }

    pub(super) fn conditional(&mut self, expr: &Expr, condition: &Expr, yes: &Expr, no: &Expr) -> Type {
        let asked = self.type_of(condition);
        let (yes, no) = (self.type_of(yes), self.type_of(no));
        if !asked.meets(&Type::Bool) || !yes.meets(&no) {
            return self.no_overload(expr, "_?_:_", &[asked, yes, no]);
        }
        if yes == Type::Null { no } else { yes.join(&no) }
    }

    pub(super) fn binary(&mut self, expr: &Expr, operator: Operator, left: &Expr, right: &Expr) -> Type {
        let (a, b) = (self.type_of(left), self.type_of(right));
        match result(operator, &a, &b) {
            Some(found) => found,
            None if operator == Operator::In => self.no_overload(expr, "@in", &[a, b]),
            None => self.no_overload(expr, &format!("_{}_", operator.symbol()), &[a, b]),
        }
    }
}

/// What an operator gives for values of these types; `None` if it does not take them.
fn result(operator: Operator, a: &Type, b: &Type) -> Option<Type> {
    match operator {
        Operator::Equal | Operator::NotEqual => a.meets(b).then_some(Type::Bool),
        Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
            are_ordered(a, b).then_some(Type::Bool)
        }
        Operator::In => match b {
            Type::List(item) => a.meets(item).then_some(Type::Bool),
            Type::Map(key, _) => a.meets(key).then_some(Type::Bool),
            Type::Dyn => Some(Type::Bool),
            _ => None,
        },
        Operator::Add => sum(a, b),
        Operator::Subtract => difference(a, b),
        Operator::Multiply | Operator::Divide => alike(a, b, is_number),
        Operator::Modulo => alike(a, b, |t| matches!(t, Type::Int | Type::Uint)),
    }
}

fn is_number(found: &Type) -> bool {
    matches!(found, Type::Int | Type::Uint | Type::Double)
}

/// A null may stand where a moment or a duration does, as far as types go.
fn is_null_for(a: &Type, b: &Type) -> bool {
    let fits = |t: &Type| matches!(t, Type::Null | Type::Dyn | Type::Timestamp | Type::Duration);
    (*a == Type::Null || *b == Type::Null) && fits(a) && fits(b)
}

fn are_ordered(a: &Type, b: &Type) -> bool {
    if is_null_for(a, b) {
        return true;
    }
    let has_order = |t: &Type| {
        matches!(t, Type::Dyn | Type::Bool | Type::String | Type::Bytes | Type::Timestamp | Type::Duration)
            || is_number(t)
    };
    has_order(a) && has_order(b) && (a.meets(b) || is_number(a) && is_number(b))
}

/// Both of one type that `fits`, where `dyn` may be any.
fn alike(a: &Type, b: &Type, fits: impl Fn(&Type) -> bool) -> Option<Type> {
    match (a, b) {
        (Type::Dyn, Type::Dyn) => Some(Type::Dyn),
        (Type::Dyn, known) | (known, Type::Dyn) => fits(known).then(|| known.clone()),
        (a, b) => (a == b && fits(a)).then(|| a.clone()),
    }
}

fn sum(a: &Type, b: &Type) -> Option<Type> {
    match (a, b) {
        _ if is_null_for(a, b) => Some(Type::Dyn),
        (Type::Timestamp, Type::Duration) | (Type::Duration, Type::Timestamp) => Some(Type::Timestamp),
        (Type::Duration, Type::Duration) => Some(Type::Duration),
        (Type::Dyn, Type::Timestamp) | (Type::Timestamp, Type::Dyn) => Some(Type::Timestamp),
        (Type::Dyn, Type::Duration) | (Type::Duration, Type::Dyn) => Some(Type::Dyn),
        (Type::List(_), Type::List(_)) => a.meets(b).then(|| a.clone().join(b)),
        (Type::Dyn, list @ Type::List(_)) | (list @ Type::List(_), Type::Dyn) => Some(list.clone()),
        _ => alike(a, b, |t| is_number(t) || matches!(t, Type::String | Type::Bytes)),
    }
}

fn difference(a: &Type, b: &Type) -> Option<Type> {
    match (a, b) {
        _ if is_null_for(a, b) => Some(Type::Dyn),
        (Type::Timestamp, Type::Timestamp) | (Type::Duration, Type::Duration) => Some(Type::Duration),
        (Type::Timestamp, Type::Duration) => Some(Type::Timestamp),
        (Type::Timestamp, Type::Dyn) | (Type::Dyn, Type::Duration) => Some(Type::Dyn),
        (Type::Dyn, Type::Timestamp) | (Type::Duration, Type::Dyn) => Some(Type::Duration),
        _ => alike(a, b, is_number),
    }
}
