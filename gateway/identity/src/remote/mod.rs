//! Questions to other servers: key sets, introspection, sessions, token endpoints. Everything that leaves the process
//! to identify a caller goes through [`Remote::ask`], so that limits hold everywhere.

mod address;
mod breaker;

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};
use reqwest::{Client, RequestBuilder};
use url::Url;

use crate::{Reason, Rejection, Secret};
use breaker::Breaker;

/// How the gateway asks another server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RemoteConfig {
    /// For the whole exchange, answer included; each try has its own. Default 5 s.
    pub timeout: Duration,
    /// For the connection alone. Default 2 s.
    pub connect_timeout: Duration,
    /// The largest answer that is read. Default 1 MiB.
    pub max_answer_bytes: usize,
    /// How often a question that failed without an answer, or with 502, 503 or 504, is asked again. Default 1.
    pub retries: u32,
    /// The longest wait before asking again; the wait itself is random. Default 200 ms.
    pub retry_delay: Duration,
    /// After how many failures in a row nothing is asked for a while. Default 5.
    pub breaker_failures: u32,
    /// For how long nothing is asked then. Default 10 s.
    pub breaker_cool_down: Duration,
    /// Certificates (PEM) that are trusted besides the system's.
    pub extra_ca: Option<Secret>,
}

impl Default for RemoteConfig {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(2),
            max_answer_bytes: 1 << 20,
            retries: 1,
            retry_delay: Duration::from_millis(200),
            breaker_failures: 5,
            breaker_cool_down: Duration::from_secs(10),
            extra_ca: None,
        }
    }
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Silence {
    #[error("remote/timeout")]
    Timeout,
    #[error("remote/unreachable")]
    Unreachable,
    #[error("remote/answer-too-large")]
    TooLarge,
    #[error("remote/resting")]
    Resting,
    #[error("remote/forbidden-address")]
    Forbidden,
}

impl Silence {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Timeout => "remote/timeout",
            Self::Unreachable => "remote/unreachable",
            Self::TooLarge => "remote/answer-too-large",
            Self::Resting => "remote/resting",
            Self::Forbidden => "remote/forbidden-address",
        }
    }
}

impl From<Silence> for Rejection {
    fn from(silence: Silence) -> Self {
        Self::Unavailable(Reason::from(silence.code()))
    }
}

/// A client for one authenticator's questions.
#[derive(Debug)]
pub(crate) struct Remote {
    config: RemoteConfig,
    /// For addresses that the configuration names.
    configured: Client,
    /// For addresses that a document names: public ones only.
    foreign: Client,
    breaker: Breaker,
}

impl Remote {
    /// # Errors
    /// When a certificate cannot be read, or no TLS provider is installed.
    pub(crate) fn new(config: RemoteConfig) -> Result<Self, reqwest::Error> {
        Ok(Self {
            configured: client(&config, false)?,
            foreign: client(&config, true)?,
            breaker: Breaker::new(config.breaker_failures, config.breaker_cool_down),
            config,
        })
    }

    /// Asks an address of the configuration. `build` may be called more than once and must describe a question that may
    /// be asked twice.
    pub(crate) async fn ask(
        &self,
        now: SystemTime,
        build: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Answer, Silence> {
        self.ask_with(&self.configured, now, build).await
    }

    /// Fetches an address that a document named; see [`ask_named`](Self::ask_named).
    pub(crate) async fn fetch_named(
        &self,
        now: SystemTime,
        named: &Url,
        document: &Url,
    ) -> Result<Answer, Silence> {
        self.ask_named(now, named, document, |client| client.get(named.clone())).await
    }

    /// Asks an address that a document named. Only a public address is asked, or the very host, port and scheme that
    /// the document itself came from (an internal provider names its own internal addresses).
    pub(crate) async fn ask_named(
        &self,
        now: SystemTime,
        named: &Url,
        document: &Url,
        build: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Answer, Silence> {
        if named.origin() == document.origin() {
            return self.ask(now, build).await;
        }
        if named.scheme() != "https" || !address::may_be_public(named) {
            return Err(Silence::Forbidden);
        }
        self.ask_with(&self.foreign, now, build).await
    }

    async fn ask_with(
        &self,
        client: &Client,
        now: SystemTime,
        build: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Answer, Silence> {
        if !self.breaker.admits(now) {
            return Err(Silence::Resting);
        }
        let mut tries = 0;
        loop {
            let outcome = self.try_once(build(client)).await;
            if !worth_another(&outcome) || tries >= self.config.retries {
                self.breaker.note(now, !worth_another(&outcome));
                return outcome;
            }
            tries += 1;
            tokio::time::sleep(some_of(self.config.retry_delay)).await;
        }
    }

    async fn try_once(&self, request: RequestBuilder) -> Result<Answer, Silence> {
        let mut response = request.send().await.map_err(silence)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(silence)? {
            if body.len() + chunk.len() > self.config.max_answer_bytes {
                return Err(Silence::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
    }
}

fn client(config: &RemoteConfig, foreign: bool) -> Result<Client, reqwest::Error> {
    let mut builder = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(config.timeout)
        .connect_timeout(config.connect_timeout)
        .user_agent(concat!("portreeve/", env!("CARGO_PKG_VERSION")));
    if foreign {
        builder = builder.dns_resolver(address::PublicOnly);
    }
    if let Some(pem) = &config.extra_ca {
        let certificates = reqwest::Certificate::from_pem_bundle(pem.expose())?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build()
}

fn silence(error: reqwest::Error) -> Silence {
    tracing::debug!(%error, "no answer");
    if error.is_timeout() {
        Silence::Timeout
    } else if address::refused(&error) {
        Silence::Forbidden
    } else {
        Silence::Unreachable
    }
}

fn worth_another(outcome: &Result<Answer, Silence>) -> bool {
    match outcome {
        Ok(answer) => matches!(answer.status.as_u16(), 502..=504),
        Err(silence) => matches!(silence, Silence::Timeout | Silence::Unreachable),
    }
}

/// A random part of a delay, so that gateways which failed together do not come back together.
fn some_of(delay: Duration) -> Duration {
    let mut byte = [0_u8];
    match aws_lc_rs::rand::fill(&mut byte) {
        Ok(()) => delay.mul_f64(f64::from(byte[0]) / 255.0),
        Err(_) => delay,
    }
}

/// How long another server asks us to wait: `Retry-After` in seconds.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests;
