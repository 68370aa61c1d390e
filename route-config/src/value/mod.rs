//! One value taken out of a request.

mod error;
mod inputs;
mod lookup;
mod program;
pub(crate) mod selection;
mod source;
mod uses;

use std::{borrow::Cow, sync::Arc};

use portreeve_cel::Value as Cel;
use portreeve_diagnostics::Span;

pub use error::{TargetError, TargetProblem};
pub use inputs::{Caller, Inputs};
pub use source::Source;

use program::Compiled;
pub(crate) use program::Wrong;
use selection::Plain;
pub(crate) use uses::Use;

/// A compiled expression of a route. Constants and plain selections are looked up without evaluation.
#[derive(Clone, Debug)]
pub struct Value {
    text: Arc<str>,
    span: Span,
    how: How,
}

#[derive(Clone, Debug)]
enum How {
    Plain(Plain),
    Program(Box<Compiled>),
}

/// What a value turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Found<'a> {
    Text(Cow<'a, str>),
    Value(Cow<'a, Cel>),
}

impl Value {
    pub(crate) fn compile(text: &str, span: Span) -> Result<Self, Vec<Wrong>> {
        let how = match selection::plain(text) {
            Some(plain) => How::Plain(plain),
            None => How::Program(Box::new(Compiled::new(text)?)),
        };
        Ok(Self { text: text.into(), span, how })
    }

    /// The expression as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where it was written.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// What it reads, each source once; nothing for a constant.
    #[must_use]
    pub fn sources(&self) -> Vec<Source> {
        let mut sources: Vec<_> = match &self.how {
            How::Plain(Plain::Constant(_)) => Vec::new(),
            How::Plain(Plain::Selection(source, _)) => vec![*source],
            How::Program(compiled) => compiled.uses.iter().map(|found| found.source).collect(),
        };
        sources.sort_unstable();
        sources.dedup();
        sources
    }

    /// Whether it reads from a source.
    #[must_use]
    pub fn reads(&self, source: Source) -> bool {
        match &self.how {
            How::Plain(plain) => matches!(plain, Plain::Selection(read, _) if *read == source),
            How::Program(compiled) => compiled.uses.iter().any(|found| found.source == source),
        }
    }

    /// The text it always is, if it is a constant.
    #[must_use]
    pub fn constant(&self) -> Option<&Cel> {
        match &self.how {
            How::Plain(Plain::Constant(value)) => Some(value),
            How::Plain(Plain::Selection(..)) | How::Program(_) => None,
        }
    }

    /// The value.
    ///
    /// # Errors
    /// When something that it reads is missing or has more than one reading.
    pub fn read<'a>(&'a self, inputs: &Inputs<'a>) -> Result<Cow<'a, Cel>, TargetError> {
        Ok(match self.find(inputs)? {
            Found::Text(text) => Cow::Owned(Cel::from(&*text)),
            Found::Value(value) => value,
        })
    }

    /// The value as text: text as it is, numbers and booleans as JSON writes them, times in
    /// RFC 3339.
    ///
    /// # Errors
    /// When something that it reads is missing or has more than one reading, and when it is a list, a mapping or
    /// `null`.
    pub fn as_text<'a>(&'a self, inputs: &Inputs<'a>) -> Result<Cow<'a, str>, TargetError> {
        let not_text = |what| self.problem(TargetProblem::NotText(what));
        match self.find(inputs)? {
            Found::Text(text) => Ok(text),
            Found::Value(Cow::Borrowed(Cel::String(text))) => Ok(Cow::Borrowed(text)),
            Found::Value(value) => text_of(&value).map(Cow::Owned).map_err(not_text),
        }
    }

    /// What it reads, each with its place in the text where that is known.
    pub(crate) fn uses(&self) -> Vec<Use> {
        match &self.how {
            How::Plain(Plain::Constant(_)) => Vec::new(),
            How::Plain(Plain::Selection(source, keys)) => {
                let key = keys.first().map(|key| &**key);
                let start = key.and_then(|key| self.text.find(key)).unwrap_or_default();
                let end = start + key.map_or(0, str::len);
                let root = self.text.find(source.name()).unwrap_or_default();
                vec![Use { source: *source, key: key.map(Arc::from), root, start, end }]
            }
            How::Program(compiled) => compiled.uses.to_vec(),
        }
    }

    pub(crate) fn problem(&self, problem: TargetProblem) -> TargetError {
        TargetError { expression: Arc::clone(&self.text), span: self.span, problem }
    }

    fn find<'a>(&'a self, inputs: &Inputs<'a>) -> Result<Found<'a>, TargetError> {
        match &self.how {
            How::Plain(Plain::Constant(value)) => Ok(Found::Value(Cow::Borrowed(value))),
            How::Plain(Plain::Selection(source, keys)) => {
                lookup::select(*source, keys, inputs).map_err(|problem| self.problem(problem))
            }
            How::Program(compiled) => {
                let value = compiled.evaluate(inputs).map_err(|problem| self.problem(problem))?;
                Ok(Found::Value(Cow::Owned(value)))
            }
        }
    }
}

/// A value as text, or what it is instead.
pub(crate) fn text_of(value: &Cel) -> Result<String, &'static str> {
    match value {
        Cel::String(text) => Ok(text.to_string()),
        Cel::Double(number) => Ok(number_text(*number)),
        Cel::Int(number) => Ok(number.to_string()),
        Cel::Uint(number) => Ok(number.to_string()),
        Cel::Bool(value) => Ok(value.to_string()),
        Cel::Timestamp(moment) => Ok(moment.to_string()),
        Cel::Null => Err("nothing"),
        Cel::List(_) => Err("a list"),
        Cel::Map(_) => Err("a mapping"),
        Cel::Bytes(_) => Err("bytes"),
        Cel::Duration(_) => Err("a duration"),
    }
}

/// A number that is whole is written without a fraction: ids `7` and `7.0` are one.
fn number_text(number: f64) -> String {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT { format!("{number:.0}") } else { number.to_string() }
}
