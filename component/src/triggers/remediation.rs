//! New remediation activities, by creation time.
//!
//! The published connector requests them newest first (`createdOn desc`). Here, only the first poll does so.
//! Later polls read oldest first, so that no row is missed while others appear.

use super::poll::{self, Found, Page, Row};
use super::question::Ask;
use crate::bindings::exports::defender::atp::remediation::RemediationActivityPage;
use crate::bindings::exports::defender::atp::triggers::{
    PollOptions, RemediationActivityBatch, RemediationActivityEvent,
};
use crate::bindings::exports::defender::atp::types::RemediationActivity;
use crate::contract::Operation;
use crate::failure::Failure;
use crate::prelude::*;
use crate::request::get;

impl Row for RemediationActivity {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn time(&self) -> Option<&str> {
        self.created_on.as_deref()
    }
}

/// Polls once for activities that are new since the checkpoint.
pub(super) fn poll(
    checkpoint: Option<&str>,
    options: &PollOptions,
) -> Result<RemediationActivityBatch, Failure> {
    let Found { rows, checkpoint, more, late, clock_set_back } =
        poll::poll("new-remediation-activities", checkpoint, options, page)?;
    let event = |(id, data): (String, RemediationActivity)| {
        let time = data.created_on.clone();
        RemediationActivityEvent { id, time, data }
    };
    let events = rows.into_iter().map(event).collect();
    let clock_set_back_seconds = clock_set_back;
    Ok(RemediationActivityBatch { events, checkpoint, more, late, clock_set_back_seconds })
}

fn page(ask: Ask) -> Result<Page<RemediationActivity>, Failure> {
    let activities = get(Operation::PollNewRemediationActivities, "/api/remediationtasks");
    poll::page(activities, ask, "createdOn", |reply| {
        reply.value().map(|RemediationActivityPage { value, next_link, .. }| (value, next_link))
    })
}
