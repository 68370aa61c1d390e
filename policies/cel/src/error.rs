use std::{borrow::Cow, fmt, sync::Arc};

/// Why an expression has no value. Kept small and without text where it can be, because `||`, `&&` and `?:` throw most
/// of them away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A map has no such key. The key is the text of the place where the error arose, or the message says it.
    NoSuchKey(Option<Arc<str>>),
    /// A name has no value: `undefined field`.
    Undefined(Arc<str>),
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

impl ErrorKind {
    /// An error in words, lower case, without a full stop.
    pub fn message(text: impl Into<String>) -> Self {
        Self::Message(text.into().into())
    }

    /// Whether the evaluation as a whole must stop: such errors are absorbed by nothing.
    #[must_use]
    pub const fn is_limit(&self) -> bool {
        matches!(self, Self::StepLimit | Self::MemoryLimit | Self::NoClock)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: Cow<'_, str> = match self {
            Self::NoSuchKey(Some(key)) => format!("no such key: {key}").into(),
            Self::NoSuchKey(None) => "no such key".into(),
            Self::Undefined(name) => format!("undefined field '{name}'").into(),
            Self::NoSuchOverload => "no such overload".into(),
            Self::IndexOutOfBounds(index) => format!("index out of bounds: {index}").into(),
            Self::DivisionByZero => "division by zero".into(),
            Self::ModulusByZero => "modulus by zero".into(),
            Self::IntOverflow => "integer overflow".into(),
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
pub struct EvalError {
    /// Why.
    pub kind: ErrorKind,
    /// The first byte of the part of the expression that failed.
    pub start: u32,
    /// One past its last byte.
    pub end: u32,
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl std::error::Error for EvalError {}
