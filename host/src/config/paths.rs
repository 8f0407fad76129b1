//! Where files are kept: in the platform's usual places, unless a variable says otherwise.

use std::path::PathBuf;

use etcetera::BaseStrategy;

use super::Variables;
use crate::remedy::Remedy;

/// The name of our directory in each of the platform's directories.
const NAME: &str = "connector";

/// Where the configuration, the state and the cache are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Paths {
    /// The configuration file: `CONNECTOR_CONFIG`, or `connector/config.toml` in the platform's configuration directory
    /// (`$XDG_CONFIG_HOME`).
    pub config: PathBuf,
    /// The directory of quota slots, checkpoints and events to deliver: `CONNECTOR_STATE_DIR`, or `connector` in the
    /// platform's state directory (`$XDG_STATE_HOME`).
    pub state: PathBuf,
    /// The directory of compiled code: `CONNECTOR_CACHE_DIR`, or `connector` in the platform's cache directory
    /// (`$XDG_CACHE_HOME`).
    pub cache: PathBuf,
}

/// The platform's directories cannot be found, because there is no home directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no home directory, and {variable} is not set")]
pub struct PathsError {
    variable: &'static str,
}

impl PathsError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Remedy {
        format!("set HOME, or {}", self.variable).into()
    }
}

impl Paths {
    /// Finds the paths. `config` is the file named on the command line, which takes precedence over all
    /// variables.
    ///
    /// # Errors
    /// The platform has no directory for them, and no variable names one.
    pub fn find(config: Option<PathBuf>, variables: &Variables) -> Result<Self, PathsError> {
        let base = Base::new(variables);
        let config = match config.or_else(|| path(variables, "CONNECTOR_CONFIG")) {
            Some(path) => path,
            None => base
                .directory("CONNECTOR_CONFIG", "XDG_CONFIG_HOME", |platform| &platform.config)?
                .join("config.toml"),
        };
        let state = match path(variables, "CONNECTOR_STATE_DIR") {
            Some(path) => path,
            None => base.directory("CONNECTOR_STATE_DIR", "XDG_STATE_HOME", |platform| &platform.state)?,
        };
        let cache = match path(variables, "CONNECTOR_CACHE_DIR") {
            Some(path) => path,
            None => base.directory("CONNECTOR_CACHE_DIR", "XDG_CACHE_HOME", |platform| &platform.cache)?,
        };
        Ok(Self { config, state, cache })
    }
}

/// The platform's directories.
struct Base<'a> {
    variables: &'a Variables,
    platform: Option<Platform>,
}

struct Platform {
    config: PathBuf,
    state: PathBuf,
    cache: PathBuf,
}

impl<'a> Base<'a> {
    fn new(variables: &'a Variables) -> Self {
        let platform = etcetera::choose_base_strategy().ok().map(|platform| Platform {
            config: platform.config_dir(),
            // Only XDG has a directory for state; elsewhere the state is kept with the data.
            state: platform.state_dir().unwrap_or_else(|| platform.data_dir()),
            cache: platform.cache_dir(),
        });
        Self { variables, platform }
    }

    fn directory(
        &self,
        variable: &'static str,
        xdg: &str,
        choose: impl Fn(&Platform) -> &PathBuf,
    ) -> Result<PathBuf, PathsError> {
        // The XDG variables are honoured on any platform. The standard requires their paths to be absolute.
        let parent = path(self.variables, xdg).filter(|path| path.is_absolute());
        let parent = parent.or_else(|| self.platform.as_ref().map(|platform| choose(platform).clone()));
        Ok(parent.ok_or(PathsError { variable })?.join(NAME))
    }
}

fn path(variables: &Variables, name: &str) -> Option<PathBuf> {
    variables.var(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
