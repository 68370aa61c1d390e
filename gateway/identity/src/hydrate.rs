//! `hydrate`: what another server knows about a proven caller, asked before the decision.
//!
//! It adds attributes and can refuse; who the caller is, it cannot change.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::future::BoxFuture;
use http::{HeaderName, StatusCode, header::CONTENT_TYPE};
use portreeve_cel::Value;
use quick_cache::sync::Cache;
use serde_json::json;
use url::Url;

use crate::{
    Authenticator, CacheConfig, CacheFigures, Challenge, Credential, Flaw, Identity, Login, Places,
    Presented, Readiness, Reason, Rejection, RemoteConfig, Secret, fingerprint,
    remote::{Remote, retry_after},
    strict_json,
    verdicts::{Fresh, Verdicts},
};

/// Who is asked about callers, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HydrateConfig {
    /// Where. It gets a `POST` with the caller as JSON: `subject`, `issuer`, `roles` and `attributes`. Its answer is a
    /// JSON object; 404 refuses the caller with 403.
    pub url: Url,
    /// Header fields that prove to it who asks.
    pub headers: Vec<(HeaderName, Secret)>,
    /// The name of the attribute that becomes its answer.
    pub attribute: Arc<str>,
    /// How it is asked. Default: answers of at most 64 KiB.
    pub remote: RemoteConfig,
    /// How long an answer about a caller is believed. Default 60 s.
    pub cache: CacheConfig,
}

impl HydrateConfig {
    /// Asks an address, with every default.
    pub fn new(url: Url) -> Self {
        Self {
            url,
            headers: Vec::new(),
            attribute: "hydrated".into(),
            remote: RemoteConfig { max_answer_bytes: 64 << 10, ..RemoteConfig::default() },
            cache: CacheConfig { ttl: Duration::from_secs(60), ..CacheConfig::default() },
        }
    }
}

/// An authenticator whose callers another server is asked about.
#[derive(Debug)]
pub struct Hydrated {
    inner: Arc<dyn Authenticator>,
    config: HydrateConfig,
    remote: Remote,
    /// What was answered, as callers with that one attribute.
    answers: Verdicts,
    merged: Cache<[u8; 32], Merged>,
    digest: [u8; 32],
}

/// A caller as it was proven, what was answered, and both together. The first two are held, so that being the same
/// object means being the same.
#[derive(Clone, Debug)]
struct Merged {
    proven: Arc<Identity>,
    answer: Arc<Identity>,
    whole: Arc<Identity>,
}

impl Hydrated {
    /// # Errors
    /// When no requests can be made.
    pub fn new(inner: Arc<dyn Authenticator>, config: HydrateConfig) -> Result<Self, Vec<Flaw>> {
        let remote = Remote::new(config.remote.clone()).map_err(|error| {
            vec![Flaw::new("url", "remote/client", format!("cannot make requests: {error}"))]
        })?;
        let digest = fingerprint::of(&("hydrate", inner.digest(), &config));
        let answers = Verdicts::new(config.cache.clone(), digest);
        Ok(Self { inner, remote, answers, merged: Cache::new(config.cache.capacity), digest, config })
    }

    fn key(&self, caller: &Identity) -> [u8; 32] {
        self.answers.key(&fingerprint::of_parts(&[caller.issuer.as_bytes(), caller.subject.as_bytes()]))
    }

    fn merge(&self, key: [u8; 32], proven: Arc<Identity>, answer: Arc<Identity>) -> Arc<Identity> {
        if let Some(known) = self.merged.get(&key)
            && Arc::ptr_eq(&known.proven, &proven)
            && Arc::ptr_eq(&known.answer, &answer)
        {
            return known.whole;
        }
        let both = proven.attributes.iter().filter(|(name, _)| ***name != *self.config.attribute);
        let both = both.chain(answer.attributes.iter());
        let attributes = both.map(|(name, value)| (Arc::clone(name), value.clone())).collect();
        let whole = Arc::new(Identity { attributes, ..(*proven).clone() });
        self.merged.insert(key, Merged { proven, answer, whole: Arc::clone(&whole) });
        whole
    }

    async fn hydrate(&self, proven: Arc<Identity>, now: SystemTime) -> Result<Arc<Identity>, Rejection> {
        let key = self.key(&proven);
        let answer = match self.answers.recall(&key, now) {
            Some(known) => known?,
            None => self.answers.settle(key, now, self.ask(&proven, now)).await?,
        };
        Ok(self.merge(key, proven, answer))
    }

    async fn ask(&self, caller: &Identity, now: SystemTime) -> Result<Fresh, Rejection> {
        let question = json!({
            "subject": &*caller.subject,
            "issuer": &*caller.issuer,
            "roles": caller.roles.iter().map(|role| &**role).collect::<Vec<_>>(),
            "attributes": &caller.attributes,
        })
        .to_string();
        let answer = self
            .remote
            .ask(now, |client| {
                let request = client.post(self.config.url.clone()).header(CONTENT_TYPE, "application/json");
                let dressed = self
                    .config
                    .headers
                    .iter()
                    .fold(request, |request, (name, value)| request.header(name.clone(), value.expose()));
                dressed.body(question.clone())
            })
            .await?;
        match answer.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(Rejection::Insufficient(Reason::from("hydrate/unknown"))),
            StatusCode::TOO_MANY_REQUESTS => {
                return Err(Rejection::Throttled { retry_after: retry_after(&answer.headers) });
            }
            _ => return Err(Rejection::unavailable("hydrate/refused")),
        }
        let said = strict_json::parse_object(&answer.body)
            .map_err(|_| Rejection::unavailable("hydrate/not-an-object"))?;
        let said = Value::from(serde_json::Value::Object(said));
        let attributes = [(Arc::clone(&self.config.attribute), said)].into_iter().collect();
        // What is remembered of a caller is the answer; what the caller proved is proven anew each time.
        let identity = Identity { attributes, claims: Value::Null, ..caller.clone() };
        Ok(Fresh { identity: Arc::new(identity), until: now + self.config.cache.ttl })
    }
}

impl Authenticator for Hydrated {
    fn name(&self) -> &Arc<str> {
        self.inner.name()
    }

    fn find<'r>(&self, presented: &Presented<'r>) -> Option<Credential<'r>> {
        self.inner.find(presented)
    }

    fn recall(
        &self,
        credential: &Credential<'_>,
        presented: &Presented<'_>,
    ) -> Option<Result<Arc<Identity>, Rejection>> {
        let proven = match self.inner.recall(credential, presented)? {
            Ok(proven) => proven,
            Err(rejection) => return Some(Err(rejection)),
        };
        let key = self.key(&proven);
        let answer = self.answers.recall(&key, presented.now)?;
        Some(answer.map(|answer| self.merge(key, proven, answer)))
    }

    fn concerns(&self, credential: &Credential<'_>) -> bool {
        self.inner.concerns(credential)
    }

    fn verify<'a>(
        &'a self,
        credential: Credential<'a>,
        presented: &'a Presented<'a>,
    ) -> BoxFuture<'a, Result<Arc<Identity>, Rejection>> {
        Box::pin(async move {
            let proven = match self.inner.recall(&credential, presented) {
                Some(known) => known?,
                None => self.inner.verify(credential, presented).await?,
            };
            self.hydrate(proven, presented.now).await
        })
    }

    fn welcomes_anyone(&self) -> bool {
        self.inner.welcomes_anyone()
    }

    fn prepare(&self, now: SystemTime) -> BoxFuture<'_, ()> {
        self.inner.prepare(now)
    }

    fn readiness(&self) -> Readiness {
        self.inner.readiness()
    }

    fn challenge(&self) -> Option<Challenge> {
        self.inner.challenge()
    }

    fn challenges(&self) -> Vec<Challenge> {
        self.inner.challenges()
    }

    fn proves_by_token(&self) -> bool {
        self.inner.proves_by_token()
    }

    fn digest(&self) -> [u8; 32] {
        self.digest
    }

    fn login(&self) -> Option<&dyn Login> {
        self.inner.login()
    }

    fn owned_fields(&self) -> Vec<HeaderName> {
        self.inner.owned_fields()
    }

    fn owned_cookies(&self) -> Vec<Box<str>> {
        self.inner.owned_cookies()
    }

    fn places(&self) -> Option<&Places> {
        self.inner.places()
    }

    fn forget(&self, gone: &dyn Fn(&Identity) -> bool) {
        self.inner.forget(gone);
        self.answers.forget(gone);
    }

    fn figures(&self) -> CacheFigures {
        self.inner.figures()
    }
}

#[cfg(test)]
mod tests;
