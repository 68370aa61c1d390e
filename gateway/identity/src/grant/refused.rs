use std::time::Duration;

use http::StatusCode;

use crate::{Reason, remote::Silence};

/// Why there is no token for the upstream.
/// Nothing of what the authorization server said is in it but the kind of error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoToken {
    /// The caller's own token is no longer good there: expired, or revoked. 401.
    #[error("the caller's token is not good for another: {0}")]
    Unaccepted(Reason),
    /// The caller gets none: they showed no token, or none is given for it. 403.
    #[error("no token is given for the caller: {0}")]
    Denied(Reason),
    /// The authorization server does not accept the gateway, or what it answers cannot be used. 502.
    #[error("the authorization server gives no token: {0}")]
    Refused(Reason),
    /// It cannot be reached, fails, or asks to come later. 503.
    #[error("the authorization server cannot be asked: {reason}")]
    Unavailable {
        /// Why.
        reason: Reason,
        /// When to come again, where it says so.
        retry_after: Option<Duration>,
    },
    /// It did not answer in time. 504.
    #[error("the authorization server did not answer in time")]
    Timeout,
}

impl NoToken {
    /// A stable name for records and metrics, one of a fixed set.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unaccepted(_) | Self::Denied(_) => "mutate/token-denied",
            Self::Refused(_) => "mutate/token-refused",
            Self::Unavailable { .. } | Self::Timeout => "mutate/token-unavailable",
        }
    }

    /// The status that says so.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Unaccepted(_) => StatusCode::UNAUTHORIZED,
            Self::Denied(_) => StatusCode::FORBIDDEN,
            Self::Refused(_) => StatusCode::BAD_GATEWAY,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// When to come again, where the authorization server says so.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether it says something about the question, so that the same one need not be asked again at once.
    pub(super) const fn is_an_answer(&self) -> bool {
        !matches!(self, Self::Unavailable { .. } | Self::Timeout)
    }

    /// The caller showed no token that could be exchanged.
    #[must_use]
    pub fn nothing_to_exchange() -> Self {
        Self::Denied(Reason::from("token/none-shown"))
    }

    pub(super) fn unavailable(code: &'static str) -> Self {
        Self::Unavailable { reason: Reason::from(code), retry_after: None }
    }

    pub(super) fn refused(code: &'static str) -> Self {
        Self::Refused(Reason::from(code))
    }
}

impl From<Silence> for NoToken {
    fn from(silence: Silence) -> Self {
        match silence {
            Silence::Timeout => Self::Timeout,
            Silence::TooLarge | Silence::Forbidden => Self::refused(silence.code()),
            Silence::Unreachable | Silence::Resting => Self::unavailable(silence.code()),
        }
    }
}
