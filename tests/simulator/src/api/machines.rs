//! Machines: list, read, tag.

use std::borrow::Cow;

use http::StatusCode;
use serde::Deserialize;

use super::call::Call;
use crate::server::refusal::Refusal;
use crate::server::reply::Reply;

pub(super) fn list(call: &Call<'_>) -> Result<Reply, Refusal> {
    let organisation = call.organisation();
    call.simulation.lists.serve(call.list_key(), organisation.generation(), call.now, || {
        let rows = organisation.machines().map(|row| Cow::Borrowed(&row.machine));
        Ok((call.list(rows)?, None))
    })
}

/// Reads a machine by its id or computer name.
pub(super) fn single(call: &Call<'_>) -> Result<Reply, Refusal> {
    let organisation = call.organisation();
    let machine = organisation.machine_by_id_or_name(&call.id);
    let machine = machine.ok_or_else(|| Refusal::not_found("Machine", &call.id))?;
    Ok(call.entity(StatusCode::OK, machine))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Tag {
    value: String,
    action: TagAction,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum TagAction {
    Add,
    Remove,
}

pub(super) fn tag(call: &Call<'_>) -> Result<Reply, Refusal> {
    let tag: Tag = call.body()?;
    if tag.value.trim().is_empty() {
        return Err(Refusal::Body);
    }
    let mut organisation = call.organisation_mut();
    let row = organisation.machine_mut(&call.id).ok_or_else(|| Refusal::not_found("Machine", &call.id))?;
    let tags = &mut row.machine.machine_tags;
    match tag.action {
        TagAction::Add if tags.contains(&tag.value) => {}
        TagAction::Add => tags.push(tag.value),
        TagAction::Remove => tags.retain(|present| *present != tag.value),
    }
    Ok(call.entity(StatusCode::OK, &row.machine))
}
