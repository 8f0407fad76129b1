//! The configuration file, and where files are kept.
//!
//! ```toml
//! [connections.default]
//! cloud = "public"
//! tenant-id = "contoso.com"
//! [connections.default.auth]
//! kind = "client-secret"
//! client-id = "00000000-0000-0000-0000-000000000000"
//! client-secret-env = "CLIENT_SECRET"
//! ```
//!
//! The kinds are those of [`Auth`](crate::Auth). Each has its own keys, and a key of another kind is refused.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::connection::{Profile, Trust};
use crate::manifest::Manifest;
use crate::regular;

mod auth;
mod error;
mod file;
mod paths;
#[cfg(test)]
mod tests;
mod trigger;
mod variables;

pub use crate::connection::is_identifier;
pub use crate::times::{Since, SinceError, duration};
pub use error::ConfigError;
pub use paths::{Paths, PathsError};
pub use trigger::{MOST_OVERLAP, TriggerProblem, TriggerSettings, TriggerSource};
pub use variables::{Variables, is_variable_name, looks_secret};

/// The connection that is used if none is named.
pub const DEFAULT_CONNECTION: &str = "default";

/// A configuration: named connections and triggers. Its contents are well formed; [`Config::profile`] checks
/// whether a connection fits a connector.
#[derive(Debug)]
pub struct Config {
    path: PathBuf,
    connections: BTreeMap<String, file::Connection>,
    triggers: Vec<TriggerSettings>,
    variables: Variables,
}

impl Config {
    /// Reads the configuration file. `variables` are the environment variables that credentials will be read
    /// from.
    ///
    /// # Errors
    /// The file cannot be read, or is not a valid configuration; the error names the line.
    pub fn load(path: &Path, variables: &Variables) -> Result<Self, ConfigError> {
        let bytes = std::fs::read(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ConfigError::NoFile { path: path.into() },
            _ => ConfigError::Unreadable { path: path.into(), message: error.to_string() },
        })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let line =
                error.as_bytes().iter().take(error.utf8_error().valid_up_to()).filter(|byte| **byte == b'\n');
            ConfigError::NotUtf8 { path: path.into(), line: line.count() + 1 }
        })?;
        Self::parse(path, &text, variables)
    }

    /// Reads a configuration from text. `path` is only used in messages.
    ///
    /// # Errors
    /// The text is not a valid configuration; the error names the line.
    pub fn parse(path: &Path, text: &str, variables: &Variables) -> Result<Self, ConfigError> {
        let text = regular::without_mark(text);
        let file: file::File =
            toml::from_str(text).map_err(|error| ConfigError::malformed(path, text, &error))?;
        let triggers = triggers(path, &file.triggers)?;
        Ok(Self { path: path.into(), connections: file.connections, triggers, variables: variables.clone() })
    }

    /// The path of the configuration file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of the connections, sorted.
    pub fn connections(&self) -> impl Iterator<Item = &str> {
        self.connections.keys().map(String::as_str)
    }

    /// The triggers to serve, ordered by name.
    pub fn triggers(&self) -> impl Iterator<Item = &TriggerSettings> {
        self.triggers.iter()
    }

    /// The environment variables that hold secrets of connections and triggers. They should not be passed on
    /// to child processes.
    pub fn secret_variables(&self) -> impl Iterator<Item = &str> {
        let of_connections = self.connections.values().flat_map(file::Connection::secret_variables);
        of_connections.chain(self.triggers.iter().flat_map(TriggerSettings::secret_variables))
    }

    /// Returns the named connection's profile for the connector with this manifest. `trust` says whether the
    /// manifest may provide addresses and the scope that the configuration leaves out: these decide who gets
    /// the credential.
    ///
    /// # Errors
    /// The connection does not exist, is incomplete, or does not fit the connector.
    pub fn profile(&self, name: &str, manifest: &Manifest, trust: Trust) -> Result<Profile, ConfigError> {
        let connection = self.connections.get(name).ok_or_else(|| ConfigError::NoConnection {
            path: self.path.clone(),
            name: name.into(),
            known: self.connections().map(str::to_owned).collect(),
        })?;
        let invalid = |error| ConfigError::Invalid {
            path: self.path.clone(),
            connection: name.into(),
            error: Box::new(error),
        };
        let builder = connection.builder().map_err(invalid)?;
        builder.trust(trust).name(name).variables(self.variables.clone()).build(manifest).map_err(invalid)
    }
}

fn triggers(
    path: &Path,
    tables: &BTreeMap<String, trigger::TriggerTable>,
) -> Result<Vec<TriggerSettings>, ConfigError> {
    let mut triggers: Vec<TriggerSettings> = Vec::new();
    for (name, table) in tables {
        let settings = table.settings(name).and_then(|settings| {
            match triggers.iter().find(|other| other.is_same(&settings)) {
                Some(other) => Err(TriggerProblem::Twice(other.name.clone())),
                None => Ok(settings),
            }
        });
        triggers.push(settings.map_err(|problem| ConfigError::Trigger {
            path: path.into(),
            name: name.clone(),
            problem,
        })?);
    }
    Ok(triggers)
}
