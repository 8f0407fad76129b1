//! Measures how late rows become visible, as far as a poll can tell.
//!
//! If a row was created before the last sweep began, but that sweep did not meet it, the row became visible
//! after that: it is late by at least the time in between. If that is more than the poll was told to look
//! back, finding the row was luck, and others like it may be missed. Later polls therefore look back that far
//! for a week, but at most a day.

use crate::bindings::exports::workflow::connector::connector_triggers::Lateness;
use crate::instant::Instant;

/// The most seconds to look back: a day.
pub(super) const MOST_OVERLAP: u32 = 86_400;
/// How long to keep looking back further after a late row, in seconds: a week.
const REMEMBERED: u32 = 7 * 86_400;

/// How far back to look for late rows, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach {
    /// Seconds to look back.
    pub(super) seconds: u32,
    /// When this look-back expires.
    pub(super) until: Instant,
}

/// What a poll learns about late rows.
#[derive(Debug)]
pub(super) struct Late {
    /// How far the poll was told to look back, in seconds.
    overlap: u32,
    /// When the last sweep began.
    swept: Option<Instant>,
    rows: i64,
    seconds: i64,
}

impl Late {
    pub(super) fn new(overlap: u32, swept: Option<Instant>) -> Self {
        Self { overlap, swept, rows: 0, seconds: 0 }
    }

    /// Records a new row.
    pub(super) fn note(&mut self, time: Instant) {
        let seconds = self.swept.map_or(0, |swept| time.seconds_until(swept));
        if seconds > i64::from(self.overlap) {
            self.rows += 1;
            self.seconds = self.seconds.max(seconds);
        }
    }

    /// How far to look back from now on, if further than the poll's own setting.
    pub(super) fn reach(&self, known: Option<Reach>, now: Instant) -> Option<Reach> {
        let known = known.filter(|reach| now <= reach.until);
        if self.rows == 0 {
            return known;
        }
        let seconds = self.seconds.saturating_add(self.overlap.into());
        let seconds = u32::try_from(seconds).unwrap_or(MOST_OVERLAP).min(MOST_OVERLAP);
        let before = known.map_or(0, |reach| reach.seconds);
        Some(Reach { seconds: seconds.max(before), until: now.after(REMEMBERED) })
    }

    /// The report for the engine, if there were late rows.
    pub(super) fn told(&self) -> Option<Lateness> {
        (self.rows > 0).then_some(Lateness { events: self.rows, seconds: self.seconds })
    }
}
