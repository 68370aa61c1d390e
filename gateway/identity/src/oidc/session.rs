use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::config::OidcConfig;

/// What the session cookie holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Session {
    /// The gateway's own name for the session.
    pub(super) id: String,
    /// What the provider said, without what is of no use after the login.
    pub(super) claims: Map<String, Value>,
    /// When the user logged in here, and when the provider last spoke; seconds since 1970.
    pub(super) began: u64,
    pub(super) renewed: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refresh_token: Option<String>,
}

/// What the cookie of a login under way holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
    pub(super) return_to: String,
    pub(super) began: u64,
}

/// How long a user may take to log in.
pub(super) const LOGIN_LIFE: Duration = Duration::from_secs(600);

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// To be believed until this moment.
    Fresh(SystemTime),
    /// To be renewed.
    Stale,
    /// Over.
    Over,
}

impl Session {
    pub(super) fn begin(
        id: String,
        mut claims: Map<String, Value>,
        refresh_token: Option<String>,
        now: SystemTime,
    ) -> Self {
        for of_the_login in ["nonce", "at_hash", "c_hash", "s_hash", "jti", "exp", "iat", "nbf"] {
            claims.remove(of_the_login);
        }
        Self { id, claims, began: seconds(now), renewed: seconds(now), refresh_token }
    }

    pub(super) fn age(&self, config: &OidcConfig, now: SystemTime) -> Age {
        let end = at(self.began) + config.max_age;
        let stale = at(self.renewed) + config.fresh_for;
        if now >= end {
            Age::Over
        } else if now >= stale {
            Age::Stale
        } else {
            Age::Fresh(end.min(stale))
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }
}

pub(super) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}
