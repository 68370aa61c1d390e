//! The cookies of a login. Every one has the same attributes, also when it is cleared:
//! a browser clears only what matches.

use std::time::Duration;

/// The longest value that every browser keeps.
const LONGEST: usize = 3_800;

/// How a login's cookies are called and sent.
#[derive(Debug)]
pub(super) struct Cookies {
    prefix: &'static str,
    secure: &'static str,
    session: String,
}

impl Cookies {
    /// `__Host-` binds a cookie to this very host, its root path and TLS.
    pub(super) fn new(authenticator: &str, secure: bool) -> Self {
        let (prefix, secure) = if secure { ("__Host-", "; Secure") } else { ("", "") };
        let name: String = authenticator.chars().filter(char::is_ascii_alphanumeric).collect();
        Self { prefix, secure, session: format!("{prefix}session-{name}") }
    }

    pub(super) fn session(&self) -> &str {
        &self.session
    }

    /// The cookie of one login that is under way; several tabs can each have theirs.
    pub(super) fn login(&self, state: &str) -> String {
        let tag: String = state.chars().take(12).filter(|c| c.is_ascii_alphanumeric()).collect();
        format!("{}login-{tag}", self.prefix)
    }

    pub(super) fn set(&self, name: &str, value: &str, life: Duration) -> Option<String> {
        let cookie = format!(
            "{name}={value}; Path=/; HttpOnly; SameSite=Lax{}; Max-Age={}",
            self.secure,
            life.as_secs()
        );
        (name.len() + value.len() <= LONGEST).then_some(cookie)
    }

    pub(super) fn clear(&self, name: &str) -> String {
        format!("{name}=; Path=/; HttpOnly; SameSite=Lax{}; Max-Age=0", self.secure)
    }
}
