//! When to poll next, and when to deliver again.

use std::time::Duration;

/// The factor by which each quiet poll lengthens the next wait.
const SLOWER: f64 = 1.5;
/// The part of an interval over which polls are spread, so that triggers that started together do not keep
/// polling together.
const SPREAD: f64 = 0.2;
/// The longest wait after the first failure.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait after any failure that does not ask for a wait.
const LONGEST: Duration = Duration::from_secs(300);
/// The longest wait that a failure may ask for.
pub(super) const LONGEST_WISH: Duration = Duration::from_secs(86_400);

/// The pace of a trigger's polls.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    busy: Duration,
    quiet: Duration,
    current: Duration,
    failures: u32,
}

impl Pace {
    /// Creates a pace: every `busy` while events arrive, and less and less often, down to every `quiet`,
    /// while none do.
    pub(super) fn new(busy: Duration, quiet: Duration) -> Self {
        Self { busy, quiet: quiet.max(busy), current: busy, failures: 0 }
    }

    /// Returns the wait after a successful poll. `chance` is a random number from 0 to 1.
    pub(super) fn after_poll(&mut self, found: bool, more: bool, chance: f64) -> Duration {
        self.failures = 0;
        if more {
            self.current = self.busy;
            return Duration::ZERO;
        }
        self.current = if found { self.busy } else { self.current.mul_f64(SLOWER).min(self.quiet) };
        self.current.mul_f64(1.0 - SPREAD / 2.0 + SPREAD * chance.clamp(0.0, 1.0))
    }

    /// Returns the wait after a failed poll: at least `wish`.
    pub(super) fn after_failure(&mut self, wish: Option<Duration>, chance: f64) -> Duration {
        self.failures = self.failures.saturating_add(1);
        backoff(self.failures, wish, chance).max(self.busy.min(LONGEST))
    }
}

/// Returns the wait after a number of failures in a row: between half and all of a time that doubles with
/// each failure, or `wish` if that is longer.
pub(super) fn backoff(failures: u32, wish: Option<Duration>, chance: f64) -> Duration {
    let most = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(20)).min(LONGEST);
    let own = most.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0));
    wish.map_or(own, |wish| own.max(wish.min(LONGEST_WISH)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn quiet_slows_down_and_events_speed_up() {
        let mut pace = Pace::new(SECOND * 10, SECOND * 60);
        let waits: Vec<f64> = (0..6).map(|_| pace.after_poll(false, false, 0.5).as_secs_f64()).collect();
        assert_eq!(waits, [15.0, 22.5, 33.75, 50.625, 60.0, 60.0]);
        assert_eq!(pace.after_poll(true, false, 0.5), SECOND * 10);
        assert_eq!(pace.after_poll(true, true, 0.5), Duration::ZERO);
        assert_eq!(pace.after_poll(false, false, 0.0), SECOND * 15 * 9 / 10);
    }

    #[test]
    fn failures_double_the_wait_up_to_a_limit() {
        assert_eq!(backoff(1, None, 1.0), SECOND);
        assert_eq!(backoff(4, None, 1.0), SECOND * 8);
        assert_eq!(backoff(4, None, 0.0), SECOND * 4);
        assert_eq!(backoff(u32::MAX, None, 1.0), LONGEST);
        assert_eq!(backoff(1, Some(SECOND * 600), 1.0), SECOND * 600);
        assert_eq!(backoff(1, Some(Duration::MAX), 1.0), LONGEST_WISH);
        let mut pace = Pace::new(SECOND * 10, SECOND * 60);
        assert_eq!(pace.after_failure(None, 1.0), SECOND * 10, "never faster than when all is well");
        assert_eq!(pace.after_failure(Some(SECOND * 100), 1.0), SECOND * 100);
    }
}
