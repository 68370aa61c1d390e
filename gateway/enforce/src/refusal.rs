use std::time::Duration;

use http::{HeaderValue, StatusCode};
use portreeve_identity::{Rejection, Unauthenticated};
use portreeve_route_config::{TargetError, TargetRefusal};

use crate::facts::{FactsError, FetchError};

/// Why a request may not go upstream. What it says is for the record; a caller is told the status and the event's id.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// 400, or 414 for a target that is too long: the request can be read in more than one way.
    #[error("{0}")]
    Unreadable(#[from] Unreadable),
    /// 404: no route.
    #[error("no route matches")]
    NoRoute,
    /// 401, 403, 429 or 503: nobody was authenticated.
    #[error(transparent)]
    Unauthenticated(Box<Unauthenticated>),
    /// 400: the request lacks what its route asks for, or has it more than once.
    #[error(transparent)]
    Undescribed(#[from] TargetError),
    /// 404, 502 or 504: the stored resource is not there or cannot be read.
    #[error(transparent)]
    Unknown(#[from] FactsError),
    /// 403: the policies deny it.
    #[error("denied by policy")]
    Denied,
    /// 403: a value that the upstream must be told about the caller is not there.
    #[error("header `{header}` cannot be made: {why}")]
    Undressed {
        /// The header field.
        header: http::HeaderName,
        /// Why.
        why: Box<str>,
    },
}
