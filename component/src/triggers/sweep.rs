//! Finds what is new in a list that can be asked for its rows from a time on, oldest first.
//!
//! Rows become visible late, share times, and appear between one page and the next. So:
//!
//! - Each sweep begins `overlap` before the newest row seen, and passes over the rows that it has seen by their ids.
//!   A row that becomes visible within the overlap is in the next sweep.
//! - The next page begins with the time of the last row (not after it, for rows that share it), so that rows that
//!   appear meanwhile shift nothing. Only where a whole page has one time are rows skipped by their number.
//! - The newest time is never believed beyond the present, so that a row from the future cannot hide the rest; nor
//!   beyond the beginning of the sweep, so that a sweep that was interrupted for hours hides nothing that became visible
//!   behind it.
//! - Where the list's clock was set back, the newest time is set back with it: what is created from now on would be older
//!   than what was believed to be the newest.
//! - Rows that were later than the overlap let the following sweeps look back further (see [`super::lateness`]).
//! - Where looking back costs more than a page, as after a flood, it ends once the overlap has passed since then, even
//!   if nothing new comes. Otherwise it costs nothing, and an outage of the list that outlasts the overlap loses nothing.
//!
//! A poll asks once: it plans, asks, and concludes. As long as the ids in question fit into the checkpoint, each row
//! is reported exactly once; beyond that, some are reported again under the same id, and none is lost.

use super::checkpoint::{Checkpoint, Seen, Sweep};
use super::lateness::Late;
use super::question::{Answer, Ask, Conclusion, identified, unexpected};
use super::settings::Settings;
use super::start::{START_PAGE, start};
use crate::failure::Failure;
use crate::instant::Instant;
use crate::prelude::*;

/// Seconds between the time at which rows were looked up and the one that the answer bears, at most.
const ANSWERED_WITHIN: u32 = 300;
/// Seconds by which rows may stand out of order: some lists compare times by the millisecond or the second only.
const DISORDER: u32 = 1;

/// What a poll is about to do.
pub(super) struct Plan {
    trigger: &'static str,
    settings: Settings,
    /// Where the last poll ended, and where its sweep goes on; none for the start.
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

    /// What to ask.
    pub(super) fn ask(&self) -> Ask {
        match &self.state {
            None => Ask::Newest(START_PAGE),
            Some((_, Sweep { cursor, skip, .. })) => {
                Ask::From { from: *cursor, skip: *skip, top: self.settings.page }
            }
        }
    }

    /// Concludes from the answer.
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
    // A sweep of which nobody knows when it began leaves the newest time where it is, and the next one looks again.
    let began = if first { now } else { sweep.began.unwrap_or(checkpoint.high).min(now) };
    sweep.began = Some(began);
    let mut late = Late::new(overlap, checkpoint.swept);
    let mut new = Vec::new();
    let mut last = sweep.cursor;
    let mut disordered = false;
    for (place, (id, time)) in labels.into_iter().enumerate() {
        // A row that has no time counts as of the time of the row before it.
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
        // Where the list is not in order, rows of the last second may be on the next page.
        let next = if disordered { last.whole_second().max(sweep.cursor) } else { last };
        sweep.skip = if next > sweep.cursor { 0 } else { sweep.skip + count };
        sweep.cursor = next;
        checkpoint.sweep = Some(sweep);
        checkpoint.seen.forget(floor.min(sweep.cursor));
        checkpoint.write_whole(trigger).0
    } else {
        let Checkpoint { reach, floor, swept, .. } = checkpoint;
        // Where ids were left out on the way, rows may be met again that nobody knows.
        let swept = if first { Some(began) } else { swept.map(|_| began) };
        let ended = |high: Instant, seen: Seen| {
            let floor = floor.max(high.before(overlap));
            let mut ended = Checkpoint { high, floor, swept, reach, sweep: None, seen };
            ended.seen.forget(floor);
            let (text, too_much) = ended.write_whole(trigger);
            (ended, text, too_much)
        };
        let (whole, text, too_much) = ended(high, checkpoint.seen);
        // All that is as old as that was met, unless it became visible later than the overlap allows.
        let settled = began.before(overlap.max(ANSWERED_WITHIN));
        if (too_much || !first) && settled > high { ended(settled, whole.seen).1 } else { text }
    };
    Ok(Conclusion {
        new: new.into_iter().map(|(_, place)| place).collect(),
        checkpoint: text,
        // What is new by the clock as it is now was not asked for.
        more: full || set_back.is_some(),
        late: late.told(),
        clock_set_back: set_back,
    })
}
