//! What a poll asks of a list, the answer, and the conclusions.

use crate::bindings::exports::workflow::connector::connector_triggers::Lateness;
use crate::failure::{Failure, problem};
use crate::instant::Instant;
use crate::prelude::*;

/// What to ask of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// The ids and times of this many rows, newest first.
    Newest(u32),
    /// Rows from a time on, oldest first.
    From {
        /// The time of the oldest rows.
        from: Instant,
        /// How many rows to skip.
        skip: u64,
        /// How many rows to return at most.
        top: u32,
    },
}

/// A row's id and creation time.
pub(super) type Label = (Option<String>, Option<Instant>);

/// What the list answers.
pub(super) struct Answer {
    /// The ids and times of the rows.
    pub(super) labels: Vec<Label>,
    /// Whether the list says that there are more rows.
    pub(super) goes_on: bool,
    /// The current time, by the clock of the API.
    pub(super) now: Instant,
}

/// The conclusions of a poll.
#[derive(Debug, Default)]
pub(super) struct Conclusion {
    /// The indexes of the new rows in the answer, oldest first.
    pub(super) new: Vec<usize>,
    /// Where the next poll continues.
    pub(super) checkpoint: String,
    /// Whether to poll again immediately.
    pub(super) more: bool,
    /// How many of the new rows were later than the poll was told to look back, if any were.
    pub(super) late: Option<Lateness>,
    /// By how many seconds the API's clock was set back, if it was.
    pub(super) clock_set_back: Option<i64>,
}

/// Returns a row's id. A row without one is an unexpected reply.
pub(super) fn identified(id: Option<String>) -> Result<String, Failure> {
    id.filter(|id| !id.is_empty()).ok_or_else(|| unexpected("value: the API gave a row that has no id"))
}

/// The failure for an answer that violates the list's contract.
pub(super) fn unexpected(message: &str) -> Failure {
    Failure::PermanentUnexpectedReply(problem(message))
}
