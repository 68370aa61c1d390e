use std::sync::Arc;

/// A part of an expression, and where it is written. Macros stay calls. No tree is deeper than
/// [`MAX_DEPTH`](super::MAX_DEPTH), so it can be walked and dropped by recursion.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    pub(super) depth: u32,
}

/// What a part of an expression can be.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A constant.
    Literal(Literal),
    /// A name; with `.` in front when it is absolute.
    Ident(Arc<str>),
    /// `operand.field`, or `operand.?field`.
    Select {
        /// What is selected from.
        operand: Box<Expr>,
        /// The field.
        field: Arc<str>,
        /// Written with `.?`.
        optional: bool,
    },
    /// `operand[index]`, or `operand[?index]`.
    Index {
        /// What is looked into.
        operand: Box<Expr>,
        /// The key or the position.
        index: Box<Expr>,
        /// Written with `[?`.
        optional: bool,
    },
    /// A call of a function, or of a member function of `target`.
    Call {
        /// What stands before the dot.
        target: Option<Box<Expr>>,
        /// The function's name.
        function: Arc<str>,
        /// The arguments.
        args: Vec<Expr>,
    },
    /// `[a, ?b]`
    List(Vec<Item>),
    /// `{k: v, ?k: v}`
    Map(Vec<Entry>),
    /// A message literal, which this language refuses: `Name{field: v}`.
    Message(Arc<str>),
    /// All of these, in any number.
    And(Vec<Expr>),
    /// Any of these, in any number.
    Or(Vec<Expr>),
    /// `!a`
    Not(Box<Expr>),
    /// `-a`
    Negate(Box<Expr>),
    /// `a op b`
    Binary(Operator, Box<Expr>, Box<Expr>),
    /// `a ? b : c`
    Conditional(Box<Expr>, Box<Expr>, Box<Expr>),
}

/// An item of a list literal.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The value.
    pub value: Expr,
    /// Written with `?`: left out when there is no value.
    pub optional: bool,
}

/// An entry of a map literal.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Expr,
    /// The value.
    pub value: Expr,
    /// Written with `?`: left out when there is no value.
    pub optional: bool,
}

/// A constant as it is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// `1`, `0x1F`
    Int(i64),
    /// `1u`
    Uint(u64),
    /// `1.5`, `1e3`
    Double(f64),
    /// `"a"`
    String(Arc<str>),
    /// `b"a"`
    Bytes(Arc<[u8]>),
}

/// An operator with two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `in`
    In,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
}

impl Operator {
    /// The operator as it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::In => "in",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
        }
    }

    /// How tightly it binds: sums more than relations, products more than sums.
    pub(crate) const fn precedence(self) -> u8 {
        match self {
            Self::Add | Self::Subtract => 2,
            Self::Multiply | Self::Divide | Self::Modulo => 3,
            _ => 1,
        }
    }
}

impl Expr {
    pub(super) fn new(kind: ExprKind, start: u32, end: u32) -> Self {
        let mut depth = 0;
        kind.children(&mut |child: &Self| depth = depth.max(child.depth));
        Self { kind, start, end, depth: depth + 1 }
    }

    /// A part that is written nowhere.
    pub(crate) fn made(kind: ExprKind) -> Self {
        Self::new(kind, 0, 0)
    }

    /// As [`Self::children`], to change them.
    pub(crate) fn children_mut(&mut self, visit: &mut dyn FnMut(&mut Self)) {
        self.kind.children_mut(visit);
    }

    /// The parts that this one is made of, in the order in which they are written.
    pub fn children<'e>(&'e self, visit: &mut impl FnMut(&'e Self)) {
        self.kind.children(visit);
    }

    /// The name `a.b.c` that this is, if it is one.
    #[must_use]
    pub fn qualified_name(&self) -> Option<String> {
        match &self.kind {
            ExprKind::Ident(name) => Some(name.to_string()),
            ExprKind::Select { operand, field, optional: false } => {
                Some(format!("{}.{field}", operand.qualified_name()?))
            }
            _ => None,
        }
    }
}

impl ExprKind {
    fn children_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        match self {
            Self::Literal(_) | Self::Ident(_) | Self::Message(_) => {}
            Self::Select { operand, .. } | Self::Not(operand) | Self::Negate(operand) => visit(operand),
            Self::Index { operand: a, index: b, .. } | Self::Binary(_, a, b) => {
                visit(a);
                visit(b);
            }
            Self::Call { target, args, .. } => target.as_deref_mut().into_iter().chain(args).for_each(visit),
            Self::List(items) => items.iter_mut().for_each(|item| visit(&mut item.value)),
            Self::Map(entries) => entries.iter_mut().for_each(|entry| {
                visit(&mut entry.key);
                visit(&mut entry.value);
            }),
            Self::And(sides) | Self::Or(sides) => sides.iter_mut().for_each(visit),
            Self::Conditional(condition, yes, no) => {
                visit(condition);
                visit(yes);
                visit(no);
            }
        }
    }

    fn children<'e>(&'e self, visit: &mut impl FnMut(&'e Expr)) {
        match self {
            Self::Literal(_) | Self::Ident(_) | Self::Message(_) => {}
            Self::Select { operand, .. } => visit(operand),
            Self::Index { operand, index, .. } => {
                visit(operand);
                visit(index);
            }
            Self::Call { target, args, .. } => target.as_deref().into_iter().chain(args).for_each(visit),
            Self::List(items) => items.iter().for_each(|item| visit(&item.value)),
            Self::Map(entries) => entries.iter().for_each(|entry| {
                visit(&entry.key);
                visit(&entry.value);
            }),
            Self::And(sides) | Self::Or(sides) => sides.iter().for_each(visit),
            Self::Not(operand) | Self::Negate(operand) => visit(operand),
            Self::Binary(_, left, right) => {
                visit(left);
                visit(right);
            }
            Self::Conditional(condition, yes, no) => {
                visit(condition);
                visit(yes);
                visit(no);
            }
        }
    }
}
