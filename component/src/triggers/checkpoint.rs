//! Checkpoints: where the next poll continues, as text.
//!
//! A checkpoint is a line of words separated by spaces: the version, the trigger, `high`, `floor`, `swept`
//! (or `-`), the reach (`seconds/until`, or `-`), the sweep (`cursor/skip/newest/began`, or `-`), and then
//! the ids of each second: `second:id,id`. Ids are percent-encoded but otherwise complete, since a shortened
//! form would sooner or later confuse two rows. Checkpoints of earlier versions stay readable for ever:
//! version 1 had neither `swept` nor the reach, and sweeps at first had no `began`.

use alloc::collections::BTreeMap;
use core::fmt::Write as _;

use super::lateness::Reach;
use crate::encoding::{decoded, push_encoded};
use crate::failure::{Failure, invalid};
use crate::instant::Instant;
use crate::prelude::*;

/// The longest checkpoint, in bytes.
pub(super) const LONGEST: usize = 64 << 10;
/// The current version of the text.
const VERSION: u32 = 2;
/// The first version, which is still read.
const FIRST_VERSION: u32 = 1;
/// The most seconds by which the clocks of machines that serve the same list may differ.
const SAME_CLOCK: i64 = 60;
/// The name of the parameter in the contract.
const PARAMETER: &str = "checkpoint";

/// What a poll passes on to the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// The time of the newest row seen, limited to the present.
    pub(super) high: Instant,
    /// The time from which rows count. Of these rows, [`Self::seen`] holds all that were seen and may be met
    /// again.
    pub(super) floor: Instant,
    /// When the last completed sweep began: everything visible at that time was met. At first, this is the
    /// start time. `None` if it is unknown, for example because not all ids fitted.
    pub(super) swept: Option<Instant>,
    /// How far to look back for late rows, if further than the poll's own setting.
    pub(super) reach: Option<Reach>,
    /// The unfinished sweep, if there is one.
    pub(super) sweep: Option<Sweep>,
    /// The rows that were seen and may be met again.
    pub(super) seen: Seen,
}

/// A pass through the rows, page by page, from the oldest that may be new to the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sweep {
    /// The next page begins with the rows of this time.
    pub(super) cursor: Instant,
    /// How many of those rows to skip.
    pub(super) skip: u64,
    /// The time of the newest row met.
    pub(super) newest: Instant,
    /// When its first page was read: rows that became visible later may be missing. `None` if this was not
    /// recorded.
    pub(super) began: Option<Instant>,
}

/// The ids of rows, each with its time in whole seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen(BTreeMap<String, i64>);

impl Seen {
    /// Adds a row. Returns whether it is new.
    pub(super) fn add(&mut self, id: &str, time: Instant) -> bool {
        self.0.insert(id.to_owned(), time.second()).is_none()
    }

    /// Forgets rows before a time. Rows in the same second are kept.
    pub(super) fn forget(&mut self, before: Instant) {
        let mut kept = BTreeMap::new();
        for (id, second) in core::mem::take(&mut self.0) {
            if second >= before.second() {
                kept.insert(id, second);
            }
        }
        self.0 = kept;
    }

    /// Appends as many ids as fit, newest first. Returns the second of the first id that was left out, if
    /// any.
    fn write(&self, text: &mut String) -> Option<i64> {
        let mut seen: Vec<(i64, &str)> = self.0.iter().map(|(id, second)| (*second, id.as_str())).collect();
        seen.sort_unstable();
        let mut last = None;
        for (second, id) in seen.into_iter().rev() {
            let length = text.len();
            let _ = if last == Some(second) { write!(text, ",") } else { write!(text, " {second}:") };
            push_encoded(text, id);
            if text.len() > LONGEST {
                text.truncate(length);
                return Some(second);
            }
            last = Some(second);
        }
        None
    }

    /// Reads the words that [`Self::write`] has written.
    fn read<'text>(words: impl Iterator<Item = &'text str>) -> Option<Self> {
        let mut seen = BTreeMap::new();
        for word in words {
            let (second, ids) = word.split_once(':')?;
            let second = second.parse().ok()?;
            for id in ids.split(',') {
                seen.insert(decoded(id)?, second);
            }
        }
        Some(Self(seen))
    }
}

impl Checkpoint {
    /// A checkpoint for which all rows from `time` on count.
    pub(super) fn since(time: Instant) -> Self {
        let swept = Some(time);
        Self { high: time, floor: time, swept, reach: None, sweep: None, seen: Seen::default() }
    }

    /// How many seconds to look back, given the poll's own setting.
    pub(super) fn looks_back(&self, overlap: u32) -> u32 {
        self.reach.map_or(overlap, |reach| reach.seconds.max(overlap))
    }

    /// Goes back in time if the list's clock is behind the last sweep: it was ahead then, so rows created
    /// from now on would be older than the newest time seen. Known ids are kept. Returns by how many seconds
    /// the clock was set back, unless this is a minute or less, since several machines with different clocks
    /// may answer.
    pub(super) fn follow_the_clock_back(&mut self, now: Instant, overlap: u32) -> Option<i64> {
        // A start time that was set in the future says nothing about the clock and is kept.
        let swept = self.swept.filter(|swept| now < *swept && *swept != self.floor)?;
        self.swept = Some(now);
        self.high = self.high.min(now);
        let seconds = now.seconds_until(swept);
        if seconds <= SAME_CLOCK {
            return None;
        }
        if self.floor <= swept {
            self.floor = self.floor.min(now.before(self.looks_back(overlap)));
        }
        Some(seconds)
    }

    /// Reads the text of a checkpoint of this trigger.
    pub(super) fn read(trigger: &str, text: &str) -> Result<Self, Failure> {
        let version: Option<u32> = text.split(' ').next().and_then(|version| version.parse().ok());
        match version {
            Some(version @ FIRST_VERSION..=VERSION) if text.len() <= LONGEST => {
                Self::parse(version, trigger, text)
                    .ok_or_else(|| invalid(PARAMETER, format!("is not a checkpoint of {trigger}")))
            }
            Some(newer) if newer > VERSION => Err(invalid(
                PARAMETER,
                format!("has version {newer}, and this component knows versions up to {VERSION}"),
            )),
            _ => Err(invalid(PARAMETER, "is not a checkpoint")),
        }
    }

    fn parse(version: u32, trigger: &str, text: &str) -> Option<Self> {
        let mut words = text.split(' ').skip(1);
        if words.next() != Some(trigger) {
            return None;
        }
        let (high, floor) = (Instant::parse(words.next()?)?, Instant::parse(words.next()?)?);
        let (mut swept, mut reach) = (None, None);
        if version > FIRST_VERSION {
            swept = optional(words.next()?, Instant::parse)?;
            reach = optional(words.next()?, Reach::parse)?;
        }
        let sweep = optional(words.next()?, Sweep::parse)?;
        Some(Self { high, floor, swept, reach, sweep, seen: Seen::read(words)? })
    }

    /// Like [`Self::write`], but returns whether ids were left out. If so, `swept` is cleared: when their
    /// rows are met again, nobody can say that they are late.
    pub(super) fn write_whole(&mut self, trigger: &str) -> (String, bool) {
        let (text, left_out) = self.write(trigger);
        if left_out.is_none() {
            return (text, false);
        }
        self.swept = None;
        (self.write(trigger).0, true)
    }

    /// Writes the checkpoint. If it would be too long, the oldest ids are left out, and their rows may then
    /// be reported again. Returns the second of the first id that was left out, if any.
    pub(super) fn write(&self, trigger: &str) -> (String, Option<i64>) {
        let mut text = format!("{VERSION} {trigger} {} {} ", self.high, self.floor);
        match self.swept {
            None => text.push_str("- "),
            Some(swept) => drop(write!(text, "{swept} ")),
        }
        match self.reach {
            None => text.push_str("- "),
            Some(Reach { seconds, until }) => drop(write!(text, "{seconds}/{until} ")),
        }
        match self.sweep {
            None => text.push('-'),
            Some(Sweep { cursor, skip, newest, began }) => {
                let _ = write!(text, "{cursor}/{skip}/{newest}");
                if let Some(began) = began {
                    let _ = write!(text, "/{began}");
                }
            }
        }
        let left_out = self.seen.write(&mut text);
        (text, left_out)
    }
}

/// Parses a word, where `-` stands for no value.
fn optional<T>(word: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if word == "-" { Some(None) } else { read(word).map(Some) }
}

impl Reach {
    fn parse(text: &str) -> Option<Self> {
        let (seconds, until) = text.split_once('/')?;
        Some(Self { seconds: seconds.parse().ok()?, until: Instant::parse(until)? })
    }
}

impl Sweep {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (cursor, skip, newest) = (parts.next()?, parts.next()?, parts.next()?);
        let began = match parts.next() {
            Some(began) => Some(Instant::parse(began)?),
            None => None,
        };
        Some(Self {
            cursor: Instant::parse(cursor)?,
            skip: skip.parse().ok()?,
            newest: Instant::parse(newest)?,
            began,
        })
    }
}
