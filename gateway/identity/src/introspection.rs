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
        let mapping = Mapping::compile(&config.mapping).map_err(|found| flaws.extend(found));
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
        request = match &self.config.client {
            ClientProof::Nothing => request,
            ClientProof::Basic { id, secret } => {
                request.basic_auth(form_encoded(id), Some(form_encoded(secret.expose_text())))
            }
            ClientProof::Bearer(token) => request.bearer_auth(token.expose_text()),
            ClientProof::Post { id, secret } => {
                form.extend([("client_id", &**id), ("client_secret", secret.expose_text())]);
                request
            }
        };
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
        self.verdicts.key([b"token", token.as_bytes()])
    }
}

/// RFC 6749 §2.3.1: id and secret are form-encoded before they become user and password.
pub(crate) fn form_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The answer about an active token. A provider that cannot introspect such a token (400) has not issued it; one that does
/// not know the gateway (401, 403) or fails says nothing about the token.
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
mod tests {
    use super::*;
    use crate::{
        Chain,
        test_request::{NOW, TestRequest, at},
        test_server::{Reply, TestServer},
    };
    use serde_json::json;

    fn claims() -> Value {
        json!({"active": true, "iss": "https://idp.test", "aud": ["api"], "sub": "alice", "exp": NOW + 60,
               "scope": "contacts.read", "client_id": "spa", "roles": ["user"]})
    }

    fn with(changes: Value) -> Value {
        let mut claims = claims();
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    fn config(server: &TestServer) -> IntrospectionConfig {
        let audience = Audience::AnyOf(vec!["api".into()]);
        let mut config = IntrospectionConfig::new("opaque".into(), server.url("/introspect"), audience);
        config.remote =
            RemoteConfig { timeout: Duration::from_millis(300), retries: 0, ..RemoteConfig::default() };
        config
    }

    async fn ask(chain: &Chain, token: &str, seconds: u64) -> String {
        let value = format!("Bearer {token}");
        match chain
            .authenticate(&TestRequest::new(&[("authorization", &value)]).at(seconds).presented())
            .await
        {
            Ok(identity) => identity.subject.to_string(),
            Err(refused) => {
                let rejection = refused.rejection;
                rejection.reason().map_or(rejection.code(), |reason| reason.code).to_owned()
            }
        }
    }

    fn chain(config: IntrospectionConfig) -> Chain {
        Chain::new([Arc::new(Introspection::new(config).unwrap()) as Arc<dyn Authenticator>])
    }

    #[tokio::test]
    async fn an_answer_is_judged_before_it_is_believed() {
        for (answer, expected) in [
            (claims(), "alice"),
            (json!({"active": false}), "introspection/inactive"),
            (with(json!({"active": "true"})), "introspection/malformed-answer"),
            (json!({"sub": "alice"}), "introspection/malformed-answer"),
            (json!([]), "introspection/malformed-answer"),
            (with(json!({"token_use": "refresh_token"})), "jwt/not-an-access-token"),
            (with(json!({"token_use": "access_token"})), "alice"),
            (with(json!({"exp": NOW - 30})), "introspection/expired"),
            (with(json!({"exp": "soon"})), "jwt/malformed-time"),
            (with(json!({"nbf": NOW + 31})), "introspection/not-yet-valid"),
            (with(json!({"iss": "https://evil.test"})), "introspection/issuer"),
            (with(json!({"aud": "other"})), "jwt/audience"),
            (with(json!({"aud": null})), "jwt/malformed-audience"),
            (with(json!({"scope": "other"})), "introspection/scope"),
            (with(json!({"sub": ""})), "principal/no-id"),
        ] {
            let shown = answer.clone();
            let server = TestServer::start(move |_| Reply::json(&shown)).await;
            let mut config = config(&server);
            config.issuers = vec!["https://idp.test".into()];
            config.scopes.required = Box::new(["contacts.read".into()]);
            assert_eq!(ask(&chain(config), "opaque", 0).await, expected, "{answer}");
        }
    }

    #[tokio::test]
    async fn an_endpoint_that_does_not_answer_says_nothing_about_the_token() {
        for (reply, expected) in [
            (Reply::status(400), "introspection/refused"),
            (Reply::status(401), "introspection/gateway-not-accepted"),
            (Reply::status(500), "introspection/unexpected-answer"),
            (Reply::status(302).with("location", "/"), "introspection/unexpected-answer"),
            (Reply::status(429).with("retry-after", "7"), "identity/throttled"),
            (Reply::never(), "remote/timeout"),
            (Reply::ok("{"), "introspection/malformed-answer"),
        ] {
            let server = TestServer::start(move |_| reply.clone()).await;
            assert_eq!(ask(&chain(config(&server)), "opaque", 0).await, expected);
        }
    }

    #[tokio::test]
    async fn a_token_is_asked_about_once_until_the_ttl_or_its_expiry() {
        let server = TestServer::start(|_| Reply::json(&claims())).await;
        let chain = chain(config(&server));
        for (seconds, questions) in [(0, 1), (9, 1), (10, 2), (19, 2), (85, 3)] {
            assert_eq!(ask(&chain, "opaque", seconds).await, "alice");
            assert_eq!(server.seen().len(), questions, "after {seconds} s");
        }
        assert_eq!(ask(&chain, "opaque", 90).await, "introspection/expired");
        // Not the beginning of the token and nothing around it: the whole token is the key.
        ask(&chain, "opaqu", 0).await;
        assert_eq!(server.seen().len(), 5);
    }

    #[tokio::test]
    async fn the_same_token_with_other_demands_is_judged_anew() {
        // CVE-2021-32701 and CVE-2026-33496: another scope, another server.
        let server = TestServer::start(|_| Reply::json(&claims())).await;
        let lenient = chain(config(&server));
        assert_eq!(ask(&lenient, "t", 0).await, "alice");
        let mut strict = config(&server);
        strict.scopes.required = Box::new(["contacts.write".into()]);
        assert_eq!(ask(&chain(strict), "t", 0).await, "introspection/scope");
        let other = TestServer::start(|_| Reply::json(&json!({"active": false}))).await;
        assert_eq!(ask(&chain(config(&other)), "t", 0).await, "introspection/inactive");
    }

    #[tokio::test]
    async fn the_question_carries_the_token_and_the_gateways_own_proof() {
        let server = TestServer::start(|_| Reply::json(&claims())).await;
        let mut asking = config(&server);
        asking.client = ClientProof::Basic { id: "gate:way".into(), secret: Secret::new("p w") };
        assert_eq!(ask(&chain(asking), "a&b=c", 0).await, "alice");
        let seen = server.seen().remove(0);
        assert_eq!((&*seen.method, &*seen.body), ("POST", "token=a%26b%3Dc"));
        // base64 of `gate%3Away:p+w`
        assert_eq!(seen.headers["authorization"], "Basic Z2F0ZSUzQXdheTpwK3c=");
        let mut posting = config(&server);
        posting.client = ClientProof::Post { id: "gw".into(), secret: Secret::new("s&") };
        ask(&chain(posting), "t", 0).await;
        assert_eq!(server.seen()[1].body, "token=t&client_id=gw&client_secret=s%26");
    }

    #[tokio::test]
    async fn jwts_are_left_to_others_where_only_opaque_tokens_are_asked_about() {
        let server = TestServer::start(|_| Reply::json(&claims())).await;
        let mut opaque = config(&server);
        opaque.opaque_only = true;
        let chain = chain(opaque);
        assert_eq!(ask(&chain, "eyJhbGciOiJSUzI1NiJ9.e30.AA", 0).await, "chain/unclaimed");
        assert_eq!(ask(&chain, "ory_at_x.y", 0).await, "alice");
        assert_eq!(server.seen().len(), 1);
    }

    #[test]
    fn expiry_is_kept_with_the_identity() {
        assert_eq!(claims::time(claims().as_object().unwrap(), "exp").unwrap(), Some(at(60)));
    }
}
