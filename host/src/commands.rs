//! The commands, one file for each.

mod actions;
mod call;
mod completions;
mod connections;
mod demo;
mod describe;
mod simulate;

use crate::cli::{Command, ConnectionsCommand, Invocation};
use crate::error::CliError;

/// Does what the command line asks.
pub(crate) fn run(invocation: Invocation) -> Result<(), CliError> {
    let globals = invocation.globals;
    match invocation.command {
        Command::Actions => actions::run(&globals),
        Command::Describe { action } => describe::run(&globals, action.as_deref()),
        Command::Call(arguments) => call::run(globals, arguments.words),
        Command::Connections(ConnectionsCommand::List) => connections::list(&globals),
        Command::Connections(ConnectionsCommand::Test) => connections::test(&globals),
        Command::Simulate(arguments) => simulate::run(&globals, &arguments),
        Command::Demo => demo::run(),
        Command::Completions { shell } => completions::run(&globals, shell),
    }
}
