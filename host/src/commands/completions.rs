//! `connector completions`: a script that lets a shell complete commands, actions and their flags.

use std::io::Write;

use clap::builder::PossibleValuesParser;
use clap_complete::{Shell, generate};

use super::call;
use crate::cli::{self, Globals};
use crate::error::CliError;
use crate::{setup, terminal};

pub(crate) fn run(globals: &Globals, shell: Shell) -> Result<(), CliError> {
    let connector = setup::connector(globals)?;
    let actions: Vec<clap::Command> = connector.actions().map(call::command).collect();
    let names: Vec<String> = connector.actions().map(|function| function.action.name.clone()).collect();
    let triggers: Vec<String> =
        connector.manifest().triggers.iter().map(|trigger| trigger.name.clone()).collect();
    let described: Vec<String> = names.iter().chain(&triggers).cloned().collect();
    // Shells complete subcommands, so for them each action is one.
    let mut command = cli::command()
        .mut_subcommand("call", |call| call.mut_args(|argument| argument.hide(true)).subcommands(actions))
        .mut_subcommand("describe", |describe| offering(describe, "action", described))
        .mut_subcommand("watch", |watch| offering(watch, "trigger", triggers))
        .mut_subcommand("connections", |connections| {
            connections.mut_subcommand("test", |test| offering(test, "named", names))
        });
    let mut script = Vec::new();
    generate(shell, &mut command, "connector", &mut script);
    Ok(terminal::data().write_all(&script)?)
}

/// The command with names to choose from for one of its arguments.
fn offering(command: clap::Command, argument: &'static str, names: Vec<String>) -> clap::Command {
    command.mut_arg(argument, |argument| argument.value_parser(PossibleValuesParser::new(names)))
}
