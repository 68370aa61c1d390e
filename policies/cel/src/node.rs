use std::{cmp::Ordering, fmt, sync::Arc};

use crate::{
    Val, Value,
    functions::{Call, regex::Pattern},
    syntax::Operator,
    value::hash,
};

/// A part of a resolved expression, and where it is written.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// What a part does. Names are slots, macros are themselves, functions are found.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Const(Value),
    Type(Arc<str>),
    /// The value of a declared name.
    Slot {
        slot: u32,
        name: Arc<str>,
    },
    /// Several declared names as one map, or as an object of a type.
    Object {
        fields: Box<[(Arc<str>, Node)]>,
        message: Option<&'static str>,
    },
    /// The variable of a macro.
    Local(usize),
    /// `operand.a.b.c`
    Path {
        operand: Box<Node>,
        keys: Box<[Key]>,
    },
    /// `operand.?key`
    OptionalField {
        operand: Box<Node>,
        key: Key,
    },
    Index {
        operand: Box<Node>,
        index: Box<Node>,
        optional: bool,
    },
    /// `has(operand.key)`
    Has {
        operand: Box<Node>,
        key: Key,
    },
    /// `has()` of a declared name.
    HasSlot(u32),
    /// The same of a field of an object, which is there if it is not empty.
    HasField(u32),
    List(Box<[Item]>),
    Map(Box<[Entry]>),
    And(Box<[Node]>),
    Or(Box<[Node]>),
    Not(Box<Node>),
    Negate(Box<Node>),
    Conditional(Box<[Node; 3]>),
    Equal {
        sides: Box<[Node; 2]>,
        negated: bool,
    },
    Compare {
        sides: Box<[Node; 2]>,
        operator: Operator,
    },
    In(Box<[Node; 2]>),
    Arithmetic {
        sides: Box<[Node; 2]>,
        operator: Operator,
    },
    Call {
        name: &'static str,
        call: Call,
        args: Box<[Node]>,
    },
    /// `text.matches(pattern)` with a pattern that is known.
    Matches {
        text: Box<Node>,
        pattern: Regex,
    },
    Macro(Box<Macro>),
}

#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) value: Node,
    pub(crate) optional: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Node,
    pub(crate) value: Node,
    pub(crate) optional: bool,
}

/// A field's name with its hash.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) hash: u32,
    pub(crate) text: Arc<str>,
}

impl Key {
    pub(crate) fn new(text: &Arc<str>) -> Self {
        Self { hash: hash(text), text: Arc::clone(text) }
    }
}

/// A macro over a list or a map, or one that names a value. `first` is the place of its first variable among the
/// locals; the second one follows it.
#[derive(Clone, Debug)]
pub(crate) struct Macro {
    pub(crate) kind: MacroKind,
    pub(crate) range: Node,
    /// Whether the macro has two variables: index or key, and value.
    pub(crate) two: bool,
    pub(crate) first: usize,
    pub(crate) filter: Option<Node>,
    pub(crate) body: Node,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MacroKind {
    All,
    Exists,
    ExistsOne,
    Filter,
    /// `map` and `transformList`
    Map,
    TransformMap,
    TransformMapEntry,
    SortBy,
    Bind,
    OptMap,
    OptFlatMap,
    /// `or` and `orValue`, of which the second gives what is in an optional value.
    Or,
    OrValue,
}

/// A compiled pattern.
#[derive(Clone)]
pub(crate) struct Regex {
    pub(crate) pattern: Arc<Pattern>,
    pub(crate) text: Arc<str>,
}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.text)
    }
}

impl Node {
    pub(crate) fn constant(&self) -> Option<&Value> {
        match &self.kind {
            Kind::Const(value) => Some(value),
            _ => None,
        }
    }
}

/// Whether an order satisfies a relation.
pub(crate) const fn satisfies(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Less => order.is_lt(),
        Operator::LessEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        _ => order.is_ge(),
    }
}

impl<'a> From<&'a Node> for Option<Val<'a>> {
    fn from(node: &'a Node) -> Self {
        node.constant().map(Val::from)
    }
}
