//! Where events go: the callback that flags or the configuration file name.

use std::sync::Arc;
use std::time::Duration;

use connector_host::config::{Config, Variables};
use connector_host::egress::credential::SecretSource;
use connector_host::triggers::{Callback, Command, Http, Lines, Mode, Signer};

use super::watch::news;
use crate::error::CliError;
use crate::terminal;

/// Where events go, and how.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct To {
    /// An address, `exec:` and a command, or `-`.
    pub(super) place: String,
    /// The variables with the secrets to sign with.
    pub(super) secret_env: Vec<String>,
    /// Whether an event's data are the body.
    pub(super) binary: bool,
    /// Whether the address may be on this machine.
    pub(super) allow_loopback_http: bool,
    /// How long one delivery may take.
    pub(super) timeout: Option<Duration>,
}

impl To {
    /// The callback. Whether it can be had shows here, before anything runs.
    pub(super) fn callback(&self, config: &Config) -> Result<Arc<dyn Callback>, CliError> {
        let place = self.place.as_str();
        if place != "-" && !place.starts_with("exec:") {
            return self.http();
        }
        if !self.secret_env.is_empty() || self.binary || self.allow_loopback_http {
            return Err(CliError::usage(
                "--secret-env, --binary and --allow-loopback-http are for addresses",
                "leave them out",
            ));
        }
        match place.strip_prefix("exec:") {
            // What people read may not drive their terminal.
            None if terminal::stdout_is_terminal() => Ok(Arc::new(Lines::new(terminal::events()))),
            None => Ok(Arc::new(Lines::stdout())),
            Some(line) => self.command(line, config),
        }
    }

    fn command(&self, line: &str, config: &Config) -> Result<Arc<dyn Callback>, CliError> {
        let mut words = shlex::split(line).unwrap_or_default().into_iter();
        let program = words.next().ok_or_else(|| {
            CliError::usage(
                format!("`exec:{line}` names no program, or a quotation mark is left open"),
                "write it like --to 'exec:program argument'; for a shell, --to 'exec:sh -c \"…\"'",
            )
        })?;
        // Secrets are no business of a program that takes events: neither its own connection's nor others'.
        let command = Command::builder(program, words).hide(config.secret_variables());
        Ok(Arc::new(command.timeout(self.timeout.unwrap_or(Duration::from_secs(60))).build()))
    }

    fn http(&self) -> Result<Arc<dyn Callback>, CliError> {
        let signer = signer(&self.secret_env)?;
        if signer.is_empty() {
            news::warn(
                "events are not signed: give a secret with --secret-env, so that the receiver can trust them",
            );
        }
        let mode = if self.binary { Mode::Binary } else { Mode::Structured };
        let http = Http::builder(&self.place)
            .signer(signer)
            .mode(mode)
            .timeout(self.timeout.unwrap_or(Duration::from_secs(30)))
            .allow_loopback_http(self.allow_loopback_http)
            .build()
            .map_err(|error| CliError::usage(error.to_string(), error.hint()))?;
        Ok(Arc::new(http))
    }
}

/// The secrets that variables hold.
pub(super) fn signer(names: &[String]) -> Result<Signer, CliError> {
    let variables = Variables::process();
    let secrets = names.iter().map(|name| {
        SecretSource::Variable(name.clone())
            .read(&variables)
            .map_err(|error| CliError::usage(error.to_string(), error.hint()))
    });
    let secrets: Vec<_> = secrets.collect::<Result<_, CliError>>()?;
    Signer::new(secrets).map_err(|error| CliError::usage(error.to_string(), error.hint()))
}
