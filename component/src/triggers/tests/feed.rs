//! A list in memory that answers like the API's lists.

use crate::instant::Instant;
use crate::triggers::question::{Answer, Ask, Conclusion};
use crate::triggers::settings::Settings;
use crate::triggers::sweep::Plan;

/// The feed's start time, in seconds since 1970.
const ZERO: u64 = 1_700_000_000;

/// The visible rows: their ids and creation times.
pub(super) struct Feed {
    rows: Vec<(String, Instant)>,
    now: Instant,
    /// The part of a time that the list compares.
    taken: fn(Instant) -> Instant,
}

/// The time this many seconds after the start.
fn at(seconds: u32) -> Instant {
    Instant::since_1970(ZERO + u64::from(seconds), 0)
}

/// The id of a row. The ids of rows that share a time are in no particular order.
pub(super) fn id(number: usize) -> String {
    format!("da{:05}_{number}", number.wrapping_mul(7919) % 99_991)
}

/// The settings of a poll.
pub(super) fn settings(since: Option<u32>, overlap: u32, page: u32) -> Settings {
    Settings { since: since.map(at), begun: None, overlap, page }
}

impl Feed {
    pub(super) fn starting_at_zero() -> Self {
        Self { rows: Vec::new(), now: at(0), taken: |time| time }
    }

    /// A feed that orders and filters its rows by whole seconds, although their times have fractions.
    pub(super) fn by_the_second() -> Self {
        Self { taken: Instant::whole_second, ..Self::starting_at_zero() }
    }

    /// Makes exactly these rows visible.
    pub(super) fn show(&mut self, rows: impl IntoIterator<Item = (usize, u32)>, now: u32) {
        self.show_at(rows.into_iter().map(|(number, created)| (number, at(created))), now);
    }

    /// Like [`Self::show`], with times in nanoseconds after the start.
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

    /// Polls once. Returns the ids reported, the next checkpoint, and whether there is more.
    pub(super) fn poll(&self, checkpoint: Option<&str>, settings: Settings) -> (Vec<String>, String, bool) {
        let (reported, conclusion) = self.conclude(checkpoint, settings);
        (reported, conclusion.checkpoint, conclusion.more)
    }

    /// Polls once. Returns the ids reported, and the poll's other conclusions.
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

    /// Polls until there is nothing more for now. Returns the ids reported and the next checkpoint.
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
