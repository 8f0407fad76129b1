//! The whole command line as a tree: with the connector's actions as commands, which only the connector knows.

use clap::Command;
use connector_host::Connector;

use super::call;
use crate::cli;

/// The tree. Each action stands below `call`.
pub(super) fn with_actions(connector: &Connector) -> Command {
    let actions: Vec<Command> = connector.actions().map(call::command).collect();
    // The word that stands for an action is in the way of those that are named.
    cli::command()
        .mut_subcommand("call", |call| call.mut_args(|argument| argument.hide(true)).subcommands(actions))
}
