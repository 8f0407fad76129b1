//! One poll of one of the API's lists: the part that all kinds of rows share.

use super::question::{Answer, Ask, Conclusion};
use super::settings::Settings;
use super::sweep::Plan;
use crate::bindings::exports::defender::atp::triggers::PollOptions;
use crate::bindings::exports::defender::atp::types::OdataOptions;
use crate::bindings::exports::workflow::connector::connector_triggers::Lateness;
use crate::call::accepted;
use crate::failure::Failure;
use crate::instant::Instant;
use crate::prelude::*;
use crate::request::Draft;

/// A row of a list.
pub(super) trait Row: Sized {
    /// The row's id.
    fn id(&self) -> Option<&str>;
    /// The row's creation time.
    fn time(&self) -> Option<&str>;
}

/// A page of a list.
pub(super) struct Page<R> {
    /// The rows.
    pub(super) rows: Vec<R>,
    /// Whether the page has a link to the next one.
    pub(super) goes_on: bool,
    /// When the API answered.
    pub(super) now: Instant,
}

/// The result of a poll.
pub(super) struct Found<R> {
    /// The new rows, oldest first, with their ids.
    pub(super) rows: Vec<(String, R)>,
    /// Where the next poll continues.
    pub(super) checkpoint: String,
    /// Whether to poll again immediately.
    pub(super) more: bool,
    /// How many of the new rows were later than the poll was told to look back, if any were.
    pub(super) late: Option<Lateness>,
    /// By how many seconds the API's clock was set back, if it was.
    pub(super) clock_set_back: Option<i64>,
}

/// Polls once for rows that are new since the checkpoint.
pub(super) fn poll<R: Row>(
    trigger: &'static str,
    checkpoint: Option<&str>,
    options: &PollOptions,
    page: impl FnOnce(Ask) -> Result<Page<R>, Failure>,
) -> Result<Found<R>, Failure> {
    let plan = Plan::new(trigger, checkpoint, Settings::read(options)?)?;
    let Page { rows, goes_on, now } = page(plan.ask())?;
    let label = |row: &R| (row.id().map(str::to_owned), row.time().and_then(Instant::parse));
    let labels = rows.iter().map(label).collect();
    let Conclusion { new, checkpoint, more, late, clock_set_back } =
        plan.conclude(Answer { labels, goes_on, now })?;
    let mut rows: Vec<Option<R>> = rows.into_iter().map(Some).collect();
    let mut taken = |place: usize| {
        let row = rows.get_mut(place)?.take()?;
        Some((row.id()?.to_owned(), row))
    };
    let rows = new.into_iter().filter_map(&mut taken).collect();
    Ok(Found { rows, checkpoint, more, late, clock_set_back })
}

/// Requests a page of the list at `draft`, whose rows have their time under the key `time`. `read` returns
/// the rows of a reply, and whether it has a link to the next page.
pub(super) fn page<R>(
    draft: Draft,
    ask: Ask,
    time: &str,
    read: impl FnOnce(&crate::reply::Accepted) -> Result<(Vec<R>, Option<String>), Failure>,
) -> Result<Page<R>, Failure> {
    let reply = accepted(draft.options(options(ask, time)))?;
    let now = reply.at();
    let (rows, next_link) = read(&reply)?;
    Ok(Page { rows, goes_on: next_link.is_some(), now })
}

fn options(ask: Ask, time: &str) -> OdataOptions {
    let (filter, select, order, skip, top) = match ask {
        Ask::Newest(top) => (None, Some(format!("id,{time}")), "desc", 0, top),
        Ask::From { from, skip, top } => (Some(format!("{time} ge {from}")), None, "asc", skip, top),
    };
    OdataOptions {
        filter,
        select,
        order_by: Some(format!("{time} {order}")),
        top: Some(top),
        skip: Some(skip).filter(|skip| *skip > 0),
        count: None,
        next_link: None,
    }
}
