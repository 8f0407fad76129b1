//! A list in memory that is asked as the API's lists are.

use crate::instant::Instant;
use crate::triggers::question::{Answer, Ask, Conclusion};
use crate::triggers::settings::Settings;
use crate::triggers::sweep::Plan;

/// The beginning of the feed's time.
const ZERO: u64 = 1_700_000_000;

/// Rows by id and creation time, as far as they are visible.
pub(super) struct Feed {
    rows: Vec<(String, Instant)>,
    now: Instant,
    /// How the list compares times: as they are, or what it takes of them.
    taken: fn(Instant) -> Instant,
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
    Settings { since: since.map(at), begun: None, overlap, page }
}

impl Feed {
    pub(super) fn starting_at_zero() -> Self {
        Self { rows: Vec::new(), now: at(0), taken: |time| time }
    }

    /// One that orders and filters its rows by whole seconds, although their times have fractions.
    pub(super) fn by_the_second() -> Self {
        Self { taken: Instant::whole_second, ..Self::starting_at_zero() }
    }

    /// Makes these rows, and only these, visible.
    pub(super) fn show(&mut self, rows: impl IntoIterator<Item = (usize, u32)>, now: u32) {
        self.show_at(rows.into_iter().map(|(number, created)| (number, at(created))), now);
    }

    /// The same, of rows whose times have fractions: nanoseconds after the beginning.
    pub(super) fn show_fractions(&mut self, rows: impl IntoIterator<Item = (usize, u64)>, now: u32) {
        let fraction = |nanoseconds: u64| (nanoseconds % 1_000_000_000) as u32;
        let time = |ns: u64| Instant::since_1970(ZERO + ns / 1_000_000_000, fraction(ns));
        self.show_at(rows.into_iter().map(|(number, created)| (number, time(created))), now);
    }

    fn show_at(&mut self, rows: impl Iterator<Item = (usize, Instant)>, now: u32) {
        self.rows = rows.map(|(number, created)| (id(number), created)).collect();
        self.rows.sort_by_key(|(id, time)| ((self.taken)(*time), id.clone()));
        self.now = at(now);
    }

    /// Polls once: the ids reported, the next checkpoint, and whether there is more.
    pub(super) fn poll(&self, checkpoint: Option<&str>, settings: Settings) -> (Vec<String>, String, bool) {
        let (reported, conclusion) = self.conclude(checkpoint, settings);
        (reported, conclusion.checkpoint, conclusion.more)
    }

    /// Polls once: the ids reported, and all else that the poll concludes.
    pub(super) fn conclude(&self, checkpoint: Option<&str>, settings: Settings) -> (Vec<String>, Conclusion) {
        let plan = Plan::new("feed", checkpoint, settings).expect("the checkpoint is good");
        let rows: Vec<&(String, Instant)> = match plan.ask() {
            Ask::Newest(top) => self.rows.iter().rev().take(top as usize).collect(),
            Ask::From { from, skip, top } => {
                let from = (self.taken)(from);
                let rows = self.rows.iter().filter(|(_, time)| (self.taken)(*time) >= from);
                rows.skip(skip as usize).take(top as usize).collect()
            }
        };
        let labels = rows.iter().map(|(id, time)| (Some(id.clone()), Some(*time))).collect();
        let answer = Answer { labels, goes_on: false, now: self.now };
        let conclusion = plan.conclude(answer).expect("the rows are good");
        let reported = conclusion.new.iter().map(|place| rows[*place].0.clone()).collect();
        (reported, conclusion)
    }

    /// Polls until there is no more for now: the ids reported, and the next checkpoint.
    pub(super) fn sweep(&self, checkpoint: Option<&str>, settings: Settings) -> (Vec<String>, String) {
        let (mut all, mut next, mut more) = self.poll(checkpoint, settings);
        let mut polls = 1;
        while more {
            let (events, checkpoint, goes_on) = self.poll(Some(&next), settings);
            all.extend(events);
            (next, more) = (checkpoint, goes_on);
            polls += 1;
            assert!(polls < 1000, "it makes headway");
        }
        (all, next)
    }
}
