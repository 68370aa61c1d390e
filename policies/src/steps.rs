//! What is told, step by step, of how a question is answered.

use portreeve_cel::Val;

use crate::{Effect, Output, RuleId};

/// A part of the policies that is being looked at, inside the one that was entered before it.
/// A policy is inside nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component<'s> {
    /// By its key: `resource.expense.vdefault`.
    Policy(&'s str),
    /// The definition of a derived role.
    DerivedRole(&'s str),
    /// The variables of a policy.
    Variables,
    /// One of them.
    Variable {
        /// Its name.
        name: &'s str,
        /// Its expression.
        text: &'s str,
    },
    /// An action that is asked about.
    Action(&'s str),
    /// A scope in which a policy is looked for.
    Scope(&'s str),
    /// By its name.
    Rule(&'s str),
    /// What a rule or derived role depends on.
    Condition,
    /// A condition of which all parts must hold.
    All,
    /// A condition of which a part must hold.
    Any,
    /// A condition of which no part may hold.
    None,
    /// The part of a condition at an index.
    Part(usize),
    /// An expression.
    Expression(&'s str),
    /// What the rule of this name says.
    Output(&'s str),
}

/// What came of the component that was entered last.
#[derive(Clone, Copy, Debug)]
pub enum Event<'s> {
    /// A variable's value; none when there is none.
    Value(Option<Val<'s>>),
    /// Whether a condition or an expression holds.
    Held {
        /// Whether it does.
        held: bool,
        /// Why that is not known.
        error: Option<&'s str>,
        /// The parts that follow do not matter.
        cut_short: bool,
    },
    /// What a rule said.
    Said(&'s Output),
    /// An action was settled.
    Settled(Effect),
    /// It does not count.
    Skipped(Reason<'s>),
}

/// Why a rule or a derived role does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason<'s> {
    /// Its condition does not hold.
    NotMet,
    /// Its condition has no value.
    Failed(&'s str),
    /// The derived role that it names is not active.
    Inactive,
    /// The principal has none of its roles.
    NoRole,
}

/// What is told once in a question, however often it is come across.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Once {
    /// The variables of a resource policy or principal policy, by its number.
    Policy(u32),
    /// The variables of a role policy, by the rule that stands for all of it.
    RolePolicy(RuleId),
    /// The variables of a derived role that a rule names, by its number.
    DerivedRole(u32),
    /// The condition of a rule, for one of its derived roles.
    Rule(RuleId, Option<u32>),
}
