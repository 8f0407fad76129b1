//! Machine actions: request, read and cancel them, and fetch a collected package.

use std::borrow::Cow;

use http::StatusCode;
use serde::Deserialize;

use super::call::Call;
use super::downloads;
use crate::model::Organisation;
use crate::model::action_entity::MachineAction;
use crate::model::live_response::Script;
use crate::model::machine_action::{ActionKind, ActionRow, ActionStatus, Cancellation, Course};
use crate::server::refusal::Refusal;
use crate::server::reply::Reply;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Plain {
    comment: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Isolation {
    comment: String,
    isolation_type: IsolationType,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum IsolationType {
    Full,
    Selective,
    UnManagedDevice,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Scan {
    comment: String,
    scan_type: ScanType,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum ScanType {
    Quick,
    Full,
}

pub(super) fn isolate(call: &Call<'_>) -> Result<Reply, Refusal> {
    let Isolation { comment, isolation_type } = call.action_body()?;
    let scope = match isolation_type {
        IsolationType::Full => "Full",
        IsolationType::Selective => "Selective",
        IsolationType::UnManagedDevice => "UnManagedDevice",
    };
    request(call, ActionKind::Isolate, comment, |row| row.scope = Some(scope.to_owned()))
}

pub(super) fn unisolate(call: &Call<'_>) -> Result<Reply, Refusal> {
    plain(call, ActionKind::Unisolate)
}

pub(super) fn restrict(call: &Call<'_>) -> Result<Reply, Refusal> {
    plain(call, ActionKind::RestrictCodeExecution)
}

pub(super) fn unrestrict(call: &Call<'_>) -> Result<Reply, Refusal> {
    plain(call, ActionKind::UnrestrictCodeExecution)
}

pub(super) fn collect(call: &Call<'_>) -> Result<Reply, Refusal> {
    plain(call, ActionKind::CollectInvestigationPackage)
}

pub(super) fn scan(call: &Call<'_>) -> Result<Reply, Refusal> {
    let Scan { comment, scan_type } = call.action_body()?;
    let scope = match scan_type {
        ScanType::Quick => "Quick",
        ScanType::Full => "Full",
    };
    request(call, ActionKind::RunAntiVirusScan, comment, |row| row.scope = Some(scope.to_owned()))
}

fn plain(call: &Call<'_>, kind: ActionKind) -> Result<Reply, Refusal> {
    let Plain { comment } = call.action_body()?;
    request(call, kind, comment, |_| {})
}

/// Requests an action of a machine, which can have only one active action of each kind.
fn request(
    call: &Call<'_>,
    kind: ActionKind,
    comment: String,
    detail: impl FnOnce(&mut ActionRow),
) -> Result<Reply, Refusal> {
    let mut organisation = call.organisation_mut();
    let mut row = prepare(call, &organisation, kind, comment)?;
    detail(&mut row);
    Ok(file(call, &mut organisation, row))
}

/// Prepares the action for the machine, if the machine can have one of this kind.
pub(super) fn prepare(
    call: &Call<'_>,
    organisation: &Organisation,
    kind: ActionKind,
    comment: String,
) -> Result<ActionRow, Refusal> {
    if comment.trim().is_empty() {
        return Err(Refusal::Body);
    }
    let row = organisation.machine(&call.id).ok_or_else(|| Refusal::not_found("Machine", &call.id))?;
    if kind.needs_windows() && !row.machine.os_platform.starts_with("Windows") {
        return Err(Refusal::OsPlatform(row.machine.os_platform.clone()));
    }
    let same = |action: &&ActionRow| action.kind == kind && action.machine_id == row.machine.id;
    if organisation.actions.iter().filter(same).any(|action| action.is_active(call.now)) {
        return Err(Refusal::ActiveRequest);
    }
    let requestor = &call.simulation.identity.app_name;
    let target = (&row.machine, row.behaviour);
    Ok(ActionRow::requested(kind, target, requestor, comment, call.now, &call.settings()))
}

pub(super) fn file(call: &Call<'_>, organisation: &mut Organisation, row: ActionRow) -> Reply {
    let reply = call.entity(StatusCode::CREATED, &row.at(call.now));
    organisation.actions.put(row);
    reply
}

/// Gives an action its script and a matching end.
pub(super) fn equip(row: &mut ActionRow, script: Script) {
    if let Course::Runs { started, ended, succeeds } = &mut row.course {
        *ended = started.after(script.length(ended.since(*started)));
        *succeeds = !script.fails();
    }
    row.script = script;
}

pub(super) fn list(call: &Call<'_>) -> Result<Reply, Refusal> {
    let organisation = call.organisation();
    call.list(organisation.actions.iter().map(|row| Cow::<MachineAction>::Owned(row.at(call.now))))
}

pub(super) fn single(call: &Call<'_>) -> Result<Reply, Refusal> {
    let organisation = call.organisation();
    Ok(call.entity(StatusCode::OK, &find(&organisation, call)?.at(call.now)))
}

pub(super) fn cancel(call: &Call<'_>) -> Result<Reply, Refusal> {
    let Plain { comment } = call.action_body()?;
    if comment.trim().is_empty() {
        return Err(Refusal::Body);
    }
    let mut organisation = call.organisation_mut();
    let row = organisation.actions.find_mut(&call.id);
    let row = row.ok_or_else(|| Refusal::not_found("Machine action", &call.id))?;
    if !row.is_active(call.now) {
        return Err(Refusal::BadRequest(format!("Machine action {} is in a final state", row.id)));
    }
    let by = call.simulation.identity.client_id.clone();
    row.cancellation = Some(Cancellation { by, comment, at: call.now });
    Ok(call.entity(StatusCode::OK, &row.at(call.now)))
}

/// Returns the link to a package. It has quotes of its own inside the JSON string, as the real one does.
pub(super) fn package_uri(call: &Call<'_>) -> Result<Reply, Refusal> {
    let organisation = call.organisation();
    let row = find(&organisation, call)?;
    let collects = row.kind == ActionKind::CollectInvestigationPackage;
    if !collects || row.status(call.now) != ActionStatus::Succeeded {
        return Err(Refusal::Missing(format!("No investigation package is available for {}", row.id)));
    }
    let link = downloads::package_link(call.simulation, &row.id, call.now);
    Ok(call.scalar("Edm.String", &format!("\"{link}\"")))
}

pub(super) fn find<'a>(organisation: &'a Organisation, call: &Call<'_>) -> Result<&'a ActionRow, Refusal> {
    organisation.actions.find(&call.id).ok_or_else(|| Refusal::not_found("Machine action", &call.id))
}
