//! Facts: what is stored about the resource that a request speaks of?
//!
//! The stored resource is read from the upstream that owns it, before the decision, by a request of the gateway's own.
//! Anything but a JSON object with status 200 is a refusal: an attribute set that is empty because something failed
//! would let a policy decide on what is not known.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use http::{HeaderMap, StatusCode};
use parking_lot::Mutex;
use portreeve_cel::Value;
use quick_cache::sync::Cache;
use rustc_hash::FxHashMap;

/// How many stored resources are remembered at most, over all routes that allow it.
const REMEMBERED: usize = 10_000;

/// How a stored resource is read. Each upstream's client implements it; nothing else in this crate dials.
pub trait Fetch: fmt::Debug + Send + Sync {
    /// Sends `GET` for this path to this upstream, follows no redirect, and reads at most `limit` bytes of the answer.
    fn fetch(&self, ask: Ask) -> BoxFuture<'static, Result<Answer, FetchError>>;
}

/// What to read.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The upstream's name.
    pub upstream: Arc<str>,
    /// The host to ask for; `None` means the upstream's own.
    pub host: Option<Arc<str>>,
    /// The path and query, escaped.
    pub target: Arc<str>,
    /// Further header fields: the caller's credentials if the route forwards them, and none otherwise.
    pub headers: HeaderMap,
    /// How long it may take, connecting included.
    pub timeout: Duration,
    /// How many bytes the answer may have.
    pub limit: usize,
    /// How old an answer may be that is used again; zero for none.
    pub keep: Duration,
    /// The request changes something: no older answer is used for it, nor for those that come after it.
    pub changes: bool,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The whole body.
    pub body: Bytes,
}

/// Why nothing came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The upstream did not answer in time.
    #[error("the upstream did not answer in time")]
    Timeout,
    /// It could not be reached, or broke off.
    #[error("the upstream could not be reached")]
    Unreachable,
    /// The answer is larger than the route allows.
    #[error("the answer is larger than the route allows")]
    TooLarge,
}

/// Why there are no facts. Each is a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactsError {
    /// 404: there is no such resource.
    #[error("there is no such resource")]
    Absent,
    /// 504 for a time-out, 502 otherwise.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// 502: the upstream answered with a status that is neither 200 nor 404.
    #[error("the upstream answered {0}")]
    Status(StatusCode),
    /// Explaining only: the stored resource was not given.
    #[error("the route reads the stored resource, which was not given")]
    NotGiven,
    /// 502: the answer is not a JSON object, or `select` does not make one of it.
    #[error("the answer is not a JSON object")]
    Unreadable,
}

type Outcome = Result<Arc<Value>, FactsError>;
type Flight = Shared<BoxFuture<'static, Outcome>>;
type Key = (Arc<str>, Option<Arc<str>>, Arc<str>);

/// Reads stored resources: one flight for each at a time, and remembered for as long as the route says.
#[derive(Debug)]
pub struct Facts {
    fetch: Arc<dyn Fetch>,
    flights: Mutex<FxHashMap<Key, WeakShared<BoxFuture<'static, Outcome>>>>,
    /// What was read, and when.
    kept: Cache<Key, (Instant, Arc<Value>)>,
}

impl Facts {
    /// Reads with this client.
    pub fn new(fetch: Arc<dyn Fetch>) -> Self {
        Self { fetch, flights: Mutex::default(), kept: Cache::new(REMEMBERED) }
    }

    /// The stored resource.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub async fn stored(&self, ask: Ask) -> Result<Arc<Value>, FactsError> {
        // An answer to a caller's own credentials is for that caller alone.
        if !ask.headers.is_empty() {
            return read(self.fetch.fetch(ask)).await;
        }
        let key = (Arc::clone(&ask.upstream), ask.host.clone(), Arc::clone(&ask.target));
        let keep = if ask.changes { Duration::ZERO } else { ask.keep };
        if ask.changes {
            self.kept.remove(&key);
        } else if let Some((at, value)) = self.kept.get(&key)
            && at.elapsed() < keep
        {
            return Ok(value);
        }
        let outcome = self.join(&key, ask).await;
        self.land(&key);
        if !keep.is_zero()
            && let Ok(value) = &outcome
        {
            self.kept.insert(key, (Instant::now(), Arc::clone(value)));
        }
        outcome
    }

    /// Joins the flight for this resource, or begins one.
    fn join(&self, key: &Key, ask: Ask) -> Flight {
        let mut flights = self.flights.lock();
        if let Some(flight) = flights.get(key).and_then(WeakShared::upgrade) {
            return flight;
        }
        let flight = read(self.fetch.fetch(ask)).boxed().shared();
        if let Some(weak) = flight.downgrade() {
            flights.insert(key.clone(), weak);
        }
        flight
    }

    /// Forgets a flight that nobody is on any more, so that the next request reads anew.
    fn land(&self, key: &Key) {
        let mut flights = self.flights.lock();
        let over =
            flights.get(key).and_then(WeakShared::upgrade).is_none_or(|flight| flight.peek().is_some());
        if over {
            flights.remove(key);
        }
    }
}

async fn read(answer: BoxFuture<'static, Result<Answer, FetchError>>) -> Outcome {
    let answer = answer.await?;
    match answer.status {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND | StatusCode::GONE => return Err(FactsError::Absent),
        other => return Err(FactsError::Status(other)),
    }
    match serde_json::from_slice(&answer.body) {
        Ok(value @ Value::Map(_)) => Ok(Arc::new(value)),
        Ok(_) | Err(_) => Err(FactsError::Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Answers after a moment, and counts how often it was asked.
    #[derive(Debug)]
    struct Counting {
        asked: AtomicUsize,
        answer: Result<(u16, &'static str), FetchError>,
    }

    impl Fetch for Counting {
        fn fetch(&self, _: Ask) -> BoxFuture<'static, Result<Answer, FetchError>> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let answer = self.answer;
            Box::pin(async move {
                tokio::time::sleep(Duration::from_millis(50)).await;
                let (status, body) = answer?;
                Ok(Answer {
                    status: StatusCode::from_u16(status).unwrap(),
                    body: Bytes::from_static(body.as_bytes()),
                })
            })
        }
    }

    fn facts(answer: Result<(u16, &'static str), FetchError>) -> (Arc<Counting>, Facts) {
        let counting = Arc::new(Counting { asked: AtomicUsize::new(0), answer });
        (Arc::clone(&counting), Facts::new(counting))
    }

    fn ask(target: &str, keep: Duration) -> Ask {
        let headers = HeaderMap::new();
        let timeout = Duration::from_secs(1);
        let (upstream, target) = ("app".into(), target.into());
        Ask { upstream, host: None, target, headers, timeout, limit: 1024, keep, changes: false }
    }

    #[tokio::test(start_paused = true)]
    async fn requests_for_one_resource_share_a_flight_and_the_next_one_reads_anew() {
        let (fetch, facts) = facts(Ok((200, r#"{"owner":"alice"}"#)));
        let one = || facts.stored(ask("/contacts/1", Duration::ZERO));
        let (a, b, other) = tokio::join!(one(), one(), facts.stored(ask("/contacts/2", Duration::ZERO)));
        assert_eq!(a.unwrap(), b.unwrap());
        assert!(other.is_ok());
        assert_eq!(fetch.asked.load(Ordering::SeqCst), 2);
        assert!(one().await.is_ok());
        assert_eq!(fetch.asked.load(Ordering::SeqCst), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_route_allows_to_be_kept_is_not_read_again() {
        let (fetch, facts) = facts(Ok((200, "{}")));
        for _ in 0..3 {
            assert!(facts.stored(ask("/contacts/1", Duration::from_secs(60))).await.is_ok());
        }
        assert_eq!(fetch.asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn no_route_uses_what_is_older_than_it_allows_and_none_what_is_about_to_change() {
        let (fetch, facts) = facts(Ok((200, "{}")));
        let (long, never) = (Duration::from_secs(60), Duration::ZERO);
        let change = |keep| Ask { changes: true, ..ask("/contacts/1", keep) };
        for (ask, asked) in [
            (ask("/contacts/1", long), 1),
            (ask("/contacts/1", Duration::from_nanos(1)), 2),
            (ask("/contacts/1", never), 3),
            (ask("/contacts/1", long), 3),
            (change(long), 4),
            (ask("/contacts/1", long), 5),
            (change(never), 6),
            (ask("/contacts/1", long), 7),
        ] {
            assert!(facts.stored(ask.clone()).await.is_ok());
            assert_eq!(fetch.asked.load(Ordering::SeqCst), asked, "{ask:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_to_a_callers_own_credentials_is_never_shared() {
        let (fetch, facts) = facts(Ok((200, "{}")));
        let one = || {
            let mut ask = ask("/contacts/1", Duration::from_secs(60));
            ask.headers.insert("authorization", http::HeaderValue::from_static("Bearer a"));
            facts.stored(ask)
        };
        let (a, b) = tokio::join!(one(), one());
        assert!(a.is_ok() && b.is_ok());
        assert_eq!(fetch.asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn anything_but_an_object_is_an_error_and_never_an_empty_set() {
        for (answer, expected) in [
            (Ok((404, "{}")), FactsError::Absent),
            (Ok((410, "{}")), FactsError::Absent),
            (Ok((500, "{}")), FactsError::Status(StatusCode::INTERNAL_SERVER_ERROR)),
            (Ok((302, "{}")), FactsError::Status(StatusCode::FOUND)),
            (Ok((204, "")), FactsError::Status(StatusCode::NO_CONTENT)),
            (Ok((200, "")), FactsError::Unreadable),
            (Ok((200, "[]")), FactsError::Unreadable),
            (Ok((200, "null")), FactsError::Unreadable),
            (Ok((200, r#"{"owner":1,"owner":2}"#)), FactsError::Unreadable),
            (Ok((200, "{} {}")), FactsError::Unreadable),
            (Err(FetchError::Timeout), FactsError::Fetch(FetchError::Timeout)),
        ] {
            let (_, facts) = facts(answer);
            assert_eq!(facts.stored(ask("/x", Duration::ZERO)).await.unwrap_err(), expected, "{answer:?}");
        }
    }
}
