use std::sync::Arc;

use crate::syntax::Operator;
use crate::{ErrorKind, Value};

/// What is left of an expression when some of its names are not known yet.
#[derive(Clone, Debug, PartialEq)]
pub enum Residual {
    /// A part that is known.
    Value(Value),
    /// A part that fails whatever the unknown names turn out to be.
    Error(ErrorKind<'static>),
    /// An unknown name, written in full: `request.resource.attr.owner`.
    Variable(Arc<str>),
    /// The variable of a macro around this part.
    Local(Arc<str>),
    /// `operand.field`
    Field(Box<Residual>, Arc<str>),
    /// `operand[index]`
    Index(Box<Residual>, Box<Residual>),
    /// `has(operand.field)`, of the operand and the field.
    Has(Box<Residual>, Arc<str>),
    /// A call; the receiver of a member call comes first.
    Call(Arc<str>, Vec<Residual>),
    /// `left op right`
    Binary(Operator, Box<Residual>, Box<Residual>),
    /// All of these.
    And(Vec<Residual>),
    /// Any of these.
    Or(Vec<Residual>),
    /// `!operand`
    Not(Box<Residual>),
    /// `-operand`
    Negate(Box<Residual>),
    /// `condition ? yes : no`
    If(Box<Residual>, Box<Residual>, Box<Residual>),
    /// A list literal.
    List(Vec<Residual>),
    /// A map literal.
    Map(Vec<(Residual, Residual)>),
    /// A macro that goes through a list or a map.
    Loop(Box<Loop>),
}

/// `range.exists(x, body)` and its kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Loop {
    /// `all`, `exists`, `exists_one`, `existsOne`, `map`, `filter`, `sortBy`, `transformList`, `transformMap` or
    /// `transformMapEntry`.
    pub function: Arc<str>,
    /// What it goes through.
    pub range: Residual,
    /// The names of one item, or of a place and an item.
    pub names: Vec<Arc<str>>,
    /// What decides whether an item counts, where the macro has such a part besides its body.
    pub test: Option<Residual>,
    /// What it does with an item.
    pub body: Residual,
}

impl Residual {
    pub(super) fn bool(value: bool) -> Self {
        Self::Value(Value::Bool(value))
    }

    pub(super) fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Value(Value::Bool(value)) => Some(*value),
            _ => None,
        }
    }

    /// The residual that is true where all of these are; `true` for none of them.
    #[must_use]
    pub fn all(sides: Vec<Self>) -> Self {
        join(sides, false, Self::And)
    }

    /// The residual that is true where any of these is; `false` for none of them.
    #[must_use]
    pub fn any(sides: Vec<Self>) -> Self {
        join(sides, true, Self::Or)
    }

    /// How many parts it is made of.
    #[must_use]
    pub fn size(&self) -> usize {
        let mut size = 1_usize;
        self.parts(&mut |part| size = size.saturating_add(part.size()));
        size
    }

    /// How many parts are in each other.
    #[must_use]
    pub fn depth(&self) -> usize {
        let mut deepest = 0_usize;
        self.parts(&mut |part| deepest = deepest.max(part.depth()));
        deepest.saturating_add(1)
    }

    /// Joined from the last to the first, two by two: `a && (b && c)`.
    pub(super) fn nested(mut sides: Vec<Self>, join: fn(Vec<Self>) -> Self) -> Self {
        let last = sides.pop().into_iter().collect();
        sides.into_iter().rev().fold(join(last), |right, left| join(vec![left, right]))
    }

    /// Joined two by two so that the tree is as deep on the left as on the right, as parsers of the language do:
    /// `(a && b) && c`.
    pub(super) fn balanced(mut sides: Vec<Self>, join: fn(Vec<Self>) -> Self) -> Self {
        if sides.len() <= 2 {
            return join(sides);
        }
        let right = sides.split_off(sides.len().div_ceil(2));
        join(vec![Self::balanced(sides, join), Self::balanced(right, join)])
    }

    /// The residual that is true where this is false.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Value(Value::Bool(value)) => Self::bool(!value),
            Self::Value(_) => Self::Error(ErrorKind::NoSuchOverload),
            Self::Error(kind) => Self::Error(kind),
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }
}

/// Joins sides of `&&` or `||`. One side that equals `decides` is the whole answer, others that are known vanish, and
/// so do those that are there already.
fn join(sides: Vec<Residual>, decides: bool, kind: fn(Vec<Residual>) -> Residual) -> Residual {
    let mut kept: Vec<Residual> = Vec::with_capacity(sides.len());
    for side in sides {
        match side.as_bool() {
            Some(value) if value == decides => return Residual::bool(decides),
            Some(_) => {}
            None if kept.contains(&side) => {}
            None => kept.push(as_condition(side)),
        }
    }
    match kept.len() {
        0 => Residual::bool(!decides),
        1 => kept.pop().unwrap_or_else(|| Residual::bool(!decides)),
        _ => kind(kept),
    }
}

/// A known value that is no boolean is no condition.
fn as_condition(side: Residual) -> Residual {
    match side {
        Residual::Value(_) => Residual::Error(ErrorKind::NoSuchOverload),
        other => other,
    }
}
