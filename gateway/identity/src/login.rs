use std::borrow::Cow;

use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, StatusCode, header::CACHE_CONTROL};

use crate::Presented;

/// What an authenticator that can log browsers in needs from a door: its own paths answered, and browsers without a
/// session sent to it.
pub trait Login: std::fmt::Debug + Send + Sync {
    /// Whether a path is one of its own (callback, logout, back-channel logout). Such a request goes to
    /// [`answer`](Self::answer) before any route.
    fn owns(&self, path: &str) -> bool;

    /// Answers a request to one of its own paths. `body` is the whole body, bounded by the door (64 KiB is plenty).
    fn answer<'a>(&'a self, presented: &'a Presented<'a>, body: &'a [u8]) -> BoxFuture<'a, Reply>;

    /// Whether the request is a browser's that navigates, and so can be sent somewhere. Others get 401.
    fn suits(&self, presented: &Presented<'_>) -> bool;

    /// Begins a login, or renews one without the user, and comes back to where the request wanted to go.
    fn start<'a>(&'a self, presented: &'a Presented<'a>) -> BoxFuture<'a, Reply>;
}

/// An answer of the login itself.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The header fields; `Set-Cookie` may occur more than once.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body, as text.
    pub body: Cow<'static, str>,
    /// Why, for the log.
    pub code: &'static str,
}

impl Reply {
    pub(crate) fn new(status: StatusCode, code: &'static str) -> Self {
        Self {
            status,
            headers: vec![(CACHE_CONTROL, HeaderValue::from_static("no-store"))],
            body: Cow::Borrowed(""),
            code,
        }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        match HeaderValue::from_str(value) {
            Ok(value) => self.headers.push((name, value)),
            Err(_) => self.status = StatusCode::INTERNAL_SERVER_ERROR,
        }
        self
    }
}
