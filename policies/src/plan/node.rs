//! Conditions over what is not known, joined.

use portreeve_cel::{Residual, Value};

use super::{filter::Operand, question::Manner, written::written};

/// Deepest that alternatives may be in each other.
const MAX_DEPTH: usize = 100;

/// Where something holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// Where an expression does. It has no errors in it.
    Leaf(Residual),
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
}

impl Node {
    pub(super) const fn constant(value: bool) -> Self {
        Self::Leaf(Residual::Value(Value::Bool(value)))
    }

    /// An expression where it is true; what is known and not `true` is false.
    pub(super) fn leaf(residual: Residual) -> Self {
        match residual.settled() {
            Residual::Value(value) => Self::constant(value == Value::Bool(true)),
            other => Self::Leaf(other),
        }
    }

    pub(super) const fn as_constant(&self) -> Option<bool> {
        match self {
            Self::Leaf(Residual::Value(Value::Bool(value))) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn is(&self, value: bool) -> bool {
        self.as_constant() == Some(value)
    }

    pub(super) fn all(nodes: impl IntoIterator<Item = Self>) -> Self {
        join(nodes, false, Self::All)
    }

    pub(super) fn any(nodes: impl IntoIterator<Item = Self>) -> Self {
        join(nodes, true, Self::Any)
    }

    pub(super) fn negated(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            other => match other.as_constant() {
                Some(value) => Self::constant(!value),
                None => Self::Not(Box::new(other)),
            },
        }
    }

    /// As [`Self::all`], without working constants out: what is not known to be constant is asked, and counts.
    pub(super) fn all_written(nodes: impl IntoIterator<Item = Self>) -> Self {
        distinct(nodes, false, Self::All)
    }

    /// As [`Self::any`], without working constants out.
    pub(super) fn any_written(nodes: impl IntoIterator<Item = Self>) -> Self {
        distinct(nodes, true, Self::Any)
    }

    /// One or the other, beside those that are there.
    pub(super) fn or(self, other: Self) -> Self {
        match self {
            Self::Any(mut nodes) if other.as_constant().is_none() => {
                if !nodes.contains(&other) {
                    nodes.push(other);
                }
                Self::Any(nodes)
            }
            one => Self::any([one, other]),
        }
    }

    /// As [`Self::any_written`] of two; beside those that are there when they would become too deep to be walked.
    pub(super) fn or_written(self, other: Self) -> Self {
        match self {
            Self::Any(mut nodes) if nodes.first().is_some_and(|first| first.depth() > MAX_DEPTH) => {
                nodes.push(other);
                Self::Any(nodes)
            }
            one => Self::any_written([one, other]),
        }
    }

    /// How deep alternatives are in each other on the left, where they grow.
    fn depth(&self) -> usize {
        std::iter::successors(Some(self), |node| match node {
            Self::Any(nodes) => nodes.first(),
            _ => None,
        })
        .take(MAX_DEPTH + 2)
        .count()
    }

    /// As [`Self::negated`], without working constants out.
    pub(super) fn not_written(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    pub(super) fn operand(&self, manner: Manner) -> Operand {
        let all = |nodes: &[Self]| nodes.iter().map(|node| node.operand(manner)).collect();
        match self {
            Self::Leaf(residual) => written(residual, manner),
            Self::All(nodes) => Operand::expression("and", all(nodes)),
            Self::Any(nodes) => Operand::expression("or", all(nodes)),
            Self::Not(node) => Operand::expression("not", vec![node.operand(manner)]),
        }
    }

    /// As a part of an expression, which knows two sides and no more.
    pub(super) fn residual(self) -> Residual {
        let pairs = |nodes: Vec<Self>, join: fn(Vec<Residual>) -> Residual| {
            let mut sides: Vec<Residual> = nodes.into_iter().map(Self::residual).collect();
            let last = sides.pop().into_iter().collect();
            sides.into_iter().rev().fold(join(last), |right, left| join(vec![left, right]))
        };
        match self {
            Self::Leaf(residual) => residual,
            Self::All(nodes) => pairs(nodes, Residual::all),
            Self::Any(nodes) => pairs(nodes, Residual::any),
            Self::Not(node) => node.residual().negated(),
        }
    }
}

/// `decides` is the constant that is the whole answer; the other one vanishes.
fn join(nodes: impl IntoIterator<Item = Node>, decides: bool, kind: fn(Vec<Node>) -> Node) -> Node {
    let mut kept: Vec<Node> = Vec::new();
    for node in nodes {
        match node.as_constant() {
            Some(value) if value == decides => return node,
            Some(_) => {}
            None => kept.push(node),
        }
    }
    distinct(kept, decides, kind)
}

/// Nodes that are there already vanish.
fn distinct(nodes: impl IntoIterator<Item = Node>, decides: bool, kind: fn(Vec<Node>) -> Node) -> Node {
    let mut kept: Vec<Node> = Vec::new();
    for node in nodes {
        if !kept.contains(&node) {
            kept.push(node);
        }
    }
    match (kept.pop(), kept.is_empty()) {
        (None, _) => Node::constant(!decides),
        (Some(only), true) => only,
        (Some(last), false) => {
            kept.push(last);
            kind(kept)
        }
    }
}

/// Where a condition holds, and where it fails and so denies everything, which is nowhere unless evaluation is strict.
#[derive(Clone, Debug)]
pub(super) struct Region {
    pub(super) holds: Node,
    pub(super) fails: Node,
}

impl Region {
    pub(super) const fn always(value: bool) -> Self {
        Self { holds: Node::constant(value), fails: Node::constant(false) }
    }

    /// Where it is false.
    pub(super) fn refused(&self) -> Node {
        Node::all([self.holds.clone().negated(), self.fails.clone().negated()])
    }
}
