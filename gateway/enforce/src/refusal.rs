use http::{HeaderValue, StatusCode};
use portreeve_identity::{Rejection, Reply, Unauthenticated, grant::NoToken, mint::NotSigned};
use portreeve_route_config::TargetError;

use crate::{
    body::BodyError,
    facts::{FactsError, FetchError},
    request::Unreadable,
};

/// Why a request may not go upstream. What it says is for the record; a caller is told the status and the event's id.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// 400 or 414: the request can be read in more than one way.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// 404: no route.
    #[error("no route matches")]
    NoRoute,
    /// 401, 403, 429 or 503: nobody was authenticated.
    #[error(transparent)]
    Unauthenticated(Box<Unauthenticated>),
    /// The gateway answers by itself: at a path of its own, or with the way to a login.
    #[error("answered by the gateway: {}", .0.code)]
    Answered(Box<Reply>),
    /// 400: the request lacks what its route asks for; 502 when the stored resource does.
    #[error(transparent)]
    Undescribed(Box<TargetError>),
    /// 404, 502 or 504: the stored resource is not there or cannot be read.
    #[error(transparent)]
    Unknown(#[from] FactsError),
    /// 400, 408, 413 or 415: the route reads the body, and cannot.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// 403: the policies deny it.
    #[error("denied by policy")]
    Denied,
    /// 403: something that the upstream must be told about the caller is not there.
    #[error("header field `{header}` cannot be set: {error}")]
    Undressed {
        /// The field.
        header: http::HeaderName,
        /// Why.
        error: Box<TargetError>,
    },
    /// 500: what the upstream must be told about the caller cannot be signed.
    #[error(transparent)]
    Unsigned(#[from] NotSigned),
    /// 401, 403, 502, 503 or 504: the upstream must be shown a token that is not given.
    #[error(transparent)]
    Ungranted(#[from] NoToken),
}

impl From<Unauthenticated> for Refusal {
    fn from(error: Unauthenticated) -> Self {
        Self::Unauthenticated(Box::new(error))
    }
}

impl From<TargetError> for Refusal {
    fn from(error: TargetError) -> Self {
        Self::Undescribed(Box::new(error))
    }
}

impl Refusal {
    /// A stable name for the record and the metrics, one of a fixed set.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(error) => error.code(),
            Self::NoRoute => "route/none",
            Self::Unauthenticated(error) => error.rejection.code(),
            Self::Answered(reply) => reply.code,
            Self::Undescribed(error) => error.code(),
            Self::Unknown(FactsError::Absent) => "facts/absent",
            Self::Unknown(FactsError::Fetch(FetchError::Timeout)) => "facts/timeout",
            Self::Unknown(_) => "facts/unreadable",
            Self::Body(error) => error.code(),
            Self::Denied => "policy/denied",
            Self::Undressed { .. } => "mutate/missing",
            Self::Unsigned(_) => "mutate/unsigned",
            Self::Ungranted(error) => error.code(),
        }
    }

    /// The status the caller sees.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unreadable(error) => error.status(),
            Self::NoRoute | Self::Unknown(FactsError::Absent) => StatusCode::NOT_FOUND,
            Self::Unauthenticated(error) => error.rejection.status(),
            Self::Answered(reply) => reply.status,
            Self::Undescribed(error) => error.status(),
            Self::Unknown(FactsError::Fetch(FetchError::Timeout)) => StatusCode::GATEWAY_TIMEOUT,
            Self::Unknown(_) => StatusCode::BAD_GATEWAY,
            Self::Body(error) => error.status(),
            Self::Denied | Self::Undressed { .. } => StatusCode::FORBIDDEN,
            Self::Unsigned(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Ungranted(error) => error.status(),
        }
    }

    /// The whole answer, where it is not the status alone that is told.
    #[must_use]
    pub fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Answered(reply) => Some(reply),
            _ => None,
        }
    }

    /// The values for `WWW-Authenticate`, one field each.
    #[must_use]
    pub fn challenges(&self) -> Vec<HeaderValue> {
        match self {
            Self::Unauthenticated(error) => error.challenges.clone(),
            Self::Ungranted(NoToken::Unaccepted(_)) => {
                vec![HeaderValue::from_static("Bearer error=\"invalid_token\"")]
            }
            _ => Vec::new(),
        }
    }

    /// In how many seconds to come again, when whoever checks credentials says so.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        let wait = match self {
            Self::Unauthenticated(error) => match &error.rejection {
                Rejection::Throttled { retry_after } => *retry_after,
                _ => None,
            },
            Self::Ungranted(error) => error.retry_after(),
            _ => None,
        };
        wait.map(|wait| wait.as_secs().max(1))
    }

    /// What there is to say beyond the code, for the record.
    #[must_use]
    pub fn detail(&self) -> Option<Box<str>> {
        match self {
            Self::NoRoute | Self::Denied | Self::Answered(_) => None,
            Self::Unauthenticated(error) => error.rejection.reason().map(|reason| reason.to_string().into()),
            other => Some(other.to_string().into()),
        }
    }
}
