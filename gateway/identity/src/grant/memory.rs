//! Tokens that were given before.

use std::{
    future::Future,
    time::{Duration, SystemTime},
};

use http::HeaderValue;
use quick_cache::sync::Cache;

use super::NoToken;

/// For so long a question that was answered with a refusal is not asked again, nor a token renewed that could not be.
const PAUSE: Duration = Duration::from_secs(5);

/// A token just given, as it is shown to the upstream.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) value: HeaderValue,
    /// From when on another one is asked for.
    pub(super) renew_at: SystemTime,
    pub(super) expires_at: SystemTime,
}

impl Token {
    /// One that lives so long from now; renewed when a tenth of that is left.
    pub(super) fn living(value: HeaderValue, life: Duration, now: SystemTime) -> Self {
        Self { value, renew_at: later(now, life.mul_f64(0.9)), expires_at: later(now, life) }
    }

    /// The same, of no use after this moment.
    pub(super) fn until(self, end: Option<SystemTime>) -> Self {
        let bounded = |time: SystemTime| end.map_or(time, |end| time.min(end));
        Self { renew_at: bounded(self.renew_at), expires_at: bounded(self.expires_at), ..self }
    }
}

fn later(now: SystemTime, by: Duration) -> SystemTime {
    now.checked_add(by).unwrap_or(now)
}

/// A bounded memory of tokens. One question at a time for each, however many requests wait for it.
pub(super) struct Memory {
    good: Cache<[u8; 32], Token>,
    bad: Cache<[u8; 32], (NoToken, SystemTime)>,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").field("entries", &self.good.len()).finish_non_exhaustive()
    }
}

impl Memory {
    /// Remembers so many tokens, and a tenth of that refusals.
    pub(super) fn of(capacity: usize) -> Self {
        Self { good: Cache::new(capacity), bad: Cache::new((capacity / 10).max(16)) }
    }

    /// The token under a key, while it need not be renewed.
    pub(super) fn known(&self, key: &[u8; 32], now: SystemTime) -> Option<HeaderValue> {
        self.good.get(key).filter(|token| now < token.renew_at).map(|token| token.value)
    }

    /// The token under a key: a remembered one, or else what `ask` gives. One that could not be renewed is good until
    /// it expires.
    pub(super) async fn token(
        &self,
        key: [u8; 32],
        now: SystemTime,
        ask: impl Future<Output = Result<Token, NoToken>>,
    ) -> Result<HeaderValue, NoToken> {
        let known = self.good.get(&key);
        if let Some(token) = known.as_ref().filter(|token| now < token.renew_at) {
            return Ok(token.value.clone());
        }
        self.good.remove_if(&key, |token| now >= token.renew_at);
        let guard = match self.good.get_value_or_guard_async(&key).await {
            Ok(token) => return Ok(token.value),
            Err(guard) => guard,
        };
        if let Some((error, _)) = self.bad.get(&key).filter(|(_, until)| now < *until) {
            return Err(error);
        }
        let outcome = ask.await;
        // An error of `insert` only means that the placeholder was evicted meanwhile.
        match (outcome, known.filter(|token| now < token.expires_at)) {
            (Ok(token), _) => {
                let _ = guard.insert(token.clone());
                Ok(token.value)
            }
            (Err(error), Some(old)) if !error.is_an_answer() => {
                tracing::warn!(%error, "a token is not renewed; the one before is used while it lasts");
                let renew_at = later(now, PAUSE).min(old.expires_at);
                let _ = guard.insert(Token { renew_at, ..old.clone() });
                Ok(old.value)
            }
            (Err(error), _) => {
                if error.is_an_answer() {
                    self.bad.insert(key, (error.clone(), later(now, PAUSE)));
                }
                Err(error)
            }
        }
    }
}
