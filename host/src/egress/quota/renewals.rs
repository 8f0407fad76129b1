//! Which leases were renewed without a gap.
//!
//! A lease that ended before it was renewed may belong to another by now, because others purge whatever has
//! had no heartbeat. So a renewal counts for a lease only if it and every later one came in time.

use crate::clock::Timestamp;

/// The renewals of all leases of one owner, up to the last: an unbroken chain in which each renewal came
/// before the previous one had ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Renewals(Option<Chain>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Chain {
    /// When the first renewal was made.
    since: Timestamp,
    /// When the leases given by the last renewal end.
    until: Timestamp,
}

impl Renewals {
    /// Records that all leases were renewed at the time `at`, to end at `until`.
    pub(super) fn note(&mut self, at: Timestamp, until: Timestamp) {
        let since = match self.0 {
            Some(chain) if at <= chain.until => chain.since,
            _ => at,
        };
        self.0 = Some(Chain { since, until });
    }

    /// Whether a lease that would have ended at `lease` has been renewed so that it is valid now.
    pub(super) fn covers(&self, lease: Timestamp, now: Timestamp) -> bool {
        self.0.is_some_and(|chain| chain.since <= lease && now <= chain.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn renewed(times: &[i64]) -> Renewals {
        let mut renewals = Renewals::default();
        times.iter().for_each(|time| renewals.note(at(*time), at(time + 10)));
        renewals
    }

    #[test]
    fn a_lease_holds_while_each_renewal_comes_in_time() {
        assert!(!renewed(&[]).covers(at(10), at(11)));
        assert!(renewed(&[3, 6, 16]).covers(at(10), at(26)));
        assert!(!renewed(&[3, 6, 16]).covers(at(10), at(27)), "the last renewal has ended");
    }

    #[test]
    fn a_lease_that_ended_before_it_was_renewed_is_lost() {
        assert!(renewed(&[10]).covers(at(10), at(15)), "in the last moment");
        assert!(!renewed(&[11]).covers(at(10), at(15)));
        assert!(!renewed(&[3, 6, 17]).covers(at(10), at(18)), "a gap in between");
        assert!(renewed(&[3, 6, 17]).covers(at(20), at(27)), "what was given after the gap holds");
    }
}
