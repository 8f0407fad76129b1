//! Where a watch begins that was given no time to begin at: what is there already is taken note of, and not reported.

use super::checkpoint::{Checkpoint, Seen};
use super::question::{Answer, Conclusion, identified};
use crate::failure::Failure;
use crate::instant::Instant;

/// How many of the newest rows to look at: more ids than that fit into no checkpoint.
pub(super) const START_PAGE: u32 = 2000;

/// Takes note of what was there when the watch was first started: `begun` seconds before this answer, which may be the
/// first that the list gave. What was created since then is left for the next poll to report.
pub(super) fn start(
    trigger: &str,
    overlap: u32,
    begun: Option<u32>,
    answer: Answer,
) -> Result<Conclusion, Failure> {
    let Answer { labels, goes_on, now } = answer;
    let beginning = begun.map(|seconds| now.before(seconds));
    let counts = |time: Instant| beginning.is_some_and(|beginning| time >= beginning);
    let times = || labels.iter().filter_map(|(_, time)| *time);
    let newest = times().filter(|time| !counts(*time)).max();
    let high = newest.unwrap_or(now).min(beginning.unwrap_or(now));
    let mut floor = high.before(overlap);
    if goes_on || labels.len() >= START_PAGE as usize {
        // Of the rows that share the time of the oldest, some may not be on the page.
        floor = times().min().map_or(floor, |oldest| floor.max(oldest.next())).min(high);
    }
    let more = times().any(counts);
    let mut seen = Seen::default();
    for (id, time) in labels {
        let (id, time) = (identified(id)?, time.unwrap_or(high));
        if !counts(time) {
            seen.add(&id, time);
        }
    }
    seen.forget(floor);
    let swept = Some(beginning.unwrap_or(now));
    let mut checkpoint = Checkpoint { floor, swept, seen, ..Checkpoint::since(high) };
    let (mut text, left_out) = checkpoint.write(trigger);
    if let Some(second) = left_out {
        // What was there before the start is not to be reported: what was left out does not count. But of the time
        // of the newest row more may come, and to report some of it that was there is better than to miss that.
        checkpoint.floor = Instant::end_of(second).next().min(high);
        checkpoint.seen.forget(checkpoint.floor);
        (text, _) = checkpoint.write(trigger);
    }
    Ok(Conclusion { checkpoint: text, more, ..Conclusion::default() })
}
