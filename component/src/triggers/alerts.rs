//! New alerts, by creation time. They include their evidence, since workflows act on it.

use super::poll::{self, Found, Page, Row};
use super::question::Ask;
use crate::bindings::exports::defender::atp::alerts::AlertPage;
use crate::bindings::exports::defender::atp::triggers::{AlertBatch, AlertEvent, PollOptions};
use crate::bindings::exports::defender::atp::types::Alert;
use crate::contract::Operation;
use crate::failure::Failure;
use crate::prelude::*;
use crate::request::get;

impl Row for Alert {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn time(&self) -> Option<&str> {
        self.alert_creation_time.as_deref()
    }
}

/// Polls once for alerts that are new since the checkpoint.
pub(super) fn poll(checkpoint: Option<&str>, options: &PollOptions) -> Result<AlertBatch, Failure> {
    let Found { rows, checkpoint, more, late, clock_set_back } =
        poll::poll("new-alerts", checkpoint, options, page)?;
    let event = |(id, data): (String, Alert)| AlertEvent { id, time: data.alert_creation_time.clone(), data };
    let events = rows.into_iter().map(event).collect();
    Ok(AlertBatch { events, checkpoint, more, late, clock_set_back_seconds: clock_set_back })
}

fn page(ask: Ask) -> Result<Page<Alert>, Failure> {
    let alerts = get(Operation::PollNewAlerts, "/api/alerts");
    let alerts = alerts.query_if("$expand", matches!(ask, Ask::From { .. }).then_some("evidence"));
    poll::page(alerts, ask, "alertCreationTime", |reply| {
        reply.value().map(|AlertPage { value, next_link, .. }| (value, next_link))
    })
}
