//! The whole command line as a tree, with the connector's actions as commands, which only the connector
//! knows.

use clap::Command;
use connector_host::Connector;

use super::call;
use crate::cli;

/// Returns the tree, in which each action is below `call`.
pub(super) fn with_actions(connector: &Connector) -> Command {
    let actions: Vec<Command> = connector.actions().map(call::command).collect();
    // The placeholder for an action is in the way of the named ones.
    cli::command()
        .mut_subcommand("call", |call| call.mut_args(|argument| argument.hide(true)).subcommands(actions))
}
