//! `connector connections remove`: removes a connection from the configuration file, and forgets its login.

use connector_host::config::Config;
use connector_host::{Connector, Host, Profile};

use super::file::ConfigFile;
use crate::cli::Globals;
use crate::error::CliError;
use crate::setup;
use crate::terminal::tell;

pub(crate) fn remove(globals: &Globals, name: &str) -> Result<(), CliError> {
    let path = setup::config_path(globals)?;
    let mut file = ConfigFile::read(&path)?;
    let (host, connector) = setup::keeper(globals)?;
    if !file.remove(name) {
        // The configuration best describes which connections it has instead.
        setup::profile_of(globals, &setup::config(globals)?, name, &connector)?;
        return Err(CliError::usage(
            format!("{} has no connection \"{name}\"", path.display()),
            "`connector connections list` shows the connections",
        ));
    }
    let login = login(globals, name, &connector);
    file.write()?;
    tell!("the connection \"{name}\" is no longer in {}", path.display());
    match login {
        Login::Own(profile) => forget(&host, &profile),
        Login::Shared(other) => {
            tell!("its login is kept: \"{other}\" uses it too");
            Ok(())
        }
        Login::None => Ok(()),
        Login::Unknown => {
            tell!("whether it had a login is not known: it could not have been used as it was");
            Ok(())
        }
    }
}

/// Who uses a person's sign-in for the connection.
enum Login {
    None,
    /// Only this connection.
    Own(Box<Profile>),
    /// Another connection too: the one with this name.
    Shared(String),
    /// Nobody can tell, because the connection's settings are invalid.
    Unknown,
}

fn login(globals: &Globals, name: &str, connector: &Connector) -> Login {
    let Ok(config) = setup::config(globals) else { return Login::Unknown };
    let profile = |config: &Config, name: &str| setup::profile_of(globals, config, name, connector).ok();
    let Some(own) = profile(&config, name) else { return Login::Unknown };
    if !own.auth().needs_login() {
        return Login::None;
    }
    let shares = |other: &&str| {
        *other != name && profile(&config, other).is_some_and(|other| other.auth().shares_login(own.auth()))
    };
    match config.connections().find(shares) {
        Some(other) => Login::Shared(other.to_owned()),
        None => Login::Own(Box::new(own)),
    }
}

fn forget(host: &Host, profile: &Profile) -> Result<(), CliError> {
    match setup::run(host.logout(profile))? {
        Ok(true) => {
            tell!("its login is forgotten");
            Ok(())
        }
        Ok(false) => Ok(()),
        Err(error) => {
            Err(CliError::local(format!("its login could not be forgotten: {error}"), error.hint()))
        }
    }
}
