//! Investigations: list, read, start.

use std::borrow::Cow;

use http::StatusCode;
use serde::Deserialize;

use super::call::Call;
use crate::model::investigation::{Investigation, InvestigationRow};
use crate::server::refusal::Refusal;
use crate::server::reply::Reply;

pub(super) fn list(call: &Call<'_>) -> Result<Reply, Refusal> {
    let organisation = call.organisation();
    call.list(organisation.investigations.iter().map(|row| Cow::<Investigation>::Owned(row.at(call.now))))
}

/// Reads an investigation by its own id or by that of the alert that triggered it.
pub(super) fn single(call: &Call<'_>) -> Result<Reply, Refusal> {
    let organisation = call.organisation();
    let triggered = || organisation.investigations.iter().find(|row| row.is_triggered_by(&call.id));
    let row = organisation.investigations.find(&call.id).or_else(triggered);
    let row = row.ok_or_else(|| Refusal::not_found("Investigation", &call.id))?;
    Ok(call.entity(StatusCode::OK, &row.at(call.now)))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Start {
    comment: String,
}

/// Starts an investigation in the older way, which returns only a number.
pub(super) fn initiate(call: &Call<'_>) -> Result<Reply, Refusal> {
    let (number, _) = begin(call)?;
    Ok(call.scalar("Edm.Int64", &number))
}

pub(super) fn start(call: &Call<'_>) -> Result<Reply, Refusal> {
    let (_, row) = begin(call)?;
    Ok(call.entity(StatusCode::CREATED, &row.at(call.now)))
}

fn begin(call: &Call<'_>) -> Result<(i64, InvestigationRow), Refusal> {
    let Start { comment } = call.action_body()?;
    if comment.trim().is_empty() {
        return Err(Refusal::Body);
    }
    let mut organisation = call.organisation_mut();
    let row = organisation.machine(&call.id).ok_or_else(|| Refusal::not_found("Machine", &call.id))?;
    let machine = row.machine.clone();
    let alerts = organisation
        .alerts
        .iter()
        .filter(|row| row.alert.machine_id == machine.id && row.is_visible(call.now));
    let latest = alerts.max_by_key(|row| row.alert.alert_creation_time).map(|row| row.alert.id.clone());
    let number = organisation.number();
    let settings = call.settings();
    let row = InvestigationRow::new(number, call.now, (&machine.id, &machine.computer_dns_name), latest)
        .ending(settings.pending() + settings.running(), "Benign");
    organisation.investigations.put(row.clone());
    Ok((number, row))
}
