//! What a poll asks of a list, what it is answered, and what it concludes.

use crate::bindings::exports::workflow::connector::connector_triggers::Lateness;
use crate::failure::{Failure, problem};
use crate::instant::Instant;
use crate::prelude::*;

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
#[derive(Debug, Default)]
pub(super) struct Conclusion {
    /// The places of the new rows among the answer's, oldest first.
    pub(super) new: Vec<usize>,
    /// Where the next poll goes on.
    pub(super) checkpoint: String,
    /// Whether to poll again at once.
    pub(super) more: bool,
    /// Which of the new rows were later than the poll was told to look back.
    pub(super) late: Option<Lateness>,
    /// By how many seconds the clock of whoever answers was set back.
    pub(super) clock_set_back: Option<i64>,
}

/// The id of a row, which each has.
pub(super) fn identified(id: Option<String>) -> Result<String, Failure> {
    id.filter(|id| !id.is_empty()).ok_or_else(|| unexpected("value: the API gave a row that has no id"))
}

/// The list answered against its contract.
pub(super) fn unexpected(message: &str) -> Failure {
    Failure::PermanentUnexpectedReply(problem(message))
}
