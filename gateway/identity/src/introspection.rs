//! `introspection`: the issuer is asked about every token it issued (RFC 7662).

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName};
use serde_json::{Map, Value};
use url::Url;

use crate::{
    Authenticator, CacheConfig, CacheFigures, Challenge, Credential, Flaw, Identity, MappingConfig, Places,
    Presented, Reason, Rejection, RemoteConfig, Secret, fingerprint,
    jwt::{Audience, Scopes, Spelling, claims, looks_like_a_token, scopes},
    mapping::{Facts, Mapping, Proof},
    remote::{Answer, Remote, retry_after},
    strict_json,
    verdicts::{Fresh, Verdicts},
};

/// Identity by introspection of tokens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IntrospectionConfig {
    /// The name in the configuration.
    pub name: Arc<str>,
    /// Where the token is. Default `Authorization: Bearer`.
    pub from: Places,
    /// The introspection endpoint.
    pub url: Url,
    /// How the gateway proves to the endpoint who it is.
    pub client: ClientProof,
    /// Header fields for the endpoint.
    pub headers: Vec<(HeaderName, Secret)>,
    /// What `iss` may be. Empty: anything, also nothing.
    pub issuers: Vec<Box<str>>,
    /// Whom the token must be for.
    pub audience: Audience,
    /// Scopes that the token must carry; without them the answer is 403.
    pub scopes: Scopes,
    /// Whether tokens that look like a JWT are left to another authenticator. Default no.
    pub opaque_only: bool,
    /// How far the issuer's clock and ours may be apart. Default 30 s.
    pub skew: Duration,
    /// The longest token that is asked about. Default 16 KiB.
    pub max_token_bytes: usize,
    /// Who an active token makes the caller. The mapping reads the answer as `claims`.
    pub mapping: MappingConfig,
    /// How the endpoint is asked.
    pub remote: RemoteConfig,
    /// What is remembered. Default: 10 s, so that a revoked token works no longer than that.
    pub cache: CacheConfig,
}

impl IntrospectionConfig {
    /// Asks an endpoint, with every default.
    pub fn new(name: Arc<str>, url: Url, audience: Audience) -> Self {
        Self {
            name,
            from: Places::default(),
            url,
            client: ClientProof::Nothing,
            headers: Vec::new(),
            issuers: Vec::new(),
            audience,
            scopes: Scopes::default(),
            opaque_only: false,
            skew: Duration::from_secs(30),
            max_token_bytes: 16 << 10,
            mapping: MappingConfig::default(),
            remote: RemoteConfig::default(),
            cache: CacheConfig { ttl: Duration::from_secs(10), ..CacheConfig::default() },
        }
    }
}

/// How the gateway proves to a token or introspection endpoint who it is (RFC 6749 §2.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClientProof {
    /// Not at all: the endpoint is reachable by the gateway only.
    Nothing,
    /// `client_secret_basic`.
    Basic {
        /// The client id.
        id: Box<str>,
        /// The client secret.
        secret: Secret,
    },
    /// `client_secret_post`.
    Post {
        /// The client id.
        id: Box<str>,
        /// The client secret.
        secret: Secret,
    },
    /// A token of the gateway's own.
    Bearer(Secret),
}

impl ClientProof {
    /// Adds the proof to a question: to its header, or to what will be its form.
    pub(crate) fn prove<'c>(
        &'c self,
        request: reqwest::RequestBuilder,
        form: &mut Vec<(&'c str, &'c str)>,
    ) -> reqwest::RequestBuilder {
        match self {
            Self::Nothing => request,
            Self::Basic { id, secret } => {
                request.basic_auth(form_encoded(id), Some(form_encoded(secret.expose_text())))
            }
            Self::Bearer(token) => request.bearer_auth(token.expose_text()),
            Self::Post { id, secret } => {
                form.extend([("client_id", &**id), ("client_secret", secret.expose_text())]);
                request
            }
        }
    }
}

/// Authenticates callers by asking about their tokens.
#[derive(Debug)]
pub struct Introspection {
    config: IntrospectionConfig,
    remote: Remote,
    mapping: Mapping,
    verdicts: Verdicts,
    digest: [u8; 32],
}

impl Introspection {
    /// # Errors
    /// Everything that is wrong with the configuration.
    pub fn new(config: IntrospectionConfig) -> Result<Self, Vec<Flaw>> {
        let mut flaws = Vec::new();
        let mapping = Mapping::compile(&config.mapping, &["claims"]).map_err(|found| flaws.extend(found));
        let remote = Remote::new(config.remote.clone()).map_err(|error| {
            flaws.push(Flaw::new("remote", "remote/client", format!("cannot make requests: {error}")));
        });
        let (Ok(mapping), Ok(remote)) = (mapping, remote) else { return Err(flaws) };
        let digest = fingerprint::of(&("introspection", &config));
        Ok(Self { verdicts: Verdicts::new(config.cache.clone(), digest), remote, mapping, digest, config })
    }

    async fn check(&self, token: &str, now: SystemTime) -> Result<Fresh, Rejection> {
        let answer = self.remote.ask(now, |client| self.question(client, token)).await?;
        let claims = active(&answer)?;
        self.judge(&claims, now)?;
        let expires_at = claims::time(&claims, "exp")?;
        let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or(&self.config.name).to_owned();
        let identity = self.mapping.identify(Proof {
            facts: Facts::of("claims", Value::Object(claims)),
            issuer: &issuer,
            authenticator: &self.config.name,
            expires_at,
        })?;
        let until = match expires_at {
            Some(expires_at) => claims::later(expires_at, self.config.skew)?,
            None => claims::later(now, self.config.cache.ttl)?,
        };
        Ok(Fresh { identity: Arc::new(identity), until })
    }

    fn question(&self, client: &reqwest::Client, token: &str) -> reqwest::RequestBuilder {
        let mut form = vec![("token", token)];
        let mut request = client.post(self.config.url.clone()).header("accept", "application/json");
        for (name, value) in &self.config.headers {
            request = request.header(name, value.expose());
        }
        request = self.config.client.prove(request, &mut form);
        request.form(&form)
    }

    /// What an active token must say.
    fn judge(&self, claims: &Map<String, Value>, now: SystemTime) -> Result<(), Rejection> {
        claims::check_is_access_token(claims)?;
        let skew = self.config.skew;
        if let Some(expires_at) = claims::time(claims, "exp")? {
            claims::require(now < claims::later(expires_at, skew)?, "introspection/expired")?;
        }
        if let Some(not_before) = claims::time(claims, "nbf")? {
            claims::require(not_before <= claims::later(now, skew)?, "introspection/not-yet-valid")?;
        }
        if !self.config.issuers.is_empty() {
            let issuer = claims.get("iss").and_then(Value::as_str);
            let known = self.config.issuers.iter().any(|known| Some(&**known) == issuer);
            claims::require(known, "introspection/issuer")?;
        }
        claims::check_audience(&self.config.audience, claims)?;
        let granted =
            scopes::granted(claims).ok_or_else(|| Rejection::invalid("introspection/malformed-scope"))?;
        match self.config.scopes.missing(&granted) {
            None => Ok(()),
            Some(scope) => {
                Err(Rejection::Insufficient(Reason::with("introspection/scope", scope.to_owned())))
            }
        }
    }

    fn key(&self, token: &str) -> [u8; 32] {
        self.verdicts.key(token.as_bytes())
    }
}

/// RFC 6749 §2.3.1: id and secret are form-encoded before they become user and password.
pub(crate) fn form_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The answer about an active token. A provider that cannot introspect such a token (400) has not issued it; one that
/// does not know the gateway (401, 403) or fails says nothing about the token.
fn active(answer: &Answer) -> Result<Map<String, Value>, Rejection> {
    match answer.status.as_u16() {
        200 => {}
        400 => return Err(Rejection::invalid("introspection/refused")),
        401 | 403 => return Err(Rejection::unavailable("introspection/gateway-not-accepted")),
        429 => return Err(Rejection::Throttled { retry_after: retry_after(&answer.headers) }),
        _ => return Err(Rejection::unavailable("introspection/unexpected-answer")),
    }
    let claims = strict_json::parse_object(&answer.body)
        .map_err(|_| Rejection::unavailable("introspection/malformed-answer"))?;
    match claims.get("active") {
        Some(Value::Bool(true)) => Ok(claims),
        Some(Value::Bool(false)) => Err(Rejection::invalid("introspection/inactive")),
        _ => Err(Rejection::unavailable("introspection/malformed-answer")),
    }
}

impl Authenticator for Introspection {
    fn name(&self) -> &Arc<str> {
        &self.config.name
    }

    fn places(&self) -> Option<&Places> {
        Some(&self.config.from)
    }

    fn find<'r>(&self, presented: &Presented<'r>) -> Option<Credential<'r>> {
        self.config.from.find(presented)
    }

    fn recall(
        &self,
        credential: &Credential<'_>,
        presented: &Presented<'_>,
    ) -> Option<Result<Arc<Identity>, Rejection>> {
        let token = credential.text().filter(|token| token.len() <= self.config.max_token_bytes)?;
        self.verdicts.recall(&self.key(token), presented.now)
    }

    fn concerns(&self, credential: &Credential<'_>) -> bool {
        let looks_like_jwt =
            credential.text().is_some_and(|token| looks_like_a_token(token, Spelling::Standard));
        !(self.config.opaque_only && looks_like_jwt)
    }

    fn verify<'a>(
        &'a self,
        credential: Credential<'a>,
        presented: &'a Presented<'a>,
    ) -> BoxFuture<'a, Result<Arc<Identity>, Rejection>> {
        Box::pin(async move {
            let token = credential.text().ok_or(Rejection::Missing)?;
            if token.is_empty() || token.len() > self.config.max_token_bytes {
                return Err(Rejection::invalid("introspection/length"));
            }
            let now = presented.now;
            self.verdicts.settle(self.key(token), now, self.check(token, now)).await
        })
    }

    fn challenge(&self) -> Option<Challenge> {
        Some(Challenge { scope: self.config.scopes.required.clone(), ..Challenge::new("Bearer") })
    }

    fn forget(&self, gone: &dyn Fn(&Identity) -> bool) {
        self.verdicts.forget(gone);
    }

    fn proves_by_token(&self) -> bool {
        true
    }

    fn digest(&self) -> [u8; 32] {
        self.digest
    }

    fn figures(&self) -> CacheFigures {
        self.verdicts.figures()
    }
}

/// Copies header fields of a request, for a question about its caller.
pub(crate) fn copied<'r>(
    names: &'r [HeaderName],
    headers: &'r HeaderMap,
) -> impl Iterator<Item = (&'r HeaderName, &'r http::HeaderValue)> {
    names.iter().flat_map(|name| headers.get_all(name).iter().map(move |value| (name, value)))
}

#[cfg(test)]
mod tests;
