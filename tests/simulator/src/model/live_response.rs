//! The commands of a live response, which run one after another.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::machine_action::Course;
use crate::moment::Moment;

/// The kinds of command, in the only order that a script may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum CommandKind {
    PutFile,
    RunScript,
    GetFile,
}

/// A command as the caller gave it. The API repeats it unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Command {
    #[serde(rename = "type")]
    pub(crate) kind: CommandKind,
    #[serde(default)]
    pub(crate) params: Vec<Parameter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameter {
    pub(crate) key: ParameterKey,
    pub(crate) value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ParameterKey {
    FileName,
    ScriptName,
    Args,
    Path,
}

/// The progress of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum CommandStatus {
    Created,
    Submitted,
    Executing,
    Completed,
    Failed,
}

/// A command as the API writes it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CommandView {
    index: usize,
    start_time: Option<Moment>,
    end_time: Option<Moment>,
    pub(crate) command_status: CommandStatus,
    errors: Vec<String>,
    pub(crate) command: Command,
}

/// The commands of an action, and the index of the first that fails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Script {
    commands: Vec<Command>,
    failing: Option<usize>,
}

impl Command {
    pub(crate) fn value(&self, key: ParameterKey) -> Option<&str> {
        let parameter = self.params.iter().find(|parameter| parameter.key == key)?;
        Some(&parameter.value)
    }

    /// The script or file that the command is about.
    pub(crate) fn subject(&self) -> Option<&str> {
        match self.kind {
            CommandKind::PutFile => self.value(ParameterKey::FileName),
            CommandKind::RunScript => self.value(ParameterKey::ScriptName),
            CommandKind::GetFile => self.value(ParameterKey::Path),
        }
    }
}

impl Script {
    pub(crate) fn new(commands: Vec<Command>, failing: Option<usize>) -> Self {
        Self { commands, failing }
    }

    pub(crate) fn fails(&self) -> bool {
        self.failing.is_some()
    }

    /// How long the script runs: all of `running`, or its equal parts up to and including the command that
    /// fails.
    pub(crate) fn length(&self, running: Duration) -> Duration {
        match self.failing {
            Some(index) => self.slot(running).saturating_mul(u32::try_from(index + 1).unwrap_or(u32::MAX)),
            None => running,
        }
    }

    /// The commands at `now`, on a machine that follows `course`.
    pub(crate) fn at(&self, course: Course, now: Moment) -> Vec<CommandView> {
        let slots = match course {
            Course::Runs { started, ended, .. } => {
                let parts = self.failing.map_or(self.commands.len(), |index| index + 1);
                Some((started, ended.since(started) / u32::try_from(parts.max(1)).unwrap_or(u32::MAX)))
            }
            Course::Waits { .. } => None,
        };
        let view = |(index, command): (usize, &Command)| {
            let (command_status, start_time, end_time) = self.progress(index, slots, now);
            let errors = match command_status {
                CommandStatus::Failed => vec![failure(command)],
                _ => Vec::new(),
            };
            CommandView { index, start_time, end_time, command_status, errors, command: command.clone() }
        };
        self.commands.iter().enumerate().map(view).collect()
    }

    fn progress(
        &self,
        index: usize,
        slots: Option<(Moment, Duration)>,
        now: Moment,
    ) -> (CommandStatus, Option<Moment>, Option<Moment>) {
        let created = (CommandStatus::Created, None, None);
        let Some((started, slot)) = slots else {
            return created;
        };
        if self.failing.is_some_and(|failing| index > failing) {
            return created;
        }
        let submitted = started.after(slot.saturating_mul(u32::try_from(index).unwrap_or(u32::MAX)));
        let begun = submitted.after(slot / 4);
        let ended = submitted.after(slot);
        if now < submitted {
            created
        } else if now < begun {
            (CommandStatus::Submitted, None, None)
        } else if now < ended {
            (CommandStatus::Executing, Some(begun), None)
        } else if self.failing == Some(index) {
            (CommandStatus::Failed, Some(begun), Some(ended))
        } else {
            (CommandStatus::Completed, Some(begun), Some(ended))
        }
    }

    fn slot(&self, running: Duration) -> Duration {
        running / u32::try_from(self.commands.len().max(1)).unwrap_or(u32::MAX)
    }
}

fn failure(command: &Command) -> String {
    let subject = command.subject().unwrap_or_default();
    match command.kind {
        CommandKind::PutFile => format!("Failed to put file {subject} on the device"),
        CommandKind::RunScript => format!("Script {subject} ended with exit code 1"),
        CommandKind::GetFile => format!("File {subject} was not found on the device"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CommandStatus::{Completed, Created, Executing, Failed, Submitted};

    fn script(failing: Option<usize>) -> Script {
        let command = |kind| Command { kind, params: Vec::new() };
        Script::new(vec![command(CommandKind::RunScript), command(CommandKind::GetFile)], failing)
    }

    fn statuses(script: &Script, milliseconds: u64) -> Vec<CommandStatus> {
        let start = Moment::from_ticks(0);
        let ended = start.after(script.length(Duration::from_secs(8)));
        let course = Course::Runs { started: start, ended, succeeds: !script.fails() };
        let now = start.after(Duration::from_millis(milliseconds));
        script.at(course, now).iter().map(|view| view.command_status).collect()
    }

    #[test]
    fn goes_through_its_commands_in_turn() {
        let script = script(None);
        assert_eq!(statuses(&script, 0), [Submitted, Created]);
        assert_eq!(statuses(&script, 1000), [Executing, Created]);
        assert_eq!(statuses(&script, 4000), [Completed, Submitted]);
        assert_eq!(statuses(&script, 8000), [Completed, Completed]);
    }

    #[test]
    fn a_failed_command_stops_the_rest() {
        let script = script(Some(0));
        assert_eq!(statuses(&script, 1000), [Executing, Created]);
        assert_eq!(statuses(&script, 4000), [Failed, Created]);
        assert_eq!(statuses(&script, 60_000), [Failed, Created]);
    }
}
