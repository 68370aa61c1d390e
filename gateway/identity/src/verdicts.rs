//! What is known of credentials that were checked before.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use aws_lc_rs::digest::{SHA256, digest};
use quick_cache::sync::Cache;

use crate::{CacheFigures, Identity, Rejection};

/// How long and how much an authenticator remembers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheConfig {
    /// How many good credentials are remembered. Default 10,000; 0 remembers none.
    pub capacity: usize,
    /// How long a good credential is believed without checking it again, never past its expiry. This bounds how long a
    /// revoked credential still works.
    pub ttl: Duration,
    /// How many bad credentials are remembered, apart from the good ones so that a flood of bad ones evicts none of
    /// them. Default 1,000.
    pub negative_capacity: usize,
    /// How long a bad credential is refused without checking it again. Default 5 s.
    pub negative_ttl: Duration,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            capacity: 10_000,
            ttl: Duration::from_secs(300),
            negative_capacity: 1_000,
            negative_ttl: Duration::from_secs(5),
        }
    }
}

/// The digest of a whole credential, with everything else that the outcome depends on.
pub(crate) type Key = [u8; 32];

/// A caller just proven, and until when that may be believed.
pub(crate) struct Fresh {
    pub(crate) identity: Arc<Identity>,
    pub(crate) until: SystemTime,
}

#[derive(Clone)]
struct Good {
    identity: Arc<Identity>,
    until: SystemTime,
}

#[derive(Clone)]
struct Bad {
    rejection: Rejection,
    until: SystemTime,
}

/// A bounded memory of outcomes. One check at a time for each credential, however many requests show it.
pub(crate) struct Verdicts {
    good: Cache<Key, Good>,
    bad: Cache<Key, Bad>,
    config: CacheConfig,
    digest: [u8; 32],
    hits: AtomicU64,
    misses: AtomicU64,
}

impl std::fmt::Debug for Verdicts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verdicts").field("entries", &self.good.len()).finish_non_exhaustive()
    }
}

impl Verdicts {
    /// An empty memory. `digest` is that of the configuration the outcomes depend on; it is part of every key.
    pub(crate) fn new(config: CacheConfig, digest: [u8; 32]) -> Self {
        Self {
            good: Cache::new(config.capacity),
            bad: Cache::new(config.negative_capacity),
            config,
            digest,
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// The key of a whole credential: its SHA-256, masked with the configuration's. In one go and without allocation.
    pub(crate) fn key(&self, credential: &[u8]) -> Key {
        let mut key = self.digest;
        for (to, from) in key.iter_mut().zip(digest(&SHA256, credential).as_ref()) {
            *to ^= *from;
        }
        key
    }

    /// What is known, if it still holds.
    pub(crate) fn recall(&self, key: &Key, now: SystemTime) -> Option<Result<Arc<Identity>, Rejection>> {
        let found = self.look(key, now);
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Relaxed);
        found
    }

    fn look(&self, key: &Key, now: SystemTime) -> Option<Result<Arc<Identity>, Rejection>> {
        if let Some(good) = self.good.get(key).filter(|good| now < good.until) {
            return Some(Ok(good.identity));
        }
        let bad = self.bad.get(key).filter(|bad| now < bad.until)?;
        Some(Err(bad.rejection))
    }

    /// Checks a credential and remembers the outcome. While one request checks it, others with the same credential wait
    /// for that outcome. Only genuine outcomes are remembered: not being able to check is not one.
    pub(crate) async fn settle(
        &self,
        key: Key,
        now: SystemTime,
        check: impl Future<Output = Result<Fresh, Rejection>>,
    ) -> Result<Arc<Identity>, Rejection> {
        if self.config.capacity == 0 {
            return check.await.map(|fresh| fresh.identity);
        }
        self.good.remove_if(&key, |good| now >= good.until);
        let guard = match self.good.get_value_or_guard_async(&key).await {
            Ok(good) => return Ok(good.identity),
            Err(guard) => guard,
        };
        if let Some(bad) = self.bad.get(&key).filter(|bad| now < bad.until) {
            return Err(bad.rejection);
        }
        match check.await {
            Ok(Fresh { identity, until }) => {
                let until = until.min(now + self.config.ttl);
                // An error here only means that the placeholder was evicted meanwhile.
                let _ = guard.insert(Good { identity: Arc::clone(&identity), until });
                Ok(identity)
            }
            Err(rejection) => {
                if matches!(rejection, Rejection::Invalid(_) | Rejection::Insufficient(_)) {
                    let until = now + self.config.negative_ttl;
                    self.bad.insert(key, Bad { rejection: rejection.clone(), until });
                }
                Err(rejection)
            }
        }
    }

    /// Forgets one credential.
    pub(crate) fn drop(&self, key: &Key) {
        self.good.remove(key);
    }

    /// Forgets callers (after a logout at the provider).
    pub(crate) fn forget(&self, gone: impl Fn(&Identity) -> bool) {
        self.good.retain(|_, good| !gone(&good.identity));
    }

    pub(crate) fn figures(&self) -> CacheFigures {
        CacheFigures {
            hits: self.hits.load(Relaxed),
            misses: self.misses.load(Relaxed),
            entries: self.good.len() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn identity(subject: &str) -> Arc<Identity> {
        Arc::new(Identity::plain(subject, "test"))
    }

    fn memory() -> Verdicts {
        Verdicts::new(CacheConfig::default(), [7; 32])
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test]
    async fn an_outcome_is_believed_until_the_earlier_of_its_expiry_and_the_ttl() {
        for (expiry, lives) in [(60, 60), (100_000, 300)] {
            let memory = memory();
            let key = memory.key(b"token");
            let fresh = async { Ok(Fresh { identity: identity("a"), until: NOW + seconds(expiry) }) };
            memory.settle(key, NOW, fresh).await.unwrap();
            assert!(memory.recall(&key, NOW + seconds(lives - 1)).is_some());
            assert!(memory.recall(&key, NOW + seconds(lives)).is_none());
        }
    }

    #[tokio::test]
    async fn a_bad_credential_is_remembered_briefly_and_one_that_could_not_be_checked_is_not() {
        let memory = memory();
        let key = memory.key(b"token");
        let _ = memory.settle(key, NOW, async { Err(Rejection::unavailable("x")) }).await;
        assert!(memory.recall(&key, NOW).is_none());
        let _ = memory.settle(key, NOW, async { Err(Rejection::invalid("x")) }).await;
        assert_eq!(memory.recall(&key, NOW + seconds(4)).unwrap().unwrap_err(), Rejection::invalid("x"));
        assert!(memory.recall(&key, NOW + seconds(5)).is_none());
    }

    #[tokio::test]
    async fn a_credential_is_checked_once_however_many_requests_show_it() {
        let memory = Arc::new(memory());
        let checks = Arc::new(AtomicUsize::new(0));
        let key = memory.key(b"token");
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let (memory, checks) = (Arc::clone(&memory), Arc::clone(&checks));
                tokio::spawn(async move {
                    let check = async {
                        checks.fetch_add(1, Relaxed);
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        Ok(Fresh { identity: identity("a"), until: NOW + seconds(60) })
                    };
                    memory.settle(key, NOW, check).await
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(&*task.await.unwrap().unwrap().subject, "a");
        }
        assert_eq!(checks.load(Relaxed), 1);
    }

    #[tokio::test]
    async fn a_check_that_is_given_up_leaves_its_place_to_the_next() {
        let memory = memory();
        let key = memory.key(b"token");
        let never = std::future::pending::<Result<Fresh, Rejection>>();
        let given_up = tokio::time::timeout(Duration::from_millis(5), memory.settle(key, NOW, never)).await;
        assert!(given_up.is_err());
        let fresh = async { Ok(Fresh { identity: identity("b"), until: NOW + seconds(1) }) };
        assert_eq!(&*memory.settle(key, NOW, fresh).await.unwrap().subject, "b");
    }

    #[tokio::test]
    async fn forgetting_a_caller_forgets_all_their_credentials_and_no_other() {
        let memory = memory();
        for (token, subject) in [("1", "a"), ("2", "a"), ("3", "b")] {
            let fresh = async { Ok(Fresh { identity: identity(subject), until: NOW + seconds(60) }) };
            memory.settle(memory.key(token.as_bytes()), NOW, fresh).await.unwrap();
        }
        memory.forget(|identity| &*identity.subject == "a");
        let known = |token: &str| memory.recall(&memory.key(token.as_bytes()), NOW).is_some();
        assert_eq!((known("1"), known("2"), known("3")), (false, false, true));
    }
}
