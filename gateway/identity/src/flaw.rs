use std::borrow::Cow;

/// Something wrong with a configuration. The gateway shows it where the field was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Flaw {
    /// The field, by its name in the configuration; dots lead into nested ones.
    pub field: Cow<'static, str>,
    /// A stable code.
    pub code: &'static str,
    /// The part of the field's text that it is about, in bytes, where the text is an expression.
    pub range: Option<(u32, u32)>,
    /// What is wrong, for the person who wrote it.
    pub message: Cow<'static, str>,
}

impl Flaw {
    pub(crate) fn new(
        field: impl Into<Cow<'static, str>>,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { field: field.into(), code, range: None, message: message.into() }
    }
}
