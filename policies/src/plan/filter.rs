use std::{fmt, sync::Arc};

use portreeve_cel::Value;

/// Which resources a question's actions are allowed on.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// On all of them: `KIND_ALWAYS_ALLOWED`.
    AlwaysAllowed,
    /// On none of them: `KIND_ALWAYS_DENIED`.
    AlwaysDenied,
    /// On those for which this is true: `KIND_CONDITIONAL`.
    Conditional(Operand),
}

/// A part of a filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A value, as JSON has them: no maps in maps' stead, no moments and no lengths of time, which are expressions.
    Value(Value),
    /// What is not known yet, written in full: `request.resource.attr.owner`; or the name that a `lambda` gives.
    Variable(Arc<str>),
    /// An operator and what it is applied to.
    Expression(Expression),
}

/// An operator and what it is applied to: `eq` of a variable and a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// `and`, `or`, `not`, `eq`, `ne`, `lt`, `le`, `gt`, `ge`, `in`, `add`, `sub`, `mult`, `div`, `mod`, `if`, `index`,
    /// `get-field`, `list`, `struct`, `set-field`, `has`, a macro with a `lambda`, or the name of a function.
    pub operator: Arc<str>,
    /// In order; the receiver of a member function comes first.
    pub operands: Vec<Operand>,
}

impl Filter {
    /// Cerbos' name for what kind of filter it is: `KIND_CONDITIONAL`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::AlwaysAllowed => "KIND_ALWAYS_ALLOWED",
            Self::AlwaysDenied => "KIND_ALWAYS_DENIED",
            Self::Conditional(_) => "KIND_CONDITIONAL",
        }
    }

    /// The condition, if it is one.
    #[must_use]
    pub const fn condition(&self) -> Option<&Operand> {
        match self {
            Self::Conditional(operand) => Some(operand),
            Self::AlwaysAllowed | Self::AlwaysDenied => None,
        }
    }

    /// All of these hold. Equal ones count once, and they are in the order of their written form.
    pub(super) fn merged(filters: Vec<Self>) -> Self {
        let mut conditions = std::collections::BTreeMap::new();
        for filter in filters {
            match filter {
                Self::AlwaysAllowed => {}
                Self::AlwaysDenied => return filter,
                Self::Conditional(operand) => {
                    conditions.insert(operand.to_string(), operand);
                }
            }
        }
        let mut operands: Vec<Operand> = conditions.into_values().collect();
        match operands.len() {
            0 => Self::AlwaysAllowed,
            1 => operands.pop().map_or(Self::AlwaysAllowed, Self::Conditional),
            _ => Self::Conditional(Operand::expression("and", operands)),
        }
    }
}

impl Operand {
    /// An operator applied to these.
    #[must_use]
    pub fn expression(operator: impl Into<Arc<str>>, operands: Vec<Self>) -> Self {
        Self::Expression(Expression { operator: operator.into(), operands })
    }

    pub(super) const fn bool(value: bool) -> Self {
        Self::Value(Value::Bool(value))
    }

    pub(super) const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Value(Value::Bool(value)) => Some(*value),
            _ => None,
        }
    }
}

/// As an s-expression: `(eq request.resource.attr.owner "ann")`, or `(true)` and `(false)`.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlwaysAllowed => f.write_str("(true)"),
            Self::AlwaysDenied => f.write_str("(false)"),
            Self::Conditional(operand) => operand.fmt(f),
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => f.write_str(serde_json::to_string(value).as_deref().unwrap_or("<ERROR>")),
            Self::Variable(name) => f.write_str(name),
            Self::Expression(Expression { operator, operands }) => {
                write!(f, "({operator} ")?;
                for (operand, index) in operands.iter().zip(0..) {
                    if index > 0 {
                        f.write_str(" ")?;
                    }
                    operand.fmt(f)?;
                }
                f.write_str(")")
            }
        }
    }
}
