//! `connector connections remove`: takes a connection out of the configuration file.

use super::file::ConfigFile;
use crate::cli::Globals;
use crate::error::CliError;
use crate::setup;

pub(crate) fn remove(globals: &Globals, name: &str) -> Result<(), CliError> {
    let path = setup::config_path(globals)?;
    let mut file = ConfigFile::read(&path)?;
    if !file.remove(name) {
        // A configuration knows best how to say what it has in place of it.
        let connector = setup::connector(globals)?;
        setup::config(globals)?.profile(name, connector.manifest(), setup::trust(globals, &connector))?;
        return Err(CliError::usage(
            format!("{} has no connection \"{name}\"", path.display()),
            "`connector connections list` shows the connections",
        ));
    }
    file.write()?;
    eprintln!("the connection \"{name}\" is no longer in {}", path.display());
    Ok(())
}
