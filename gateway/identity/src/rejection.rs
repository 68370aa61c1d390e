use std::{borrow::Cow, fmt, time::Duration};

use http::StatusCode;

/// Why nobody was authenticated, by who is at fault. Told to the log and the record; the caller sees a status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The request shows no credential that the route accepts. 401.
    #[error("no credential")]
    Missing,
    /// The request shows its credential in more than one way. 400.
    #[error("more than one credential")]
    Ambiguous,
    /// The credential is not good. 401.
    #[error("credential is not valid: {0}")]
    Invalid(Reason),
    /// The credential is genuine but is not enough here: a scope or a second factor is missing. 403.
    #[error("credential is not sufficient: {0}")]
    Insufficient(Reason),
    /// The credential could not be checked now; nothing is known about it. 503.
    #[error("credential could not be checked: {0}")]
    Unavailable(Reason),
    /// Too many attempts, or whoever checks the credential asks for fewer of them. 429.
    #[error("too many attempts")]
    Throttled {
        /// When to come again.
        retry_after: Option<Duration>,
    },
}

impl Rejection {
    /// Not good, for a reason with a stable code.
    pub fn invalid(code: &'static str) -> Self {
        Self::Invalid(Reason::from(code))
    }

    /// Could not be checked, for a reason with a stable code.
    pub fn unavailable(code: &'static str) -> Self {
        Self::Unavailable(Reason::from(code))
    }

    /// The status that says so.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Missing | Self::Invalid(_) => StatusCode::UNAUTHORIZED,
            Self::Ambiguous => StatusCode::BAD_REQUEST,
            Self::Insufficient(_) => StatusCode::FORBIDDEN,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    /// A stable name for records and metrics, one of a fixed set.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "identity/missing",
            Self::Ambiguous => "identity/ambiguous",
            Self::Invalid(_) => "identity/invalid",
            Self::Insufficient(_) => "identity/insufficient",
            Self::Unavailable(_) => "identity/unavailable",
            Self::Throttled { .. } => "identity/throttled",
        }
    }

    /// The reason, when there is one.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Invalid(reason) | Self::Insufficient(reason) | Self::Unavailable(reason) => Some(reason),
            Self::Missing | Self::Ambiguous | Self::Throttled { .. } => None,
        }
    }
}

/// A reason for the log: a stable code such as `jwt/expired`, and perhaps a detail. Never holds any of the credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The stable code.
    pub code: &'static str,
    /// More about it, in the configuration's words (`the session is inactive`, the missing scope).
    pub detail: Option<Cow<'static, str>>,
}

impl Reason {
    /// A reason with a detail.
    pub fn with(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: Some(detail.into()) }
    }
}

impl From<&'static str> for Reason {
    fn from(code: &'static str) -> Self {
        Self { code, detail: None }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            None => f.write_str(self.code),
            Some(detail) => write!(f, "{}: {detail}", self.code),
        }
    }
}
