//! `session` and `bearer_token`: another server is asked who a cookie or a token belongs to, as Kratos' `whoami`.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, Method, header::COOKIE};
use serde_json::Value;
use url::Url;

use crate::{
    Authenticator, CacheConfig, CacheFigures, Challenge, Credential, Flaw, Identity, MappingConfig, Place,
    Places, Presented, Reason, Rejection, RemoteConfig, Secret, fingerprint,
    introspection::copied,
    mapping::{Facts, Mapping, Proof},
    remote::{Answer, Remote, retry_after},
    strict_json,
    verdicts::{Fresh, Verdicts},
};

/// Identity by asking an endpoint that knows sessions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionConfig {
    /// The name in the configuration.
    pub name: Arc<str>,
    /// Where the credential is, in order of precedence. Exactly the one that is found first is sent to the endpoint,
    /// and what is remembered is remembered of that one.
    pub from: Places,
    /// The endpoint.
    pub url: Url,
    /// The method the endpoint is asked with; the request's own when `None`. Default `GET`. No body is sent.
    pub method: Option<Method>,
    /// Whether the request's path is put after the endpoint's. Default no.
    pub forward_path: bool,
    /// Whether the request's query is sent. Default no.
    pub forward_query: bool,
    /// Further header fields of the request that the endpoint sees. Credentials belong in `from`.
    pub forward_headers: Vec<HeaderName>,
    /// Header fields of the gateway's own.
    pub headers: Vec<(HeaderName, Secret)>,
    /// Statuses that say the session is genuine but not enough (Kratos: 403 when a second factor is missing).
    pub insufficient: Vec<u16>,
    /// Who a session makes the caller. The mapping reads the answer as `session`.
    pub mapping: MappingConfig,
    /// A path in the answer to the time (RFC 3339 or seconds) after which it is not believed: `expires_at`.
    pub expires_at: Option<Box<str>>,
    /// A header field of the answer that says for how many seconds it may be believed (`ory-session-cache-for`).
    pub cache_for: Option<HeaderName>,
    /// How the endpoint is asked.
    pub remote: RemoteConfig,
    /// What is remembered. Default: 10 s, so that a logout works after that at the latest.
    pub cache: CacheConfig,
}

impl SessionConfig {
    /// Asks an endpoint about a cookie.
    pub fn new(name: Arc<str>, url: Url, from: Places) -> Self {
        Self {
            name,
            from,
            url,
            method: Some(Method::GET),
            forward_path: false,
            forward_query: false,
            forward_headers: Vec::new(),
            headers: Vec::new(),
            insufficient: vec![403],
            mapping: MappingConfig::default(),
            expires_at: None,
            cache_for: None,
            remote: RemoteConfig::default(),
            cache: CacheConfig { ttl: Duration::from_secs(10), ..CacheConfig::default() },
        }
    }

    /// Asks an endpoint about a bearer token.
    pub fn bearer_token(name: Arc<str>, url: Url) -> Self {
        Self { insufficient: Vec::new(), ..Self::new(name, url, Places::default()) }
    }
}

/// Authenticates callers by asking who their session belongs to.
#[derive(Debug)]
pub struct Session {
    config: SessionConfig,
    remote: Remote,
    mapping: Mapping,
    verdicts: Verdicts,
    digest: [u8; 32],
}

impl Session {
    /// # Errors
    /// Everything that is wrong with the configuration.
    pub fn new(config: SessionConfig) -> Result<Self, Vec<Flaw>> {
        let mut flaws = Vec::new();
        let mapping = Mapping::compile(&config.mapping, &["session"]).map_err(|found| flaws.extend(found));
        let remote = Remote::new(config.remote.clone()).map_err(|error| {
            flaws.push(Flaw::new("remote", "remote/client", format!("cannot make requests: {error}")));
        });
        let (Ok(mapping), Ok(remote)) = (mapping, remote) else { return Err(flaws) };
        let digest = fingerprint::of(&("session", &config));
        Ok(Self { verdicts: Verdicts::new(config.cache.clone(), digest), remote, mapping, digest, config })
    }

    async fn check(
        &self,
        place: &Place,
        credential: &str,
        presented: &Presented<'_>,
    ) -> Result<Fresh, Rejection> {
        let now = presented.now;
        let carried = carried(place, credential)?;
        let url = self.url(presented, carried.query());
        let method = self.config.method.clone().unwrap_or_else(|| presented.method.clone());
        let question = |client: &reqwest::Client| {
            let mut request =
                client.request(method.clone(), url.clone()).header("accept", "application/json");
            for (name, value) in copied(&self.config.forward_headers, presented.headers) {
                request = request.header(name, value);
            }
            for (name, value) in &self.config.headers {
                request = request.header(name, value.expose());
            }
            match &carried {
                Carried::Field(name, value) => request.header(name, value),
                Carried::Query(..) => request,
            }
        };
        let answer = self.remote.ask(now, question).await?;
        let session = self.understood(&answer)?;
        let expires_at = self.expiry(&session)?;
        if expires_at.is_some_and(|expiry| now >= expiry) {
            return Err(Rejection::invalid("session/expired"));
        }
        let until = self.believed_until(&answer, expires_at, now);
        let identity = self.mapping.identify(Proof {
            facts: Facts::of("session", session),
            issuer: &self.config.name,
            authenticator: &self.config.name,
            expires_at,
        })?;
        Ok(Fresh { identity: Arc::new(identity), until })
    }

    /// The endpoint's address. A path is put after the endpoint's own as a path, and can become nothing else.
    fn url(&self, presented: &Presented<'_>, credential: Option<(&str, &str)>) -> Url {
        let mut url = self.config.url.clone();
        if self.config.forward_path {
            let path = format!("{}{}", url.path().trim_end_matches('/'), presented.path);
            url.set_path(&path);
        }
        if self.config.forward_query && !presented.query.is_empty() {
            url.set_query(Some(presented.query));
        }
        if let Some((name, value)) = credential {
            url.query_pairs_mut().append_pair(name, value);
        }
        url
    }

    fn understood(&self, answer: &Answer) -> Result<Value, Rejection> {
        let status = answer.status.as_u16();
        if self.config.insufficient.contains(&status) {
            return Err(Rejection::Insufficient(Reason::from("session/insufficient")));
        }
        match status {
            200 => strict_json::parse_object(&answer.body)
                .map(Value::Object)
                .map_err(|_| Rejection::unavailable("session/malformed-answer")),
            400..=499 if status == 429 => {
                Err(Rejection::Throttled { retry_after: retry_after(&answer.headers) })
            }
            401 | 403 | 404 | 410 => Err(Rejection::invalid("session/refused")),
            _ => Err(Rejection::unavailable("session/unexpected-answer")),
        }
    }

    fn expiry(&self, session: &Value) -> Result<Option<SystemTime>, Rejection> {
        let Some(path) = &self.config.expires_at else { return Ok(None) };
        let found = path.split('.').try_fold(session, |value, part| value.get(part));
        let malformed = || Rejection::unavailable("session/malformed-expiry");
        let at = match found {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => {
                SystemTime::from(text.parse::<jiff::Timestamp>().map_err(|_| malformed())?)
            }
            Some(Value::Number(number)) => {
                let seconds = number.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                seconds
                    .and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(seconds))
                    .ok_or_else(malformed)?
            }
            Some(_) => return Err(malformed()),
        };
        Ok(Some(at))
    }

    fn believed_until(&self, answer: &Answer, expires_at: Option<SystemTime>, now: SystemTime) -> SystemTime {
        let told = self.config.cache_for.as_ref().and_then(|name| answer.headers.get(name));
        let told = told.and_then(|value| value.to_str().ok()?.trim().parse().ok()).map(Duration::from_secs);
        let longest = told.map_or(self.config.cache.ttl, |told| told.min(self.config.cache.ttl));
        let until = now + longest;
        expires_at.map_or(until, |expiry| expiry.min(until))
    }

    /// The digest of everything that the endpoint will see of the request.
    fn key(&self, place: &Place, credential: &str, presented: &Presented<'_>) -> [u8; 32] {
        let mut seen = vec![format!("{place:?}").into_bytes()];
        if self.config.method.is_none() {
            seen.push(presented.method.as_str().into());
        }
        if self.config.forward_path {
            seen.push(presented.path.into());
        }
        if self.config.forward_query {
            seen.push(presented.query.into());
        }
        for (name, value) in copied(&self.config.forward_headers, presented.headers) {
            seen.push(name.as_str().into());
            seen.push(value.as_bytes().into());
        }
        seen.push(credential.into());
        let parts: Vec<&[u8]> = seen.iter().map(Vec::as_slice).collect();
        self.verdicts.key(&fingerprint::of_parts(&parts))
    }
}

/// The credential as the endpoint is shown it: in the very place it was found in.
enum Carried<'c> {
    Field(HeaderName, HeaderValue),
    Query(&'c str, &'c str),
}

impl<'c> Carried<'c> {
    fn query(&self) -> Option<(&'c str, &'c str)> {
        match self {
            Self::Query(name, value) => Some((name, value)),
            Self::Field(..) => None,
        }
    }
}

fn carried<'c>(place: &'c Place, credential: &'c str) -> Result<Carried<'c>, Rejection> {
    let field = |name: HeaderName, text: String| {
        let value =
            HeaderValue::from_str(&text).map_err(|_| Rejection::invalid("session/malformed-credential"))?;
        Ok(Carried::Field(name, value))
    };
    match place {
        Place::Header { name, scheme: None, .. } => field(name.clone(), credential.to_owned()),
        Place::Header { name, scheme: Some(scheme), .. } => {
            field(name.clone(), format!("{scheme} {credential}"))
        }
        Place::Cookie(name) => field(COOKIE, format!("{name}={credential}")),
        Place::Query(name) => Ok(Carried::Query(name, credential)),
    }
}

impl Authenticator for Session {
    fn name(&self) -> &Arc<str> {
        &self.config.name
    }

    fn places(&self) -> Option<&Places> {
        Some(&self.config.from)
    }

    fn find<'r>(&self, presented: &Presented<'r>) -> Option<Credential<'r>> {
        self.config.from.first(presented).map(|(_, credential)| credential)
    }

    fn recall(
        &self,
        credential: &Credential<'_>,
        presented: &Presented<'_>,
    ) -> Option<Result<Arc<Identity>, Rejection>> {
        let (place, _) = self.config.from.first(presented)?;
        self.verdicts.recall(&self.key(place, credential.text()?, presented), presented.now)
    }

    fn verify<'a>(
        &'a self,
        credential: Credential<'a>,
        presented: &'a Presented<'a>,
    ) -> BoxFuture<'a, Result<Arc<Identity>, Rejection>> {
        Box::pin(async move {
            let (place, _) = self.config.from.first(presented).ok_or(Rejection::Missing)?;
            let text = credential.text().filter(|text| !text.is_empty());
            let text = text.ok_or_else(|| Rejection::invalid("session/empty"))?;
            let key = self.key(place, text, presented);
            self.verdicts.settle(key, presented.now, self.check(place, text, presented)).await
        })
    }

    fn challenge(&self) -> Option<Challenge> {
        self.config.from.uses_scheme("Bearer").then(|| Challenge::new("Bearer"))
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

#[cfg(test)]
mod tests;
