//! Sessions in Redis: the browser's cookie is a random number, and what it stands for is here, sealed as a cookie is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{Context, SHA256};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, Pipeline, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use tokio::sync::OnceCell;
use url::Url;

use super::session::Session;
use crate::{Flaw, Rejection, Secret};

/// Where sessions are, if not in the browsers' cookies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RedisConfig {
    /// `redis://host:port/database`, without a password.
    pub url: Url,
    /// The user, where Redis has several.
    pub user: Option<Box<str>>,
    /// The password.
    pub password: Option<Secret>,
    /// What all keys begin with. Default `portreeve:`.
    pub prefix: Box<str>,
    /// For one question. Default 1 s.
    pub timeout: Duration,
}

impl RedisConfig {
    /// A Redis with every default.
    pub fn new(url: Url) -> Self {
        Self { url, user: None, password: None, prefix: "portreeve:".into(), timeout: Duration::from_secs(1) }
    }

    fn connection(&self) -> Result<ConnectionInfo, Flaw> {
        let flaw = |message: &'static str| Flaw::new("sessions.redis.url", "oidc/redis-url", message);
        if self.url.scheme() != "redis" || self.url.host_str().is_none_or(str::is_empty) {
            return Err(flaw("sessions are kept at an address like `redis://127.0.0.1:6379`"));
        }
        if self.url.password().is_some() || !self.url.username().is_empty() {
            return Err(flaw(
                "the password must not be written down here: say `user` and `password` beside it",
            ));
        }
        let info =
            self.url.as_str().into_connection_info().map_err(|_| flaw("this is no address of a Redis"))?;
        if !matches!(info.addr(), ConnectionAddr::Tcp(..)) {
            return Err(flaw("this is no address of a Redis"));
        }
        let mut settings = info.redis_settings().clone();
        if let Some(user) = &self.user {
            settings = settings.set_username(user);
        }
        if let Some(password) = &self.password {
            let text = std::str::from_utf8(password.expose());
            settings = settings.set_password(text.map_err(|_| flaw("the password is no text"))?);
        }
        Ok(info.set_redis_settings(settings))
    }
}

/// The sessions of one login.
pub(super) struct Store {
    config: RedisConfig,
    client: Client,
    connection: OnceCell<ConnectionManager>,
    /// What all keys of this login are bound to.
    context: [u8; 32],
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("url", &self.config.url.as_str()).finish_non_exhaustive()
    }
}

impl Store {
    pub(super) fn new(config: &RedisConfig, context: [u8; 32]) -> Result<Self, Flaw> {
        let client = Client::open(config.connection()?).map_err(|_| {
            Flaw::new("sessions.redis.url", "oidc/redis-url", "this is no address of a Redis")
        })?;
        Ok(Self { config: config.clone(), client, connection: OnceCell::new(), context })
    }

    /// The digest of a cookie, which its session is kept under and bound to: who reads Redis learns no cookie.
    pub(super) fn digest(&self, cookie: &str) -> [u8; 32] {
        self.hash("session", cookie)
    }

    /// What is kept of a session, still sealed.
    pub(super) async fn read(&self, digest: &[u8; 32]) -> Result<Option<String>, Rejection> {
        let mut connection = self.connected().await?;
        redis::cmd("GET").arg(self.key(digest)).query_async(&mut connection).await.map_err(lost)
    }

    /// Keeps a session for the rest of its life.
    pub(super) async fn keep(
        &self,
        digest: &[u8; 32],
        sealed: &str,
        session: &Session,
        life: Duration,
        now: SystemTime,
    ) -> Result<(), Rejection> {
        let life = u64::try_from(life.as_millis()).unwrap_or(u64::MAX).max(1);
        let since = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let now = u64::try_from(since).unwrap_or(u64::MAX);
        let key = self.key(digest);
        let mut all = redis::pipe();
        all.atomic().cmd("SET").arg(&key).arg(sealed).arg("PX").arg(life).ignore();
        for index in self.indexes(session) {
            // Sessions that are over go when the next one comes, or with the last one.
            all.cmd("ZREMRANGEBYSCORE").arg(&index).arg("-inf").arg(now).ignore();
            all.cmd("ZADD").arg(&index).arg(now.saturating_add(life)).arg(&key).ignore();
            all.cmd("PEXPIRE").arg(&index).arg(life).arg("NX").ignore();
            all.cmd("PEXPIRE").arg(&index).arg(life).arg("GT").ignore();
        }
        self.run(&all).await
    }

    /// Ends a session. Whether there still was one.
    pub(super) async fn end(&self, digest: &[u8; 32], session: &Session) -> Result<bool, Rejection> {
        let key = self.key(digest);
        let mut all = redis::pipe();
        all.atomic().cmd("DEL").arg(&key);
        for index in self.indexes(session) {
            all.cmd("ZREM").arg(&index).arg(&key).ignore();
        }
        let mut connection = self.connected().await?;
        let (ended,): (u64,) = all.query_async(&mut connection).await.map_err(lost)?;
        Ok(ended > 0)
    }

    /// Ends the sessions of a `sid` or a `sub`.
    pub(super) async fn end_all(&self, kind: &str, name: &str) -> Result<(), Rejection> {
        let index = self.index(kind, name);
        let mut connection = self.connected().await?;
        let keys: Vec<String> = redis::cmd("ZRANGE")
            .arg(&index)
            .arg(0)
            .arg(-1)
            .query_async(&mut connection)
            .await
            .map_err(lost)?;
        if keys.is_empty() {
            return Ok(());
        }
        let mut all = redis::pipe();
        all.atomic().cmd("DEL").arg(&keys).ignore();
        all.cmd("ZREM").arg(&index).arg(&keys).ignore();
        self.run(&all).await
    }

    async fn run(&self, all: &Pipeline) -> Result<(), Rejection> {
        let mut connection = self.connected().await?;
        all.query_async(&mut connection).await.map_err(lost)
    }

    /// One connection, which comes back by itself when it is lost.
    async fn connected(&self) -> Result<ConnectionManager, Rejection> {
        let made = self.connection.get_or_try_init(|| async {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(self.config.timeout))
                .set_response_timeout(Some(self.config.timeout))
                .set_number_of_retries(1)
                .set_max_delay(Duration::from_millis(100));
            let made: RedisResult<_> = ConnectionManager::new_with_config(self.client.clone(), config).await;
            made
        });
        made.await.cloned().map_err(lost)
    }

    fn indexes(&self, session: &Session) -> Vec<String> {
        let named = ["sid", "sub"].into_iter().filter_map(|kind| Some((kind, session.text(kind)?)));
        named.map(|(kind, name)| self.index(kind, name)).collect()
    }

    fn index(&self, kind: &str, name: &str) -> String {
        format!("{}{kind}:{}", self.config.prefix, URL_SAFE_NO_PAD.encode(self.hash(kind, name)))
    }

    fn key(&self, digest: &[u8; 32]) -> String {
        format!("{}session:{}", self.config.prefix, URL_SAFE_NO_PAD.encode(digest))
    }

    fn hash(&self, kind: &str, text: &str) -> [u8; 32] {
        let mut hash = Context::new(&SHA256);
        for part in [&self.context[..], kind.as_bytes(), b" ", text.as_bytes()] {
            hash.update(part);
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(hash.finish().as_ref());
        digest
    }
}

/// Nobody is logged out, or in, because Redis does not answer.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn lost(error: redis::RedisError) -> Rejection {
    tracing::warn!(kind = ?error.kind(), "sessions cannot be reached");
    Rejection::unavailable("oidc/sessions")
}
