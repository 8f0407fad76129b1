//! `connector man`: a manual page for each command and each action.

use std::path::Path;

use super::tree;
use crate::cli::Globals;
use crate::error::CliError;
use crate::setup;
use crate::terminal::tell;

pub(crate) fn run(globals: &Globals, directory: &Path) -> Result<(), CliError> {
    let connector = setup::connector(globals)?;
    let written = std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(tree::with_actions(&connector), directory));
    written.map_err(|error| {
        CliError::usage(
            format!("cannot write manual pages to {}: {error}", directory.display()),
            "name a directory that you may write to",
        )
    })?;
    tell!("`man -l {}` shows the first page", directory.join("connector.1").display());
    Ok(())
}
