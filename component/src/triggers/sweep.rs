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
//! - Where looking back costs more than a page, as after a flood, it ends once the overlap has passed since then, even
//!   if nothing new comes. Otherwise it costs nothing, and an outage of the list that outlasts the overlap loses nothing.
//!
//! A poll asks once: it plans, asks, and concludes. As long as the ids in question fit into the checkpoint, each row
//! is reported exactly once; beyond that, some are reported again under the same id, and none is lost.

use super::checkpoint::{Checkpoint, Seen, Sweep};
use super::settings::Settings;
use crate::failure::{Failure, problem};
use crate::instant::Instant;
use crate::prelude::*;

/// How many of the newest rows to look at for a start: more ids than that fit into no checkpoint.
const START_PAGE: u32 = 2000;
/// Seconds between the time at which rows were looked up and the one that the answer bears, at most.
const ANSWERED_WITHIN: u32 = 300;

/// What to ask of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// Ids and times of so many rows, the newest first.
    Newest(u32),
    /// So many rows from a time on, the oldest first, without the first few.
    From {
        /// The time.
        from: Instant,
        /// How many rows to leave out.
        skip: u64,
        /// How many rows to give.
        top: u32,
    },
}

/// What identifies a row, and when it was created.
pub(super) type Label = (Option<String>, Option<Instant>);

/// What the list answers.
pub(super) struct Answer {
    /// The rows.
    pub(super) labels: Vec<Label>,
    /// Whether the list says itself that there are more.
    pub(super) goes_on: bool,
    /// The time, by the clock of whoever answered.
    pub(super) now: Instant,
}

/// What a poll concludes.
pub(super) struct Conclusion {
    /// The places of the new rows among the answer's, oldest first.
    pub(super) new: Vec<usize>,
    /// Where the next poll goes on.
    pub(super) checkpoint: String,
    /// Whether to poll again at once.
    pub(super) more: bool,
}

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
            (None, Some(since)) => {
                Some(Checkpoint { high: since, floor: since, sweep: None, seen: Seen::default() })
            }
            (None, None) => None,
        };
        let state = checkpoint.map(|checkpoint| {
            let cursor = checkpoint.high.before(settings.overlap).max(checkpoint.floor);
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
            None => start(self.trigger, self.settings.overlap, answer),
            Some((checkpoint, sweep)) => go_on(self.trigger, self.settings, checkpoint, sweep, answer),
        }
    }
}

/// Takes note of what is there already, without reporting it.
fn start(trigger: &str, overlap: u32, answer: Answer) -> Result<Conclusion, Failure> {
    let Answer { labels, goes_on, now } = answer;
    let newest = labels.iter().filter_map(|(_, time)| *time).max();
    let oldest = labels.iter().filter_map(|(_, time)| *time).min();
    let high = newest.map_or(now, |newest| newest.min(now));
    let mut floor = high.before(overlap);
    if goes_on || labels.len() >= START_PAGE as usize {
        // Of the rows that share the time of the oldest, some may not be on the page.
        floor = oldest.map_or(floor, |oldest| floor.max(oldest.next())).min(high);
    }
    let mut seen = Seen::default();
    for (id, time) in labels {
        seen.add(&identified(id)?, time.unwrap_or(high));
    }
    seen.forget(floor);
    let mut checkpoint = Checkpoint { high, floor, sweep: None, seen };
    let (mut text, left_out) = checkpoint.write(trigger);
    if let Some(second) = left_out {
        // What was there before the start is not to be reported: what was left out does not count. But of the time
        // of the newest row more may come, and to report some of it that was there is better than to miss that.
        checkpoint.floor = Instant::end_of(second).next().min(high);
        checkpoint.seen.forget(checkpoint.floor);
        (text, _) = checkpoint.write(trigger);
    }
    Ok(Conclusion { new: Vec::new(), checkpoint: text, more: false })
}

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
    // A sweep of which nobody knows when it began leaves the newest time where it is, and the next one looks again.
    let began = if first { now } else { sweep.began.unwrap_or(checkpoint.high).min(now) };
    sweep.began = Some(began);
    let mut new = Vec::new();
    let mut last = sweep.cursor;
    for (place, (id, time)) in labels.into_iter().enumerate() {
        // A row that has no time counts as of the time of the row before it.
        let time = time.unwrap_or(last);
        if full && time < last {
            return Err(unexpected(
                "the API gave more than a page of rows, and not in the order of their times",
            ));
        }
        last = last.max(time);
        if checkpoint.seen.add(&identified(id)?, time) {
            new.push((time, place));
        }
    }
    new.sort_unstable();
    sweep.newest = sweep.newest.max(last);
    let high = checkpoint.high.max(sweep.newest.min(began));
    let floor = checkpoint.floor.max(high.before(overlap));
    let text = if full {
        sweep.skip = if last > sweep.cursor { 0 } else { sweep.skip + count };
        sweep.cursor = last;
        checkpoint.sweep = Some(sweep);
        checkpoint.seen.forget(floor.min(sweep.cursor));
        checkpoint.write(trigger).0
    } else {
        let ended = |high: Instant, seen: Seen| {
            let floor = checkpoint.floor.max(high.before(overlap));
            let mut ended = Checkpoint { high, floor, sweep: None, seen };
            ended.seen.forget(floor);
            let (text, left_out) = ended.write(trigger);
            (ended, text, left_out.is_some())
        };
        let (whole, text, too_much) = ended(high, checkpoint.seen);
        // All that is as old as that was met, unless it became visible later than the overlap allows.
        let settled = began.before(overlap.max(ANSWERED_WITHIN));
        if (too_much || !first) && settled > high { ended(settled, whole.seen).1 } else { text }
    };
    Ok(Conclusion { new: new.into_iter().map(|(_, place)| place).collect(), checkpoint: text, more: full })
}

fn identified(id: Option<String>) -> Result<String, Failure> {
    id.filter(|id| !id.is_empty()).ok_or_else(|| unexpected("value: the API gave a row that has no id"))
}

fn unexpected(message: &str) -> Failure {
    Failure::PermanentUnexpectedReply(problem(message))
}
