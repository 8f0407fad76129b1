//! The settings of a poll, read from its options.

use super::lateness::MOST_OVERLAP;
use crate::bindings::exports::workflow::connector::connector_triggers::PollOptions;
use crate::failure::{Failure, invalid};
use crate::instant::Instant;
use crate::prelude::*;

/// The default look-back in seconds: it finds rows that become visible within half an hour of their creation.
const OVERLAP: u32 = 1800;
/// The default number of rows per page.
const PAGE: u32 = 1000;
/// The most rows per page that the API allows.
const MOST_PAGE: u32 = 10_000;

/// The settings of a poll.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    /// On the first poll, the time from which rows count.
    pub(super) since: Option<Instant>,
    /// On the first poll, how many seconds ago the watch was first started.
    pub(super) begun: Option<u32>,
    /// How many seconds to look back.
    pub(super) overlap: u32,
    /// The number of rows per page.
    pub(super) page: u32,
}

impl Settings {
    /// Reads the options.
    pub(super) fn read(options: &PollOptions) -> Result<Self, Failure> {
        let since = match options.since.as_deref() {
            Some(text) => {
                let time = Instant::parse(text);
                Some(time.ok_or_else(|| {
                    invalid("since", "is not an ISO 8601 time such as 2026-01-31T12:00:00Z")
                })?)
            }
            None => None,
        };
        let overlap = options.overlap_seconds.unwrap_or(OVERLAP);
        if overlap > MOST_OVERLAP {
            return Err(invalid("overlap-seconds", format!("is more than {MOST_OVERLAP}")));
        }
        let page = options.page_size.unwrap_or(PAGE);
        if !(1..=MOST_PAGE).contains(&page) {
            return Err(invalid("page-size", format!("is not from 1 to {MOST_PAGE}")));
        }
        Ok(Self { since, begun: options.begun_seconds_ago, overlap, page })
    }
}
