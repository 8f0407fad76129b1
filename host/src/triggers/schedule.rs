//! When to poll next, and when to deliver again.

use std::time::Duration;

/// How much slower each quiet poll makes the next one.
const SLOWER: f64 = 1.5;
/// How far apart polls that are due at the same interval are spread, as a part of it: many triggers that began at once
/// do not go on at once.
const SPREAD: f64 = 0.2;
/// The longest wait after the first failure.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait after any failure that asks for none.
const LONGEST: Duration = Duration::from_secs(300);
/// The longest wait that is granted.
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
    /// Polls every `busy` while events come, and ever more slowly, up to every `quiet`, while none do.
    pub(super) fn new(busy: Duration, quiet: Duration) -> Self {
        Self { busy, quiet: quiet.max(busy), current: busy, failures: 0 }
    }

    /// The wait after a poll that found something or nothing. `chance` is a random number from 0 to 1.
    pub(super) fn after_poll(&mut self, found: bool, more: bool, chance: f64) -> Duration {
        self.failures = 0;
        if more {
            self.current = self.busy;
            return Duration::ZERO;
        }
        self.current = if found { self.busy } else { self.current.mul_f64(SLOWER).min(self.quiet) };
        self.current.mul_f64(1.0 - SPREAD / 2.0 + SPREAD * chance.clamp(0.0, 1.0))
    }

    /// The wait after a poll that failed, at least as long as was asked for.
    pub(super) fn after_failure(&mut self, wish: Option<Duration>, chance: f64) -> Duration {
        self.failures = self.failures.saturating_add(1);
        backoff(self.failures, wish, chance).max(self.busy.min(LONGEST))
    }
}

/// The wait after so many failures in a row: between half and all of a time that doubles with each, or as long as was
/// asked for if that is longer.
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
