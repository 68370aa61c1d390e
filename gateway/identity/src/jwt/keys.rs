//! An issuer's keys: fetched before they are needed, kept while they cannot be fetched, and fetched again no more often
//! than allowed, whatever callers send.

use std::{sync::Arc, time::SystemTime};

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use quick_cache::sync::Cache;
use url::Url;

use super::{
    Algorithm, Issuer, KeyLimits, KeySource, KeyTiming,
    jwk::{KeySet, Wanted},
    pem,
};
use crate::{
    Readiness, Rejection,
    discovery::{Document, Unbelievable},
    remote::Remote,
};

#[derive(Debug)]
pub(crate) struct Keys {
    source: KeySource,
    issuer: Option<Box<str>>,
    algorithms: Vec<Algorithm>,
    limits: KeyLimits,
    timing: KeyTiming,
    remote: Arc<Remote>,
    current: ArcSwapOption<Loaded>,
    attempt: Mutex<Attempt>,
    /// Keys of [`KeySource::PerKey`], by their ids.
    single: Cache<Box<str>, Arc<Loaded>>,
    /// Held while keys are being fetched.
    fetching: tokio::sync::Mutex<()>,
}

/// A set that was good when it was loaded.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) set: KeySet,
    at: SystemTime,
}

#[derive(Clone, Debug, Default)]
struct Attempt {
    last: Option<SystemTime>,
    /// When keys were last fetched because a token named one that was not there. Callers can bring that about, so it is
    /// what the cool-down counts from; a fetch of the gateway's own accord is none of their doing.
    searched: Option<SystemTime>,
    failure: Option<String>,
    count: u64,
}

impl Keys {
    pub(crate) fn new(
        issuer: &Issuer,
        limits: KeyLimits,
        timing: KeyTiming,
        remote: Arc<Remote>,
    ) -> Arc<Self> {
        Arc::new(Self {
            source: issuer.keys.clone(),
            issuer: issuer.issuer.clone(),
            algorithms: issuer.algorithms.clone(),
            limits,
            timing,
            remote,
            current: ArcSwapOption::empty(),
            attempt: Mutex::default(),
            single: Cache::new(64),
            fetching: tokio::sync::Mutex::default(),
        })
    }

    /// A set that holds the wanted key.
    pub(crate) async fn holding(
        self: &Arc<Self>,
        wanted: Wanted<'_>,
        now: SystemTime,
    ) -> Result<Arc<Loaded>, Rejection> {
        if let KeySource::PerKey(base) = &self.source {
            return self.holding_one(base, wanted, now).await;
        }
        let known = self.current.load_full().filter(|loaded| loaded.set.find(wanted).is_some());
        if let Some(loaded) = known {
            self.refresh_if_old(&loaded, now);
            return Ok(loaded);
        }
        let may = if self.current.load().is_some() { self.may_search(now) } else { self.may_try(now) };
        if may {
            self.load(now).await;
        }
        match self.current.load_full() {
            Some(loaded) if loaded.set.find(wanted).is_some() => Ok(loaded),
            Some(_) if self.attempt.lock().failure.is_none() => Err(Rejection::invalid("jwt/unknown-key")),
            _ => Err(Rejection::unavailable("jwt/keys-unavailable")),
        }
    }

    /// A newer set than the given one, if one may be fetched now.
    pub(crate) async fn renewed(self: &Arc<Self>, known: &Loaded, now: SystemTime) -> Option<Arc<Loaded>> {
        if self.never_changes() || matches!(self.source, KeySource::PerKey(_)) || !self.may_search(now) {
            return None;
        }
        self.load(now).await;
        self.current.load_full().filter(|loaded| loaded.at > known.at)
    }

    /// The key of an issuer that publishes each of its keys by itself. A key never changes, so it is kept; after a key
    /// that is not there, none is asked for during the pause.
    async fn holding_one(
        &self,
        base: &Url,
        wanted: Wanted<'_>,
        now: SystemTime,
    ) -> Result<Arc<Loaded>, Rejection> {
        let unknown = || Rejection::invalid("jwt/unknown-key");
        let id = wanted.id.filter(|id| is_plain(id)).ok_or_else(unknown)?;
        if let Some(known) = self.single.get(id) {
            return Ok(known);
        }
        let _turn = self.fetching.lock().await;
        if let Some(known) = self.single.get(id) {
            return Ok(known);
        }
        let resting = self
            .attempt
            .lock()
            .last
            .is_some_and(|last| now.duration_since(last).is_ok_and(|since| since < self.timing.pause));
        if resting {
            return Err(Rejection::unavailable("jwt/keys-unavailable"));
        }
        let mut url = base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(id);
        }
        let set = match self.fetch(&url, now).await {
            Ok(bytes) => self.understand(&bytes),
            Err(why) => Err(why),
        };
        let mut attempt = self.attempt.lock();
        match set {
            Ok(set) => {
                attempt.failure = None;
                let loaded = Arc::new(Loaded { set, at: now });
                self.single.insert(id.into(), Arc::clone(&loaded));
                Ok(loaded)
            }
            Err(why) => {
                tracing::warn!(source = %url, %why, "key could not be loaded");
                (attempt.last, attempt.failure) = (Some(now), Some(why));
                Err(Rejection::unavailable("jwt/keys-unavailable"))
            }
        }
    }

    /// Loads the keys now, unless somebody else just did. Runs to its end even if the caller goes away, so that a
    /// caller who hangs up costs nobody else an attempt.
    pub(crate) async fn load(self: &Arc<Self>, now: SystemTime) {
        if matches!(self.source, KeySource::PerKey(_)) {
            return;
        }
        let keys = Arc::clone(self);
        let seen = self.attempt.lock().count;
        let task = tokio::spawn(async move {
            let _turn = keys.fetching.lock().await;
            if keys.attempt.lock().count == seen {
                keys.load_in_turn(now).await;
            }
        });
        let _ = task.await;
    }

    pub(crate) fn readiness(&self) -> Readiness {
        if matches!(self.source, KeySource::PerKey(_)) {
            return Readiness::Ready;
        }
        let attempt = self.attempt.lock().clone();
        let what = self.described();
        match (self.current.load().is_some(), attempt.failure) {
            (true, None) => Readiness::Ready,
            (true, Some(why)) => Readiness::Stale(format!("keys of {what} could not be renewed: {why}")),
            (false, Some(why)) => Readiness::Waiting(format!("keys of {what} could not be loaded: {why}")),
            (false, None) => Readiness::Waiting(format!("keys of {what} not loaded yet")),
        }
    }

    fn described(&self) -> String {
        match &self.source {
            KeySource::Url(url) | KeySource::Discovery(url) | KeySource::PerKey(url) => format!("`{url}`"),
            KeySource::File(path) => format!("`{}`", path.display()),
            KeySource::Inline(_) | KeySource::Secret(_) => "the configuration".to_owned(),
        }
    }

    fn never_changes(&self) -> bool {
        matches!(self.source, KeySource::Inline(_) | KeySource::Secret(_))
    }

    /// Old keys serve on while new ones are on their way.
    fn refresh_if_old(self: &Arc<Self>, loaded: &Loaded, now: SystemTime) {
        let old = now.duration_since(loaded.at).is_ok_and(|age| age >= self.timing.refresh);
        if !old || self.never_changes() || !self.may_try(now) || self.fetching.try_lock().is_err() {
            return;
        }
        let keys = Arc::clone(self);
        tokio::spawn(async move { keys.load(now).await });
    }

    /// Whether keys may be fetched when none are there, or those that are there are old.
    fn may_try(&self, now: SystemTime) -> bool {
        let attempt = self.attempt.lock();
        if self.is_fetching() {
            return true; // and wait for the attempt that is under way
        }
        let pause = if attempt.failure.is_some() { self.timing.pause } else { self.timing.cool_down };
        let can_change = !self.never_changes() || attempt.failure.is_some();
        attempt.last.is_none() || (can_change && is_past(attempt.last, pause, now))
    }

    /// Whether keys may be fetched for a token that names one which is not among them. If so, the cool-down begins.
    fn may_search(&self, now: SystemTime) -> bool {
        let mut attempt = self.attempt.lock();
        if self.is_fetching() {
            return true; // and wait for the attempt that is under way
        }
        if attempt.failure.is_some() {
            return is_past(attempt.last, self.timing.pause, now);
        }
        let may = !self.never_changes() && is_past(attempt.searched, self.timing.cool_down, now);
        if may {
            attempt.searched = Some(now);
        }
        may
    }

    fn is_fetching(&self) -> bool {
        self.fetching.try_lock().is_err()
    }

    async fn load_in_turn(&self, now: SystemTime) {
        {
            let mut attempt = self.attempt.lock();
            attempt.last = Some(now);
            attempt.count += 1;
        }
        let outcome = self.read(now).await;
        let mut attempt = self.attempt.lock();
        match outcome {
            Ok(set) => {
                tracing::debug!(keys = set.len(), source = %self.described(), "keys loaded");
                attempt.failure = None;
                self.current.store(Some(Arc::new(Loaded { set, at: now })));
            }
            Err(why) => {
                tracing::warn!(source = %self.described(), %why, "keys could not be loaded");
                attempt.failure = Some(why);
            }
        }
    }

    async fn read(&self, now: SystemTime) -> Result<KeySet, String> {
        match &self.source {
            KeySource::Secret(secret) => Ok(KeySet::of_secret(secret, &self.algorithms)),
            KeySource::Inline(json) => self.understand(json.as_bytes()),
            KeySource::File(path) => {
                let bytes = tokio::fs::read(path).await.map_err(|error| error.to_string())?;
                self.understand(&bytes)
            }
            KeySource::Url(url) => self.understand(&self.fetch(url, now).await?),
            KeySource::Discovery(url) => {
                let named = self.discover(&self.fetch(url, now).await?)?;
                let answer =
                    self.remote.fetch_named(now, &named, url).await.map_err(|silence| silence.to_string())?;
                self.understand(&ok(answer)?)
            }
            KeySource::PerKey(_) => Err("keys are fetched one by one".to_owned()),
        }
    }

    fn understand(&self, bytes: &[u8]) -> Result<KeySet, String> {
        let set = if bytes.trim_ascii_start().starts_with(b"-----BEGIN") {
            let der = pem::public_key(bytes).ok_or("not a public key in PEM")?;
            KeySet::of_public_key(&der, &self.algorithms)
        } else {
            KeySet::read(bytes, &self.algorithms, &self.limits)
        };
        set.map_err(|bad| bad.to_string())
    }

    async fn fetch(&self, url: &Url, now: SystemTime) -> Result<Vec<u8>, String> {
        let answer = self.remote.ask(now, |client| client.get(url.clone())).await;
        ok(answer.map_err(|silence| silence.to_string())?)
    }

    /// The `jwks_uri` of a discovery document.
    fn discover(&self, document: &[u8]) -> Result<Url, String> {
        let document = Document::read(document, self.issuer.as_deref()).map_err(|why| match why {
            Unbelievable::Malformed => "discovery document is not a JSON object",
            Unbelievable::AnotherIssuer => "discovery document names another issuer",
        })?;
        let url = document.text("jwks_uri").ok_or("discovery document has no jwks_uri")?;
        Url::parse(url).map_err(|_| "jwks_uri is not a URL".to_owned())
    }
}

fn is_past(last: Option<SystemTime>, pause: std::time::Duration, now: SystemTime) -> bool {
    last.is_none_or(|last| now.duration_since(last).map_or(true, |since| since >= pause))
}

/// A key id that can be a segment of a path and nothing else.
fn is_plain(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn ok(answer: crate::remote::Answer) -> Result<Vec<u8>, String> {
    if answer.status.is_success() {
        Ok(answer.body)
    } else {
        Err(format!("answered {}", answer.status.as_u16()))
    }
}
