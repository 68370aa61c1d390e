use std::fmt;
use std::sync::Arc;

/// What is known before evaluation about the values a part of an expression can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// Anything: what does not fit shows when the expression is evaluated.
    Dyn,
    /// What is in a list or map that holds nothing: it is of the type of whatever is put beside it.
    Unknown,
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A signed integer.
    Int,
    /// An unsigned integer.
    Uint,
    /// A floating-point number.
    Double,
    /// Text.
    String,
    /// Octets.
    Bytes,
    /// A moment.
    Timestamp,
    /// A length of time.
    Duration,
    /// A list with items of one type.
    List(Arc<Type>),
    /// A map from one type to another.
    Map(Arc<Type>, Arc<Type>),
    /// A value that may be absent.
    Optional(Arc<Type>),
    /// A type.
    Type,
    /// A type of which only functions know the inside, such as `net.IP`.
    Named(&'static str),
    /// Declared names under one roof, such as `request`.
    Object(Object),
    /// Names that are not declared, under one roof of this type: any field can be selected, and nothing else be done.
    Fields(Arc<str>),
}

/// An object whose fields are declared names. It has fields and nothing else: it cannot be indexed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Where it is declared: `request.principal`.
    pub path: Arc<str>,
    /// What its type is called in findings.
    pub name: Arc<str>,
}

impl Type {
    /// A list of that type.
    #[must_use]
    pub fn list(item: Self) -> Self {
        Self::List(Arc::new(item))
    }

    /// A map of these types.
    #[must_use]
    pub fn map(key: Self, value: Self) -> Self {
        Self::Map(Arc::new(key), Arc::new(value))
    }

    /// A value of that type that may be absent.
    #[must_use]
    pub fn optional(inner: Self) -> Self {
        Self::Optional(Arc::new(inner))
    }

    /// The one type of values that are of either type.
    pub(crate) fn join(self, other: &Self) -> Self {
        if self == *other {
            return self;
        }
        match (&self, other) {
            (Self::Unknown, known) => known.clone(),
            (_, Self::Unknown) => self,
            (Self::List(a), Self::List(b)) => Self::list((**a).clone().join(b)),
            (Self::Map(a, x), Self::Map(b, y)) => Self::map((**a).clone().join(b), (**x).clone().join(y)),
            (Self::Optional(a), Self::Optional(b)) => Self::optional((**a).clone().join(b)),
            _ => Self::Dyn,
        }
    }

    /// Can one value be of both types?
    pub(crate) fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dyn | Self::Unknown, _) | (_, Self::Dyn | Self::Unknown) => true,
            (Self::List(a), Self::List(b)) | (Self::Optional(a), Self::Optional(b)) => a.meets(b),
            (Self::Map(a, x), Self::Map(b, y)) => a.meets(b) && x.meets(y),
            (Self::Null, nullable) | (nullable, Self::Null) => nullable.is_nullable(),
            (a, b) => a == b,
        }
    }

    /// Whether values of this type can be what a list is sorted by.
    pub(crate) fn is_sortable(&self) -> bool {
        matches!(
            self,
            Self::Dyn
                | Self::Unknown
                | Self::Null
                | Self::Bool
                | Self::Int
                | Self::Uint
                | Self::Double
                | Self::String
                | Self::Bytes
                | Self::Timestamp
                | Self::Duration
        )
    }

    /// Types that cel-go lets `null` stand in for.
    fn is_nullable(&self) -> bool {
        matches!(
            self,
            Self::Null
                | Self::Timestamp
                | Self::Duration
                | Self::Named(_)
                | Self::Object(_)
                | Self::Optional(_)
        )
    }
}

/// As cel-go writes types in its findings.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn | Self::Unknown => f.write_str("dyn"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::String => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Duration => f.write_str("duration"),
            Self::List(item) => write!(f, "list({item})"),
            Self::Map(key, value) => write!(f, "map({key}, {value})"),
            Self::Optional(inner) => write!(f, "optional_type({inner})"),
            Self::Type => f.write_str("type"),
            Self::Named(name) => f.write_str(name),
            Self::Object(object) => f.write_str(&object.name),
            Self::Fields(name) => f.write_str(name),
        }
    }
}
