use std::{borrow::Cow, sync::Arc, time::Duration};

use portreeve_cel::{Map, Value as Cel};
use portreeve_diagnostics::{Span, Spanned};

use crate::{
    Captures, HeaderTemplate,
    escape::encode_segment,
    value::{Inputs, TargetError, TargetProblem, Value},
};

/// The stored resource that a route has fetched before the decision: a `GET` of the gateway's own.
#[derive(Clone, Debug)]
pub struct Load {
    /// The name of the upstream that has it.
    pub upstream: Spanned<Arc<str>>,
    /// The host to ask for; nothing means the upstream's own.
    pub host: Option<Arc<str>>,
    /// Whether the client's credentials go along.
    pub credentials: Credentials,
    /// Header fields of the gateway's own request.
    pub headers: Box<[HeaderTemplate]>,
    /// What of the answer becomes attributes: a mapping over `stored`. All of it, if there is none.
    pub select: Option<Value>,
    /// How long an answer may be used again.
    pub cache: Option<Duration>,
    /// The longest that it may take.
    pub timeout: Duration,
    /// The most bytes that the answer may have.
    pub max_bytes: u64,
    /// Where it was written.
    pub span: Span,
    pub(crate) template: LoadTemplate,
}

/// The most bytes that a stored resource may have, unless the route says otherwise.
pub const DEFAULT_MAX_STORED: u64 = 256 * 1024;

/// Whether a request of the gateway's own carries the client's credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Credentials {
    /// It does not.
    #[default]
    None,
    /// It carries the client's `Authorization` and `Cookie`. What is fetched so is only for this client.
    Forward,
}

/// Path and query of a [`Load`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LoadTemplate {
    pub(crate) text: Arc<str>,
    pub(crate) parts: Box<[LoadPart]>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LoadPart {
    /// Canonical text.
    Literal(Box<str>),
    /// A placeholder of the route's pattern as it was sent: it has one spelling and stays within its segments.
    Path(Arc<str>),
    /// A placeholder's decoded text with everything but unreserved characters escaped.
    Query(Arc<str>),
}

impl Load {
    /// The template as written: `/contacts/{id}`.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.template.text
    }

    /// The canonical path and query to fetch.
    #[must_use]
    pub fn target(&self, captures: &Captures<'_, '_>) -> String {
        let mut target = String::with_capacity(self.template.text.len() + 16);
        for part in &self.template.parts {
            match part {
                LoadPart::Literal(text) => target.push_str(text),
                // The compiler made sure that every matcher of the route has the placeholder.
                LoadPart::Path(name) => target.push_str(captures.as_sent(name).unwrap_or_default()),
                LoadPart::Query(name) => {
                    encode_segment(&mut target, &captures.get(name).unwrap_or_default());
                }
            }
        }
        target
    }

    /// The fields of the stored resource that become attributes.
    pub(crate) fn fields<'a>(&'a self, inputs: &Inputs<'a>) -> Result<Cow<'a, Map>, TargetError> {
        let selected = match (&self.select, inputs.stored) {
            (Some(select), _) => select.read(inputs)?,
            (None, Some(stored)) => Cow::Borrowed(stored),
            (None, None) => return Err(self.problem("was not fetched")),
        };
        match selected {
            Cow::Borrowed(Cel::Map(fields)) => Ok(Cow::Borrowed(fields)),
            Cow::Owned(Cel::Map(fields)) => Ok(Cow::Owned(fields)),
            _ => Err(self.problem("is not a mapping")),
        }
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        self.headers.iter().map(|header| &header.value).chain(&self.select)
    }

    fn problem(&self, what: &'static str) -> TargetError {
        let (expression, span) = match &self.select {
            Some(select) => (select.text().into(), select.span()),
            None => (Arc::clone(&self.template.text), self.span),
        };
        TargetError { expression, span, problem: TargetProblem::Stored(what) }
    }
}
