use std::{borrow::Cow, fmt, ops::Deref, sync::Arc};

/// A name in an error. Borrowed from the expression until somebody keeps the error.
#[derive(Clone, Debug)]
pub enum Name<'a> {
    /// The expression's own.
    Borrowed(&'a Arc<str>),
    /// Shared with the expression, or made when the error arose.
    Shared(Arc<str>),
}

impl Name<'_> {
    fn into_owned(self) -> Name<'static> {
        Name::Shared(match self {
            Self::Borrowed(name) => Arc::clone(name),
            Self::Shared(name) => name,
        })
    }
}

impl Deref for Name<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(name) => name,
            Self::Shared(name) => name,
        }
    }
}

impl PartialEq for Name<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Name<'_> {}

/// Why an expression has no value. Names are borrowed from the expression and nothing is written out before it is asked
/// for, because `||`, `&&` and `?:` throw most errors away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind<'a> {
    /// A map has no such key. `None` where the key is not known.
    NoSuchKey(Option<Name<'a>>),
    /// A declared name has no value: `undefined field` speaks of its last part.
    Undefined(Name<'a>),
    /// No function of that name takes values of these types.
    NoSuchOverload,
    /// An index outside a list.
    IndexOutOfBounds(i64),
    /// A whole number divided by zero.
    DivisionByZero,
    /// The rest of a division by zero.
    ModulusByZero,
    /// A whole number that 64 bits do not hold.
    IntOverflow,
    /// An unsigned whole number that 64 bits do not hold.
    UintOverflow,
    /// A moment outside the years 1 to 9999.
    TimestampOverflow,
    /// A duration that 64 bits of nanoseconds do not hold.
    DurationOverflow,
    /// A condition that is not a boolean.
    NotBool,
    /// A key twice in a map literal.
    DuplicateKey,
    /// The evaluation took more steps than it may.
    StepLimit,
    /// The evaluation took more memory than it may.
    MemoryLimit,
    /// The time was asked for and there is none.
    NoClock,
    /// Anything else, in words.
    Message(Box<str>),
}

impl ErrorKind<'_> {
    /// An error in words, lower case, without a full stop.
    pub fn message(text: impl Into<String>) -> Self {
        Self::Message(text.into().into())
    }

    /// Whether the evaluation as a whole must stop: such errors are absorbed by nothing.
    #[must_use]
    pub const fn is_limit(&self) -> bool {
        matches!(self, Self::StepLimit | Self::MemoryLimit | Self::NoClock)
    }

    /// The same, owning the names in it.
    #[must_use]
    pub fn into_owned(self) -> ErrorKind<'static> {
        match self {
            Self::NoSuchKey(key) => ErrorKind::NoSuchKey(key.map(Name::into_owned)),
            Self::Undefined(name) => ErrorKind::Undefined(name.into_owned()),
            Self::NoSuchOverload => ErrorKind::NoSuchOverload,
            Self::IndexOutOfBounds(index) => ErrorKind::IndexOutOfBounds(index),
            Self::DivisionByZero => ErrorKind::DivisionByZero,
            Self::ModulusByZero => ErrorKind::ModulusByZero,
            Self::IntOverflow => ErrorKind::IntOverflow,
            Self::UintOverflow => ErrorKind::UintOverflow,
            Self::TimestampOverflow => ErrorKind::TimestampOverflow,
            Self::DurationOverflow => ErrorKind::DurationOverflow,
            Self::NotBool => ErrorKind::NotBool,
            Self::DuplicateKey => ErrorKind::DuplicateKey,
            Self::StepLimit => ErrorKind::StepLimit,
            Self::MemoryLimit => ErrorKind::MemoryLimit,
            Self::NoClock => ErrorKind::NoClock,
            Self::Message(text) => ErrorKind::Message(text),
        }
    }
}

impl fmt::Display for ErrorKind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: Cow<'_, str> = match self {
            Self::NoSuchKey(Some(key)) => format!("no such key: {}", &**key).into(),
            Self::NoSuchKey(None) => "no such key".into(),
            Self::Undefined(name) => {
                format!("undefined field '{}'", name.rsplit('.').next().unwrap_or(name)).into()
            }
            Self::NoSuchOverload => "no such overload".into(),
            Self::IndexOutOfBounds(index) => format!("index out of bounds: {index}").into(),
            Self::DivisionByZero => "division by zero".into(),
            Self::ModulusByZero => "modulus by zero".into(),
            Self::IntOverflow => "integer overflow".into(),
            Self::UintOverflow => "unsigned integer overflow".into(),
            Self::TimestampOverflow => "timestamp overflow".into(),
            Self::DurationOverflow => "duration overflow".into(),
            Self::NotBool => "no such overload".into(),
            Self::DuplicateKey => "duplicate map key".into(),
            Self::StepLimit => "the expression takes more steps than it may".into(),
            Self::MemoryLimit => "the expression takes more memory than it may".into(),
            Self::NoClock => "now() has no value here".into(),
            Self::Message(text) => text.as_ref().into(),
        };
        f.write_str(&text)
    }
}

/// Why an expression has no value, and which part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvalError<'a> {
    /// Why.
    pub kind: ErrorKind<'a>,
    /// The first byte of the part of the expression that failed.
    pub start: u32,
    /// One past its last byte.
    pub end: u32,
}

impl EvalError<'_> {
    /// The same, owning the names in it.
    #[must_use]
    pub fn into_owned(self) -> EvalError<'static> {
        EvalError { kind: self.kind.into_owned(), start: self.start, end: self.end }
    }
}

impl fmt::Display for EvalError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl std::error::Error for EvalError<'_> {}
