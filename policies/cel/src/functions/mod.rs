//! The functions that expressions call: their names, the types they take, and what they do.

pub(crate) mod args;
mod conversions;
mod encoders;
pub(crate) mod hierarchy;
mod json;
mod lists;
mod math;
pub(crate) mod network;
mod numbers;
pub(crate) mod opaque;
pub(crate) mod paths;
pub(crate) mod regex;
mod sets;
pub(crate) mod spiffe;
pub(crate) mod strings;
pub(crate) mod time;

use crate::{Cx, ErrorKind, Val};

/// What a function answers.
pub(crate) type Outcome<'a> = Result<Val<'a>, ErrorKind>;

/// What a function does. The receiver of a member call is the first argument.
pub(crate) type Call = for<'a> fn(&mut Cx<'a>, &[Val<'a>]) -> Outcome<'a>;

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `f(x)`
    Global,
    /// `x.f()`
    Member,
    /// Either way.
    Both,
}

/// One function with all its overloads.
pub(crate) struct Function {
    /// `size`, `math.abs`, `charAt`.
    pub(crate) name: &'static str,
    pub(crate) style: Style,
    pub(crate) call: Call,
    /// `string.charAt(int) -> string`; upper-case single letters are type parameters. Where a function has
    /// both styles and every row is written without a receiver, each row is meant for both.
    pub(crate) overloads: &'static [&'static str],
}

impl Function {
    const fn global(name: &'static str, call: Call, overloads: &'static [&'static str]) -> Self {
        Self { name, style: Style::Global, call, overloads }
    }

    const fn member(name: &'static str, call: Call, overloads: &'static [&'static str]) -> Self {
        Self { name, style: Style::Member, call, overloads }
    }

    const fn both(name: &'static str, call: Call, overloads: &'static [&'static str]) -> Self {
        Self { name, style: Style::Both, call, overloads }
    }
}

/// Every function there is.
pub(crate) fn all() -> impl Iterator<Item = &'static Function> {
    [
        conversions::TABLE,
        encoders::TABLE,
        lists::TABLE,
        math::TABLE,
        opaque::hierarchies::TABLE,
        opaque::networks::TABLE,
        opaque::spiffes::TABLE,
        paths::calls::TABLE,
        regex::calls::TABLE,
        sets::TABLE,
        strings::calls::TABLE,
        time::calls::TABLE,
    ]
    .into_iter()
    .flatten()
}
