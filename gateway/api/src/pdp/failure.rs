//! Questions that are not answered: gRPC's codes, HTTP's statuses, and the body that says why.

use http::StatusCode;
use serde::Serialize;

use super::violation::{Said, Violation};

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// The question cannot be read, or asks too much; the text says why.
    Invalid(String),
    /// It breaks rules.
    Violations(Vec<Violation>),
    /// Something of that name is not known.
    NotFound(&'static str),
    /// It has too many octets.
    TooLarge,
    /// There is no such method here.
    Method,
    /// The answer has no JSON form.
    Internal(String),
}

#[derive(Serialize)]
struct Body<'a> {
    code: u8,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<[Details<'a>; 1]>,
}

#[derive(Serialize)]
struct Details<'a> {
    #[serde(rename = "@type")]
    kind: &'static str,
    violations: &'a [Violation],
}

impl Failure {
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) | Self::Violations(_) => StatusCode::BAD_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::TOO_MANY_REQUESTS,
            Self::Method => StatusCode::NOT_IMPLEMENTED,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The number that gRPC has for it.
    pub(super) const fn code(&self) -> u8 {
        match self {
            Self::Invalid(_) | Self::Violations(_) => 3,
            Self::NotFound(_) => 5,
            Self::TooLarge => 8,
            Self::Method => 12,
            Self::Internal(_) => 13,
        }
    }

    pub(super) fn body(&self) -> impl Serialize + '_ {
        OwnedBody { failure: self, said: self.message() }
    }

    fn message(&self) -> String {
        match self {
            Self::Invalid(why) | Self::Internal(why) => why.clone(),
            Self::Violations(violations) => Said(violations).to_string(),
            Self::NotFound(what) => (*what).to_owned(),
            Self::TooLarge => "the question has more than 8 MiB".to_owned(),
            Self::Method => "Method Not Allowed".to_owned(),
        }
    }
}

struct OwnedBody<'a> {
    failure: &'a Failure,
    said: String,
}

impl Serialize for OwnedBody<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let details = match self.failure {
            Failure::Violations(violations) => {
                Some([Details { kind: "type.googleapis.com/buf.validate.Violations", violations }])
            }
            _ => None,
        };
        Body { code: self.failure.code(), message: &self.said, details }.serialize(serializer)
    }
}
