//! The functions that expressions call: their names, the types they take, and what they do.

pub(crate) mod args;
pub(crate) mod constants;
mod conversions;
mod encoders;
pub(crate) mod hierarchy;
mod json;
mod lists;
mod math;
pub(crate) mod network;
mod numbers;
pub(crate) mod opaque;
mod optionals;
pub(crate) mod paths;
pub(crate) mod regex;
mod sets;
pub(crate) mod signature;
pub(crate) mod spiffe;
pub(crate) mod strings;
pub(crate) mod time;

#[cfg(test)]
mod limits_test;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::{Cx, ErrorKind, Val};
use signature::Signature;

/// What a function answers.
pub(crate) type Outcome<'a> = Result<Val<'a>, ErrorKind<'static>>;

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

    /// Can it be called on a receiver, or without one?
    pub(crate) fn can_be(&self, member: bool) -> bool {
        match self.style {
            Style::Both => true,
            Style::Member => member,
            Style::Global => !member,
        }
    }

    /// The overloads. Where a function has both styles but is written in one, the rows count for both.
    pub(crate) fn signatures(&self) -> impl Iterator<Item = Signature> {
        let written: Vec<Signature> =
            self.overloads.iter().filter_map(|overload| Signature::parse(overload, self.name)).collect();
        let as_members = self.style == Style::Both && written.iter().all(|signature| !signature.member);
        let members = written.clone().into_iter().map(|signature| Signature { member: true, ..signature });
        written.into_iter().chain(members.filter(move |_| as_members))
    }
}

/// The function of that name that can be called on a receiver, or without one.
pub(crate) fn find(name: &str, member: bool) -> Option<&'static Function> {
    static GLOBALS: LazyLock<HashMap<&str, &Function>> = LazyLock::new(|| by_name(false));
    static MEMBERS: LazyLock<HashMap<&str, &Function>> = LazyLock::new(|| by_name(true));
    let named = if member { &MEMBERS } else { &GLOBALS };
    named.get(name).copied()
}

fn by_name(member: bool) -> HashMap<&'static str, &'static Function> {
    all().filter(|function| function.can_be(member)).map(|function| (function.name, function)).collect()
}

/// The names of all functions and macros, sorted, each once: `math.abs`, `startsWith`, `exists_one`.
#[must_use]
pub fn function_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = all().map(|function| function.name).chain(MACROS).collect();
    names.sort_unstable();
    names.dedup();
    names
}

const MACROS: [&str; 14] = [
    "has",
    "all",
    "exists",
    "exists_one",
    "existsOne",
    "filter",
    "map",
    "cel.bind",
    "transformList",
    "transformMap",
    "transformMapEntry",
    "sortBy",
    "optMap",
    "optFlatMap",
];

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
        optionals::TABLE,
        paths::calls::TABLE,
        regex::calls::TABLE,
        sets::TABLE,
        strings::calls::TABLE,
        time::calls::TABLE,
    ]
    .into_iter()
    .flatten()
}
