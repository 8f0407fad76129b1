//! Live response: a script of commands on one machine, and links to their results.

use serde::Deserialize;

use super::call::Call;
use super::{downloads, machine_actions};
use crate::model::live_response::{Command, CommandKind, CommandStatus, ParameterKey, Script};
use crate::model::machine::Behaviour;
use crate::model::machine_action::{ActionKind, ActionRow};
use crate::server::refusal::Refusal;
use crate::server::reply::Reply;

/// The most concurrent sessions in a tenant.
const MAX_SESSIONS: usize = 25;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct LiveResponse {
    comment: String,
    commands: Vec<Command>,
}

pub(super) fn run(call: &Call<'_>) -> Result<Reply, Refusal> {
    let LiveResponse { comment, commands } = call.action_body()?;
    check(&commands)?;
    let mut organisation = call.organisation_mut();
    let mut row = machine_actions::prepare(call, &organisation, ActionKind::LiveResponse, comment)?;
    let is_session =
        |action: &&ActionRow| action.kind == ActionKind::LiveResponse && action.is_active(call.now);
    if organisation.actions.iter().filter(is_session).count() >= MAX_SESSIONS {
        return Err(Refusal::Sessions(MAX_SESSIONS));
    }
    let failing_files = call.settings().failing_files.clone();
    let fails = |command: &Command| {
        command.subject().is_some_and(|name| failing_files.iter().any(|file| file == name))
    };
    let machine_fails = organisation.machine(&call.id).is_some_and(|row| row.behaviour == Behaviour::Fails);
    let failing = if machine_fails { Some(0) } else { commands.iter().position(fails) };
    machine_actions::equip(&mut row, Script::new(commands, failing));
    Ok(machine_actions::file(call, &mut organisation, row))
}

/// Checks that each command has the parameters it needs and no others, and that files are put first and
/// fetched last.
fn check(commands: &[Command]) -> Result<(), Refusal> {
    let ordered = commands.is_sorted_by_key(|command| command.kind);
    if commands.is_empty() || !ordered || !commands.iter().all(is_complete) {
        return Err(Refusal::Body);
    }
    Ok(())
}

fn is_complete(command: &Command) -> bool {
    let (needed, optional) = match command.kind {
        CommandKind::PutFile => (ParameterKey::FileName, None),
        CommandKind::RunScript => (ParameterKey::ScriptName, Some(ParameterKey::Args)),
        CommandKind::GetFile => (ParameterKey::Path, None),
    };
    let count = |key| command.params.iter().filter(|parameter| parameter.key == key).count();
    let extra = optional.map_or(0, count);
    count(needed) == 1
        && extra <= 1
        && command.params.len() == 1 + extra
        && command.value(needed).is_some_and(|value| !value.trim().is_empty())
}

pub(super) fn result_link(call: &Call<'_>) -> Result<Reply, Refusal> {
    let organisation = call.organisation();
    let row = machine_actions::find(&organisation, call)?;
    let index: usize = call
        .argument
        .parse()
        .map_err(|_| Refusal::BadRequest(format!("'{}' is not a command index", call.argument)))?;
    let commands = row.at(call.now).commands;
    let missing =
        |what: &str| Refusal::Missing(format!("Command {index} of machine action {} {what}", row.id));
    let command = commands.get(index).ok_or_else(|| missing("was not found"))?;
    if command.command.kind == CommandKind::PutFile {
        return Err(missing("has no result"));
    }
    if command.command_status != CommandStatus::Completed {
        return Err(missing("has not completed"));
    }
    let link = downloads::result_link(call.simulation, &row.id, index, call.now);
    Ok(call.scalar("Edm.String", &link))
}
