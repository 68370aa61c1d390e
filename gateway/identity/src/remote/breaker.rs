use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

/// Stops asking a server that does not answer, and tries again with one question after a while.
#[derive(Debug)]
pub(super) struct Breaker {
    failures_allowed: u32,
    cool_down: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    closed_until: Option<SystemTime>,
}

impl Breaker {
    pub(super) fn new(failures_allowed: u32, cool_down: Duration) -> Self {
        Self { failures_allowed: failures_allowed.max(1), cool_down, state: Mutex::default() }
    }

    /// Whether a question may be asked now. After a rest, one question goes through and the next rest begins, so that a
    /// server that is still down gets one question per rest.
    pub(super) fn admits(&self, now: SystemTime) -> bool {
        let mut state = self.state.lock();
        match state.closed_until {
            Some(until) if now < until && until <= now + self.cool_down => false,
            Some(_) => {
                state.closed_until = Some(now + self.cool_down);
                true
            }
            None => true,
        }
    }

    pub(super) fn note(&self, now: SystemTime, answered: bool) {
        let mut state = self.state.lock();
        if answered {
            *state = State::default();
            return;
        }
        state.failures = state.failures.saturating_add(1);
        if state.failures >= self.failures_allowed {
            state.closed_until = Some(now + self.cool_down);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_failures_in_a_row_one_question_is_asked_per_rest_until_one_is_answered() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let breaker = Breaker::new(2, Duration::from_secs(10));
        breaker.note(at(0), false);
        assert!(breaker.admits(at(0)));
        breaker.note(at(0), false);
        assert!(!breaker.admits(at(9)));
        assert!(breaker.admits(at(10)));
        assert!(!breaker.admits(at(11)));
        assert!(breaker.admits(at(20)));
        breaker.note(at(20), true);
        assert!(breaker.admits(at(20)));
        assert!(breaker.admits(at(20)));
    }
}
