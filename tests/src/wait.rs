//! Waiting for something to become true, never for a fixed time.

use std::time::{Duration, Instant};

/// How long to wait before saying that something does not happen: a busy machine is no fault of the gateway's.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until there is an answer, for at most `limit`.
pub fn within<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= end {
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Asks until it is true; fails the test after [`PATIENCE`], saying what was waited for.
pub fn eventually(what: &str, mut ask: impl FnMut() -> bool) {
    assert!(within(PATIENCE, || ask().then_some(())).is_some(), "did not happen: {what}");
}
