//! A list in memory that is asked as the API's lists are.

use crate::instant::Instant;
use crate::triggers::settings::Settings;
use crate::triggers::sweep::{Answer, Ask, Plan};

/// The beginning of the feed's time.
const ZERO: u64 = 1_700_000_000;

/// Rows by id and creation time, as far as they are visible.
pub(super) struct Feed {
    rows: Vec<(String, Instant)>,
    now: Instant,
}

/// So many seconds after the beginning.
fn at(seconds: u32) -> Instant {
    Instant::since_1970(ZERO + u64::from(seconds), 0)
}

/// The id of a row. Rows of one time stand in no particular order of ids.
pub(super) fn id(number: usize) -> String {
    format!("da{:05}_{number}", number.wrapping_mul(7919) % 99_991)
}

/// How to look.
pub(super) fn settings(since: Option<u32>, overlap: u32, page: u32) -> Settings {
    Settings { since: since.map(at), overlap, page }
}

impl Feed {
    pub(super) fn starting_at_zero() -> Self {
        Self { rows: Vec::new(), now: at(0) }
    }

    /// Makes these rows, and only these, visible.
    pub(super) fn show(&mut self, rows: impl IntoIterator<Item = (usize, u32)>, now: u32) {
        self.rows = rows.into_iter().map(|(number, created)| (id(number), at(created))).collect();
        self.rows.sort_by(|(id, time), (other_id, other_time)| (time, id).cmp(&(other_time, other_id)));
        self.now = at(now);
    }

    /// Polls once: the ids reported, the next checkpoint, and whether there is more.
    pub(super) fn poll(&self, checkpoint: Option<&str>, settings: Settings) -> (Vec<String>, String, bool) {
        let plan = Plan::new("feed", checkpoint, settings).expect("the checkpoint is good");
        let rows: Vec<&(String, Instant)> = match plan.ask() {
            Ask::Newest(top) => self.rows.iter().rev().take(top as usize).collect(),
            Ask::From { from, skip, top } => {
                let rows = self.rows.iter().filter(|(_, time)| *time >= from);
                rows.skip(skip as usize).take(top as usize).collect()
            }
        };
        let labels = rows.iter().map(|(id, time)| (Some(id.clone()), Some(*time))).collect();
        let answer = Answer { labels, goes_on: false, now: self.now };
        let conclusion = plan.conclude(answer).expect("the rows are good");
        let reported = conclusion.new.iter().map(|place| rows[*place].0.clone()).collect();
        (reported, conclusion.checkpoint, conclusion.more)
    }
}
