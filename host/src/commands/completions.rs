//! `connector completions`: a script through which a shell asks this program for completions, and the
//! answers.
//!
//! The program answers itself, so that names which only the configuration or the connector knows are up to
//! date: connections, actions and their flags, and triggers.

use std::ffi::OsString;
use std::io::Write;

use clap::{Arg, Command, FromArgMatches as _};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};
use connector_host::Connector;

use super::{call, connections, tree};
use crate::cli::{self, Globals};
use crate::error::CliError;
use crate::{setup, terminal};

/// The variable that a shell sets to its own name when it asks.
const VARIABLE: &str = "CONNECTOR_COMPLETE";

/// The commands whose arguments may be names from the connector.
const OF_CONNECTOR: [&str; 5] = ["call", "connections", "describe", "schema", "watch"];

pub(crate) fn run(shell: Shell) -> Result<(), CliError> {
    let shells = Shells::builtins();
    let mut script = Vec::new();
    if let Some(completer) = shells.completer(&shell.to_string()) {
        completer.write_registration(VARIABLE, "connector", "connector", "connector", &mut script)?;
    }
    Ok(terminal::data().write_all(&script)?)
}

/// Answers a shell, if one asks; returns whether one did.
pub(crate) fn answer() -> Result<bool, CliError> {
    let words: Vec<OsString> = std::env::args_os().collect();
    // The words before `--` are this program; those after it have been typed so far.
    let typed: Vec<OsString> = words.iter().skip_while(|word| *word != "--").skip(1).cloned().collect();
    CompleteEnv::with_factory(|| offers(&typed))
        .var(VARIABLE)
        .try_complete(words, std::env::current_dir().ok().as_deref())
        .map_err(|error| CliError::Clap(Box::new(error)))
}

/// Returns the command line with the names that may follow the words.
fn offers(typed: &[OsString]) -> Command {
    let globals = globals(typed);
    // The connector is loaded only if its names are needed. If it cannot be loaded, it offers nothing; the
    // command reports the reason when it runs.
    let is_wanted = typed.iter().any(|word| OF_CONNECTOR.iter().any(|command| *word == **command));
    let connector = globals.as_ref().filter(|_| is_wanted).and_then(|globals| setup::connector(globals).ok());
    let tree = connector.as_ref().map_or_else(cli::command, tree::with_actions);
    let names = Names::of(globals.as_ref(), connector.as_ref());
    names.offered_in(tree)
}

/// The shared flags, as far as they can be parsed.
fn globals(typed: &[OsString]) -> Option<Globals> {
    let command = cli::command().ignore_errors(true).subcommand_required(false).arg_required_else_help(false);
    let matches = command.try_get_matches_from(typed).ok()?;
    let mut globals = Globals::from_arg_matches(&matches).ok()?;
    globals.component = call::component_flag(typed).or(globals.component);
    Some(globals)
}

/// The names to choose from.
struct Names {
    connections: Vec<String>,
    actions: Vec<String>,
    triggers: Vec<String>,
    clouds: Vec<String>,
}

impl Names {
    fn of(globals: Option<&Globals>, connector: Option<&Connector>) -> Self {
        let config = globals.and_then(|globals| setup::config(globals).ok());
        let triggers = |connector: &Connector| {
            connector.manifest().triggers.iter().map(|trigger| trigger.name.clone()).collect()
        };
        Self {
            connections: config.iter().flat_map(|config| config.connections()).map(str::to_owned).collect(),
            actions: connector
                .into_iter()
                .flat_map(Connector::actions)
                .map(|function| function.action.name.clone())
                .collect(),
            triggers: connector.map(triggers).unwrap_or_default(),
            clouds: connector
                .iter()
                .flat_map(|connector| connector.manifest().clouds.keys())
                .cloned()
                .collect(),
        }
    }

    fn offered_in(&self, tree: Command) -> Command {
        let both: Vec<String> = self.actions.iter().chain(&self.triggers).cloned().collect();
        let kinds: Vec<String> = connections::kinds().map(str::to_owned).collect();
        self.connection_in(tree)
            .mut_subcommand("describe", |command| offering(command, "action", &both))
            .mut_subcommand("schema", |command| offering(command, "name", &both))
            .mut_subcommand("watch", |command| offering(command, "trigger", &self.triggers))
            .mut_subcommand("connections", |command| {
                command
                    .mut_subcommand("test", |command| offering(command, "named", &self.actions))
                    .mut_subcommand("remove", |command| offering(command, "name", &self.connections))
                    .mut_subcommand("add", |command| {
                        offering(offering(command, "kind", &kinds), "cloud", &self.clouds)
                    })
            })
    }

    /// Offers connections for the shared flag, which each action has too.
    fn connection_in(&self, command: Command) -> Command {
        let has_flag = command.get_arguments().any(|argument| argument.get_id() == "connection");
        let command = if has_flag { offering(command, "connection", &self.connections) } else { command };
        command.mut_subcommands(|inner| self.connection_in(inner))
    }
}

/// Returns the command, with names to choose from for one of its arguments.
fn offering(command: Command, argument: &'static str, names: &[String]) -> Command {
    let names = names.to_vec();
    let candidates = ArgValueCandidates::new(move || names.iter().map(CompletionCandidate::new).collect());
    // One at a time, `mut_arg` would change the order of positional arguments.
    command.mut_args(
        |offered: Arg| {
            if offered.get_id() == argument { offered.add(candidates.clone()) } else { offered }
        },
    )
}
