//! Finds new rows in a list that can return its rows from a given time on, oldest first.
//!
//! Rows become visible late, share times, and appear while pages are read. Therefore:
//!
//! - Each sweep begins `overlap` before the newest row seen, and skips rows whose ids it has seen. A row that
//!   becomes visible within the overlap is found by the next sweep.
//! - The next page begins at the time of the last row (not after it, since rows may share that time), so that
//!   rows that appear meanwhile shift nothing. Rows are skipped by number only if a whole page has the same
//!   time.
//! - The newest time is limited to the present, so that a row from the future cannot hide the rest. It is
//!   also limited to the beginning of the sweep, so that a sweep that was interrupted for hours hides nothing
//!   that became visible behind it.
//! - If the list's clock was set back, the newest time is set back with it. Otherwise rows created from now
//!   on would be older than the newest time.
//! - After rows that were later than the overlap, the following sweeps look back further (see
//!   [`super::lateness`]).
//! - If looking back costs more than a page, as after a flood, it ends once the overlap has passed since
//!   then, even if nothing new arrives. Otherwise it costs nothing, and no row is lost in an outage of the
//!   list that outlasts the overlap.
//!
//! A poll makes one request: it plans, asks and concludes. As long as the relevant ids fit into the
//! checkpoint, each row is reported exactly once. Beyond that, some rows are reported again under the same
//! id, but none is lost.

use super::checkpoint::{Checkpoint, Seen, Sweep};
use super::lateness::Late;
use super::question::{Answer, Ask, Conclusion, identified, unexpected};
use super::settings::Settings;
use super::start::{START_PAGE, start};
use crate::failure::Failure;
use crate::instant::Instant;
use crate::prelude::*;

/// The most seconds between the time at which rows were looked up and the time in the answer.
const ANSWERED_WITHIN: u32 = 300;
/// By how many seconds rows may be out of order: some lists compare times only by milliseconds or seconds.
const DISORDER: u32 = 1;

/// The plan of a poll.
pub(super) struct Plan {
    trigger: &'static str,
    settings: Settings,
    /// Where the last poll ended and where its sweep continues; `None` on the first poll.
    state: Option<(Checkpoint, Sweep)>,
}

impl Plan {
    /// Plans a poll.
    pub(super) fn new(
        trigger: &'static str,
        checkpoint: Option<&str>,
        settings: Settings,
    ) -> Result<Self, Failure> {
        let checkpoint = match (checkpoint, settings.since) {
            (Some(text), _) => Some(Checkpoint::read(trigger, text)?),
            (None, Some(since)) => Some(Checkpoint::since(since)),
            (None, None) => None,
        };
        let state = checkpoint.map(|checkpoint| {
            let overlap = checkpoint.looks_back(settings.overlap);
            let cursor = checkpoint.high.before(overlap).max(checkpoint.floor);
            let sweep = Sweep { cursor, skip: 0, newest: checkpoint.high, began: None };
            let sweep = checkpoint.sweep.unwrap_or(sweep);
            (checkpoint, sweep)
        });
        Ok(Self { trigger, settings, state })
    }

    /// The question for the list.
    pub(super) fn ask(&self) -> Ask {
        match &self.state {
            None => Ask::Newest(START_PAGE),
            Some((_, Sweep { cursor, skip, .. })) => {
                Ask::From { from: *cursor, skip: *skip, top: self.settings.page }
            }
        }
    }

    /// Concludes from the list's answer.
    pub(super) fn conclude(self, answer: Answer) -> Result<Conclusion, Failure> {
        match self.state {
            None => start(self.trigger, self.settings.overlap, self.settings.begun, answer),
            Some((checkpoint, sweep)) => go_on(self.trigger, self.settings, checkpoint, sweep, answer),
        }
    }
}

/// Concludes from a page of a sweep.
fn go_on(
    trigger: &str,
    Settings { overlap, page, .. }: Settings,
    mut checkpoint: Checkpoint,
    mut sweep: Sweep,
    Answer { labels, goes_on, now }: Answer,
) -> Result<Conclusion, Failure> {
    let count = labels.len() as u64;
    let full = count > 0 && (goes_on || count >= u64::from(page));
    let first = checkpoint.sweep.is_none();
    let set_back = checkpoint.follow_the_clock_back(now, overlap);
    // If the beginning of a sweep is unknown, the newest time stays, and the next sweep looks again.
    let began = if first { now } else { sweep.began.unwrap_or(checkpoint.high).min(now) };
    sweep.began = Some(began);
    let mut late = Late::new(overlap, checkpoint.swept);
    let mut new = Vec::new();
    let mut last = sweep.cursor;
    let mut disordered = false;
    for (place, (id, time)) in labels.into_iter().enumerate() {
        // A row without a time is given the time of the row before it.
        let time = time.unwrap_or(last);
        if full && time < last.before(DISORDER) {
            return Err(unexpected(
                "the API gave more than a page of rows, and they are not in the order of their times",
            ));
        }
        disordered |= time < last;
        last = last.max(time);
        if checkpoint.seen.add(&identified(id)?, time) {
            late.note(time);
            new.push((time, place));
        }
    }
    new.sort_unstable();
    sweep.newest = sweep.newest.max(last);
    checkpoint.reach = late.reach(checkpoint.reach, now);
    let overlap = checkpoint.looks_back(overlap);
    let high = checkpoint.high.max(sweep.newest.min(began));
    let floor = checkpoint.floor.max(high.before(overlap));
    let text = if full {
        // If the list is out of order, more rows of the last second may follow on the next page.
        let next = if disordered { last.whole_second().max(sweep.cursor) } else { last };
        sweep.skip = if next > sweep.cursor { 0 } else { sweep.skip + count };
        sweep.cursor = next;
        checkpoint.sweep = Some(sweep);
        checkpoint.seen.forget(floor.min(sweep.cursor));
        checkpoint.write_whole(trigger).0
    } else {
        let Checkpoint { reach, floor, swept, .. } = checkpoint;
        // If ids were left out on the way, rows that nobody remembers may be met again.
        let swept = if first { Some(began) } else { swept.map(|_| began) };
        let ended = |high: Instant, seen: Seen| {
            let floor = floor.max(high.before(overlap));
            let mut ended = Checkpoint { high, floor, swept, reach, sweep: None, seen };
            ended.seen.forget(floor);
            let (text, too_much) = ended.write_whole(trigger);
            (ended, text, too_much)
        };
        let (whole, text, too_much) = ended(high, checkpoint.seen);
        // Everything up to this time was met, unless it became visible later than the overlap allows.
        let settled = began.before(overlap.max(ANSWERED_WITHIN));
        if (too_much || !first) && settled > high { ended(settled, whole.seen).1 } else { text }
    };
    Ok(Conclusion {
        new: new.into_iter().map(|(_, place)| place).collect(),
        checkpoint: text,
        // Rows that are new by the corrected clock have not been requested yet.
        more: full || set_back.is_some(),
        late: late.told(),
        clock_set_back: set_back,
    })
}
