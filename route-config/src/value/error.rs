use std::sync::Arc;

use portreeve_diagnostics::Span;

use crate::QueryError;

/// The request, the caller or the stored resource lacks what its route asks for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("`{expression}`: {problem}")]
pub struct TargetError {
    /// What the route asks for, as written.
    pub expression: Arc<str>,
    /// Where the route asks for it.
    pub span: Span,
    /// What is wrong.
    pub problem: TargetProblem,
}

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TargetProblem {
    /// It is not there.
    #[error("is not there")]
    Missing,
    /// The stored resource does not have it, or is not what the route takes it for.
    #[error("the stored resource {0}")]
    Stored(&'static str),
    /// The query cannot be read in one way.
    #[error("{0}")]
    Query(QueryError),
    /// A header field that is there more than once.
    #[error("the header field is there more than once")]
    RepeatedHeader,
    /// A header field whose value is not UTF-8.
    #[error("the header field is not UTF-8")]
    HeaderNotText,
    /// What must be text, a number or a boolean is a list, a mapping or nothing.
    #[error("must be text, and is {0}")]
    NotText(&'static str),
    /// What is to be written as a list is none.
    #[error("must be a list")]
    NotAList,
    /// An item of a list that would not be one item to whoever reads the list.
    #[error("has an item that is empty, holds a comma, or begins or ends with a space")]
    NotAnItem,
    /// The text holds what no cookie can hold.
    #[error("holds a character that no cookie can have")]
    NotACookie,
    /// JSON has no word for it.
    #[error("cannot be written as JSON")]
    NotJson,
    /// What must not be empty is.
    #[error("is empty")]
    Empty,
    /// The text holds a control character, or white space at an end, so it cannot be a header field.
    #[error("holds a character that no header field can have, or begins or ends with white space")]
    NotAHeader,
    /// The expression failed.
    #[error("{0}")]
    Failed(String),
}

impl TargetError {
    /// A stable name for the record and the metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match &self.problem {
            TargetProblem::Missing => "target/missing",
            TargetProblem::Stored(_) => "target/stored",
            TargetProblem::Query(error) => error.code(),
            TargetProblem::RepeatedHeader => "target/header-repeated",
            TargetProblem::HeaderNotText => "target/header-not-text",
            TargetProblem::NotText(_) => "target/not-text",
            TargetProblem::NotAList => "target/not-a-list",
            TargetProblem::NotAnItem => "target/not-an-item",
            TargetProblem::NotACookie => "target/not-a-cookie",
            TargetProblem::NotJson => "target/not-json",
            TargetProblem::Empty => "target/empty",
            TargetProblem::NotAHeader => "target/not-a-header",
            TargetProblem::Failed(_) => "target/failed",
        }
    }

    /// 502 when the stored resource is not what it should be, 400 when the request is not.
    #[must_use]
    pub const fn status(&self) -> http::StatusCode {
        match self.problem {
            TargetProblem::Stored(_) => http::StatusCode::BAD_GATEWAY,
            _ => http::StatusCode::BAD_REQUEST,
        }
    }
}
