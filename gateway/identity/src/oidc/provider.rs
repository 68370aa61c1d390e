//! What the gateway asks the provider.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwapOption;
use serde_json::{Map, Value};
use url::Url;

use super::config::OidcConfig;
use crate::{
    ClientProof, Rejection,
    discovery::{Document, Unbelievable},
    remote::{Remote, retry_after},
    strict_json,
};

/// How long a discovery document is believed.
const DOCUMENT_LIFE: Duration = Duration::from_secs(3_600);

/// A provider's endpoints.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) authorization: Url,
    token: Url,
    pub(super) end_session: Option<Url>,
    /// Whether answers to a login must name the issuer (RFC 9207).
    pub(super) names_itself: bool,
    at: SystemTime,
}

/// What the token endpoint gave.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) id_token: Option<String>,
    pub(super) refresh_token: Option<String>,
}

#[derive(Debug)]
pub(super) struct Provider {
    config: OidcConfig,
    document: Url,
    remote: Remote,
    known: ArcSwapOption<Metadata>,
    asking: tokio::sync::Mutex<()>,
}

impl Provider {
    pub(super) fn new(config: OidcConfig, document: Url, remote: Remote) -> Self {
        Self {
            config,
            document,
            remote,
            known: ArcSwapOption::empty(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    pub(super) async fn metadata(&self, now: SystemTime) -> Result<Arc<Metadata>, Rejection> {
        if let Some(known) = self.fresh(now) {
            return Ok(known);
        }
        let _turn = self.asking.lock().await;
        if let Some(known) = self.fresh(now) {
            return Ok(known);
        }
        match self.discover(now).await {
            Ok(found) => {
                let found = Arc::new(found);
                self.known.store(Some(Arc::clone(&found)));
                Ok(found)
            }
            // An old document is better than none.
            Err(rejection) => self.known.load_full().ok_or(rejection),
        }
    }

    fn fresh(&self, now: SystemTime) -> Option<Arc<Metadata>> {
        let is_fresh =
            |known: &Arc<Metadata>| now.duration_since(known.at).is_ok_and(|age| age < DOCUMENT_LIFE);
        self.known.load_full().filter(is_fresh)
    }

    async fn discover(&self, now: SystemTime) -> Result<Metadata, Rejection> {
        let answer = self.remote.ask(now, |client| client.get(self.document.clone())).await?;
        let malformed = || Rejection::unavailable("oidc/malformed-discovery");
        if answer.status != http::StatusCode::OK {
            return Err(malformed());
        }
        let document = Document::read(&answer.body, Some(&self.config.issuer)).map_err(|why| match why {
            Unbelievable::Malformed => malformed(),
            Unbelievable::AnotherIssuer => Rejection::unavailable("oidc/another-issuer"),
        })?;
        Ok(Metadata {
            authorization: document.web_url("authorization_endpoint").ok_or_else(malformed)?,
            token: document.web_url("token_endpoint").ok_or_else(malformed)?,
            end_session: document.web_url("end_session_endpoint"),
            names_itself: document.says("authorization_response_iss_parameter_supported"),
            at: now,
        })
    }

    /// Exchanges a code, or renews a session: `form` says which. A code is good for one exchange, so nothing is asked
    /// twice that the provider may have answered.
    pub(super) async fn tokens(&self, form: &[(&str, &str)], now: SystemTime) -> Result<Tokens, Rejection> {
        let metadata = self.metadata(now).await?;
        let answer = self.remote.ask_named(now, &metadata.token, &self.document, |client| {
            let mut form = form.to_vec();
            let request = client.post(metadata.token.clone()).header("accept", "application/json");
            let request = self.config.client.prove(request, &mut form);
            // Who proves nothing must still say which client it is (RFC 6749 §3.2.1).
            if matches!(self.config.client, ClientProof::Nothing) {
                form.push(("client_id", &self.config.client_id));
            }
            request.form(&form)
        });
        let answer = answer.await?;
        match answer.status.as_u16() {
            200 => {}
            400 => return Err(Rejection::invalid("oidc/grant-refused")),
            401 | 403 => return Err(Rejection::unavailable("oidc/gateway-not-accepted")),
            429 => return Err(Rejection::Throttled { retry_after: retry_after(&answer.headers) }),
            _ => return Err(Rejection::unavailable("oidc/unexpected-answer")),
        }
        let malformed = |_| Rejection::unavailable("oidc/malformed-answer");
        let given: Map<String, Value> = strict_json::parse_object(&answer.body).map_err(malformed)?;
        let text = |name: &str| given.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Tokens { id_token: text("id_token"), refresh_token: text("refresh_token") })
    }
}
