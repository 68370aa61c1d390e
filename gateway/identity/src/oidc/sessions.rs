//! Where a session is: in the browser's cookie itself, or in Redis with a random number as the cookie.

use std::time::{Duration, SystemTime};

use super::{
    OidcLogin,
    flow::random,
    seal::Purpose,
    session::{Session, seconds},
};
use crate::{Presented, Rejection, presented::Found};

impl OidcLogin {
    /// What a cookie stands for. Nothing for one that nobody was given, or that stands for nothing any more.
    pub(super) async fn opened(&self, cookie: &str) -> Result<Option<Session>, Rejection> {
        let text = match &self.store {
            None => self.seals.open(Purpose::Session, cookie),
            Some(store) => {
                let digest = store.digest(cookie);
                let sealed = store.read(&digest).await?;
                sealed.and_then(|sealed| self.seals.open(Purpose::Stored(digest), &sealed))
            }
        };
        Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
    }

    /// The session of a request with its cookie, if it has one that nobody ended.
    pub(super) async fn session_of<'r>(
        &self,
        presented: &Presented<'r>,
    ) -> Result<Option<(&'r str, Session)>, Rejection> {
        let Found::One(cookie) = presented.cookie(self.cookies.session()) else { return Ok(None) };
        let session = self.opened(cookie).await?.filter(|session| !self.has_ended(session));
        Ok(session.map(|session| (cookie, session)))
    }

    /// Keeps a session, and says how the browser is told its cookie; nothing where it is too long for one.
    pub(super) async fn kept(&self, session: &Session, now: SystemTime) -> Result<Option<String>, Rejection> {
        let used = Duration::from_secs(seconds(now).saturating_sub(session.began));
        let life = self.config.max_age.saturating_sub(used);
        let Ok(text) = serde_json::to_vec(session) else { return Ok(None) };
        let value = match &self.store {
            None => self.seals.seal(Purpose::Session, &text),
            Some(store) => {
                let cookie = random().ok_or_else(|| Rejection::unavailable("oidc/no-randomness"))?;
                let digest = store.digest(&cookie);
                if let Some(sealed) = self.seals.seal(Purpose::Stored(digest), &text) {
                    store.keep(&digest, &sealed, session, life, now).await?;
                }
                Some(cookie)
            }
        };
        Ok(value.and_then(|value| self.cookies.set(self.cookies.session(), &value, life)))
    }

    /// Takes a session out of where it is kept. Whether it still was there; a cookie always is.
    pub(super) async fn left(&self, cookie: &str, session: &Session) -> Result<bool, Rejection> {
        match &self.store {
            None => Ok(true),
            Some(store) => store.end(&store.digest(cookie), session).await,
        }
    }
}
