//! A cached token, and how long it is useful.
//!
//! All margins are fractions of the token's life with an upper bound, so that a token with a life of ten
//! seconds works as well as one with an hour.

use std::time::Duration;

use super::super::{AccessToken, Claims};
use crate::clock::Timestamp;

/// A token is renewed this long or two fifths of its life before it expires, whichever is less…
const AHEAD: Duration = Duration::from_secs(300);
const AHEAD_PART: f64 = 0.4;
/// …and up to this fraction of that earlier, so that processes do not all renew at once.
const SPREAD: f64 = 0.25;
/// A token this close to its expiry, or within the last fifth of its life, is not used: it might expire on
/// the way.
const MARGIN: Duration = Duration::from_secs(10);
const MARGIN_PART: f64 = 0.2;
/// After a failed renewal, if the old token is still valid, the next attempt comes after this time or a tenth
/// of the token's life.
const AFTER_FAILURE: Duration = Duration::from_secs(30);
const AFTER_FAILURE_PART: f64 = 0.1;
/// How far in the future a token may seem to have been obtained. Beyond that, the clock was set back, so the
/// token's expiry is unknown.
const SKEW: Duration = Duration::from_secs(60);

#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) token: AccessToken,
    /// When it was obtained.
    pub(super) obtained: Timestamp,
    /// The claims that it was requested for.
    pub(super) claims: Option<Claims>,
    /// Whether the API's reply has cast doubt on it, so that it is no longer shared.
    pub(super) doubted: bool,
    /// When to look for a new token.
    renew: Option<Timestamp>,
}

impl Held {
    /// `chance` is a random number from 0 to 1.
    pub(super) fn new(token: AccessToken, obtained: Timestamp, claims: Option<Claims>, chance: f64) -> Self {
        let mut held = Self { token, obtained, claims, doubted: false, renew: None };
        if let (Some(expires), Some(ahead)) = (held.token.expires(), held.part(AHEAD_PART, AHEAD)) {
            held.renew = Some(expires.saturating_sub(ahead.mul_f64(1.0 + SPREAD * chance.clamp(0.0, 1.0))));
        }
        held
    }

    /// Whether the token may be sent.
    pub(super) fn is_good(&self, now: Timestamp) -> bool {
        let known = self.obtained <= now.saturating_add(SKEW);
        match (self.token.expires(), self.part(MARGIN_PART, MARGIN)) {
            (Some(expires), Some(margin)) => known && now < expires.saturating_sub(margin),
            _ => true,
        }
    }

    /// Whether it is time to renew the token.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.renew.is_some_and(|renew| renew <= now)
    }

    /// Postpones the renewal after a failure.
    pub(super) fn postpone(&mut self, now: Timestamp) {
        let later = self.part(AFTER_FAILURE_PART, AFTER_FAILURE).unwrap_or(AFTER_FAILURE);
        self.renew = Some(now.saturating_add(later));
    }

    /// This fraction of the token's life, at most `most`; `None` if its expiry is unknown.
    fn part(&self, part: f64, most: Duration) -> Option<Duration> {
        let life = self.token.expires()?.since(self.obtained);
        Some(life.mul_f64(part).min(most))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn held(life: Duration, chance: f64) -> Held {
        let token = AccessToken::new(&"token".into(), Some(START.saturating_add(life))).unwrap();
        Held::new(token, START, None, chance)
    }

    fn after(seconds: f64) -> Timestamp {
        START.saturating_add(Duration::from_secs_f64(seconds))
    }

    #[test]
    fn margins_grow_with_the_life() {
        for (life, due, useless) in
            [(1, 0.6, 0.8), (10, 6.0, 8.0), (60, 36.0, 50.0), (600, 360.0, 590.0), (3600, 3300.0, 3590.0)]
        {
            let held = held(Duration::from_secs(life), 0.0);
            assert!(!held.is_due(after(due - 0.001)) && held.is_due(after(due)), "{life}");
            assert!(held.is_good(after(useless - 0.001)) && !held.is_good(after(useless)), "{life}");
        }
    }

    #[test]
    fn a_failed_renewal_is_tried_again_before_the_end() {
        for (life, pause) in [(10, 1.0), (3600, 30.0)] {
            let mut held = held(Duration::from_secs(life), 0.5);
            held.postpone(START);
            assert!(!held.is_due(after(pause - 0.001)) && held.is_due(after(pause)), "{life}");
        }
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_token_last_longer() {
        let held = held(Duration::from_secs(3600), 0.0);
        assert!(held.is_good(START.saturating_sub(Duration::from_secs(59))));
        assert!(!held.is_good(START.saturating_sub(Duration::from_secs(61))));
    }

    #[test]
    fn a_token_without_a_known_end_is_good_until_it_is_refused() {
        let token = AccessToken::new(&"token".into(), None).unwrap();
        let held = Held::new(token, START, None, 0.5);
        assert!(held.is_good(Timestamp::MAX) && !held.is_due(Timestamp::MAX));
    }

    proptest! {
        /// Whatever its life, a token is renewed after it was obtained and well before it becomes useless.
        #[test]
        fn there_is_time_for_a_renewal(life in 1_u64..100_000_000_000, chance in 0.0..1.0_f64) {
            let life = Duration::from_micros(life);
            let held = held(life, chance);
            let half = START.saturating_add(life.mul_f64(0.45));
            prop_assert!(held.is_good(START) || life < Duration::from_micros(10));
            prop_assert!(!held.is_due(half) || life < Duration::from_micros(10));
            let end = START.saturating_add(life.mul_f64(0.8).max(life.saturating_sub(MARGIN)));
            let time_left = life.mul_f64(0.15).min(Duration::from_secs(200));
            prop_assert!(held.is_due(end.saturating_sub(time_left)) || life < Duration::from_micros(10));
        }
    }
}
