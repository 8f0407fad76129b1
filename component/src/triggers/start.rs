//! Starts a watch that was given no start time: existing rows are recorded, but not reported.

use super::checkpoint::{Checkpoint, Seen};
use super::question::{Answer, Conclusion, identified};
use crate::failure::Failure;
use crate::instant::Instant;

/// How many of the newest rows to look at. The ids of more rows would not fit into a checkpoint.
pub(super) const START_PAGE: u32 = 2000;

/// Records the rows that existed when the watch was first started, `begun` seconds before this answer, which
/// may be the first that the list gave. Rows created since then are left for the next poll to report.
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
        // The page may lack some of the rows that share the time of its oldest row.
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
        // Rows from before the start are not reported, so those whose ids were left out do not count. But
        // more rows with the time of the newest may still come, and reporting some old ones is better than
        // missing those.
        checkpoint.floor = Instant::end_of(second).next().min(high);
        checkpoint.seen.forget(checkpoint.floor);
        (text, _) = checkpoint.write(trigger);
    }
    Ok(Conclusion { checkpoint: text, more, ..Conclusion::default() })
}
