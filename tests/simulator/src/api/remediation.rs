//! Remediation activities: list them, read one, and list the machines that it affects.

use std::borrow::Cow;

use http::StatusCode;

use super::call::Call;
use crate::model::Organisation;
use crate::model::remediation::ActivityRow;
use crate::moment::Moment;
use crate::server::refusal::Refusal;
use crate::server::reply::Reply;

pub(super) fn list(call: &Call<'_>) -> Result<Reply, Refusal> {
    let organisation = call.organisation();
    // An activity with a future date does not exist yet.
    let created = organisation.activities.iter().filter(|row| exists(row, call.now));
    call.list(created.map(|row| Cow::Borrowed(&row.activity)))
}

pub(super) fn single(call: &Call<'_>) -> Result<Reply, Refusal> {
    let organisation = call.organisation();
    Ok(call.entity(StatusCode::OK, &find(&organisation, call)?.activity))
}

pub(super) fn machines(call: &Call<'_>) -> Result<Reply, Refusal> {
    let organisation = call.organisation();
    let row = find(&organisation, call)?;
    call.list(row.machines.iter().map(Cow::Borrowed))
}

fn find<'a>(organisation: &'a Organisation, call: &Call<'_>) -> Result<&'a ActivityRow, Refusal> {
    let row = organisation.activities.find(&call.id).filter(|row| exists(row, call.now));
    row.ok_or_else(|| Refusal::not_found("Remediation task", &call.id))
}

fn exists(row: &ActivityRow, now: Moment) -> bool {
    row.activity.created_on <= now
}
