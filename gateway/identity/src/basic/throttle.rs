use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use quick_cache::sync::Cache;

/// How many wrong guesses are answered before further ones are not looked at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ThrottleConfig {
    /// Wrong guesses per window, counted for each peer and for each user. Default 10.
    pub failures: u32,
    /// The window. Default 1 min.
    pub window: Duration,
    /// How many passwords are hashed at once; further requests get 429. Default 4.
    pub at_once: usize,
}

impl Default for ThrottleConfig {
    fn default() -> Self {
        Self { failures: 10, window: Duration::from_secs(60), at_once: 4 }
    }
}

/// Counts wrong guesses in fixed windows. Bounded: under a flood of names the oldest counts are forgotten, those of the
/// peers and of the users that are attacked stay, as they are used.
#[derive(Debug)]
pub(super) struct Throttle {
    config: ThrottleConfig,
    counts: Cache<String, Count>,
    turn: Mutex<()>,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    since: SystemTime,
    failures: u32,
}

impl Throttle {
    pub(super) fn new(config: ThrottleConfig) -> Self {
        Self { config, counts: Cache::new(10_000), turn: Mutex::default() }
    }

    /// How long to wait, when one of the keys has used up its guesses.
    pub(super) fn wait(&self, keys: &[String], now: SystemTime) -> Option<Duration> {
        keys.iter().filter_map(|key| self.wait_for(key, now)).max()
    }

    fn wait_for(&self, key: &String, now: SystemTime) -> Option<Duration> {
        let count = self.counts.get(key).filter(|count| count.failures >= self.config.failures)?;
        let passed = now.duration_since(count.since).unwrap_or_default();
        self.config.window.checked_sub(passed).filter(|left| !left.is_zero())
    }

    pub(super) fn failed(&self, keys: &[String], now: SystemTime) {
        let _turn = self.turn.lock();
        for key in keys {
            let current = self.counts.get(key).filter(|count| {
                now.duration_since(count.since).is_ok_and(|passed| passed < self.config.window)
            });
            let count = current.unwrap_or(Count { since: now, failures: 0 });
            self.counts.insert(key.clone(), Count { failures: count.failures.saturating_add(1), ..count });
        }
    }
}
