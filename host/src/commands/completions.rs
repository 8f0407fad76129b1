//! `connector completions`: a script that lets a shell complete commands, actions and their flags.

use std::io::{self, Write};

use clap_complete::{Shell, generate};

use super::call;
use crate::cli::{self, Globals};
use crate::error::CliError;
use crate::setup;

pub(crate) fn run(globals: &Globals, shell: Shell) -> Result<(), CliError> {
    let connector = setup::connector(globals)?;
    let actions: Vec<clap::Command> = connector.actions().map(call::command).collect();
    // Shells complete subcommands, so for them each action is one.
    let mut command = cli::command()
        .mut_subcommand("call", |call| call.mut_args(|argument| argument.hide(true)).subcommands(actions));
    let mut script = Vec::new();
    generate(shell, &mut command, "connector", &mut script);
    Ok(io::stdout().write_all(&script)?)
}
