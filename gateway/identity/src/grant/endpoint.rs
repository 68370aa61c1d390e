//! One token endpoint, given or found by discovery.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwapOption;
use http::StatusCode;
use serde_json::{Map, Value};
use url::Url;

use super::NoToken;
use crate::{
    ClientProof, Flaw, Reason, RemoteConfig,
    discovery::{Document, Unbelievable},
    remote::{Answer, Remote, retry_after},
    strict_json,
};

/// How long a discovery document is believed.
const DOCUMENT_LIFE: Duration = Duration::from_secs(3_600);

/// No token is believed to live longer, whatever its endpoint says.
const LONGEST_LIFE: Duration = Duration::from_secs(86_400);

/// Which authorization server is asked, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EndpointConfig {
    /// Where.
    pub at: TokenUrl,
    /// How the gateway proves who it is.
    pub client: ClientProof,
    /// How long a token lives whose answer does not say so.
    pub life: Duration,
    /// How it is asked.
    pub remote: RemoteConfig,
}

impl EndpointConfig {
    /// How long a token lives when nothing is said: `expires_in` is only recommended (RFC 6749 §5.1).
    pub const LIFE: Duration = Duration::from_secs(60);
}

/// Where tokens are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TokenUrl {
    /// Here.
    Given(Url),
    /// Where the discovery document of this issuer says. The document must name the very issuer.
    Discovered {
        /// The issuer.
        issuer: Box<str>,
        /// Its document.
        document: Url,
    },
}

/// What an endpoint gave. It holds a secret, and does not print.
pub(super) struct Given {
    /// `access_token`.
    pub(super) token: String,
    /// `token_type`, in lower case.
    pub(super) kind: String,
    /// `issued_token_type`, where it is said.
    pub(super) issued: Option<String>,
    pub(super) life: Duration,
}

#[derive(Debug)]
pub(super) struct Endpoint {
    config: EndpointConfig,
    remote: Remote,
    found: ArcSwapOption<(Url, SystemTime)>,
}

impl Endpoint {
    pub(super) fn new(config: EndpointConfig) -> Result<Self, Flaw> {
        let remote = Remote::new(config.remote.clone()).map_err(|error| {
            Flaw::new("remote", "remote/client", format!("cannot make requests: {error}"))
        })?;
        Ok(Self { config, remote, found: ArcSwapOption::empty() })
    }

    /// Asks for a token. `judge` says what an error of the endpoint's (RFC 6749 §5.2) means.
    pub(super) async fn ask(
        &self,
        form: &[(&str, &str)],
        now: SystemTime,
        judge: impl FnOnce(&str) -> NoToken,
    ) -> Result<Given, NoToken> {
        let answer = match &self.config.at {
            TokenUrl::Given(url) => {
                self.remote.ask(now, |client| self.question(client.post(url.clone()), form)).await?
            }
            TokenUrl::Discovered { issuer, document } => {
                let found = self.discovered(issuer, document, now).await?;
                let url = &found.0;
                let question = |client: &reqwest::Client| self.question(client.post(url.clone()), form);
                self.remote.ask_named(now, url, document, question).await?
            }
        };
        self.given(&answer, judge)
    }

    fn question(&self, request: reqwest::RequestBuilder, form: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let mut form = form.to_vec();
        let request = self.config.client.prove(request.header("accept", "application/json"), &mut form);
        request.form(&form)
    }

    async fn discovered(
        &self,
        issuer: &str,
        document: &Url,
        now: SystemTime,
    ) -> Result<Arc<(Url, SystemTime)>, NoToken> {
        let known = self.found.load_full();
        if let Some(known) = &known
            && now.duration_since(known.1).is_ok_and(|age| age < DOCUMENT_LIFE)
        {
            return Ok(Arc::clone(known));
        }
        match self.discover(issuer, document, now).await {
            Ok(url) => {
                let found = Arc::new((url, now));
                self.found.store(Some(Arc::clone(&found)));
                Ok(found)
            }
            // An old document is better than none.
            Err(error) => known.ok_or(error),
        }
    }

    async fn discover(&self, issuer: &str, document: &Url, now: SystemTime) -> Result<Url, NoToken> {
        let answer = self.remote.ask(now, |client| client.get(document.clone())).await?;
        if answer.status != StatusCode::OK {
            return Err(NoToken::unavailable("token/no-discovery"));
        }
        let malformed = || NoToken::refused("token/malformed-discovery");
        let document = Document::read(&answer.body, Some(issuer)).map_err(|why| match why {
            Unbelievable::Malformed => malformed(),
            Unbelievable::AnotherIssuer => NoToken::refused("token/another-issuer"),
        })?;
        document.web_url("token_endpoint").ok_or_else(malformed)
    }

    fn given(&self, answer: &Answer, judge: impl FnOnce(&str) -> NoToken) -> Result<Given, NoToken> {
        match answer.status.as_u16() {
            200 => {}
            400 | 401 | 403 => return Err(refused(&answer.body, judge)),
            429 => {
                let retry_after = retry_after(&answer.headers);
                return Err(NoToken::Unavailable { reason: Reason::from("token/throttled"), retry_after });
            }
            504 => return Err(NoToken::Timeout),
            500.. => return Err(NoToken::unavailable("token/unexpected-answer")),
            _ => return Err(NoToken::refused("token/unexpected-answer")),
        }
        let said = strict_json::parse_object(&answer.body).map_err(|_| malformed())?;
        let text = |name: &str| said.get(name).and_then(Value::as_str);
        Ok(Given {
            token: text("access_token").ok_or_else(malformed)?.to_owned(),
            kind: text("token_type").ok_or_else(malformed)?.to_ascii_lowercase(),
            issued: text("issued_token_type").map(str::to_owned),
            life: self.life(&said)?,
        })
    }

    fn life(&self, said: &Map<String, Value>) -> Result<Duration, NoToken> {
        let seconds = match said.get("expires_in") {
            None | Some(Value::Null) => return Ok(self.config.life),
            // Some servers write the number as text.
            Some(Value::String(text)) => text.parse().ok(),
            Some(other) => other.as_u64(),
        };
        let seconds = seconds.ok_or_else(malformed)?;
        Ok(Duration::from_secs(seconds).min(LONGEST_LIFE))
    }
}

fn malformed() -> NoToken {
    NoToken::refused("token/malformed-answer")
}

/// An error by its name. What else the endpoint says about it is nobody's business.
fn refused(body: &[u8], judge: impl FnOnce(&str) -> NoToken) -> NoToken {
    let said = strict_json::parse_object(body).unwrap_or_default();
    judge(said.get("error").and_then(Value::as_str).unwrap_or_default())
}
