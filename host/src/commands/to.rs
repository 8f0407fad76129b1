//! Where events go: the callback that flags or the configuration file name.

use std::sync::Arc;
use std::time::Duration;

use connector_host::config::{Config, Variables, is_variable_name, looks_secret};
use connector_host::triggers::{Callback, Command, Envelope, Http, Lines, Mode, SecretError, Signer};
use secrecy::SecretString;

use super::watch::news;
use crate::error::CliError;
use crate::terminal;

/// Where events go, and how.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct To {
    /// An address, `exec:` and a command, or `-`.
    pub(super) place: String,
    /// The variables that hold the signing secrets.
    pub(super) secret_env: Vec<String>,
    /// Whether the body is just the event's data.
    pub(super) binary: bool,
    /// What an event is wrapped in.
    pub(super) envelope: Envelope,
    /// Whether the address may be on this machine.
    pub(super) allow_loopback_http: bool,
    /// How long one delivery may take.
    pub(super) timeout: Option<Duration>,
}

impl To {
    /// Makes the callback. Errors in the settings show here, before anything runs.
    pub(super) fn callback(&self, config: &Config) -> Result<Arc<dyn Callback>, CliError> {
        let place = self.place.as_str();
        if self.binary && self.envelope != Envelope::CloudEvent {
            return Err(CliError::usage(
                "`binary` is a form of CloudEvents, and the format is another",
                "leave --binary or --format out",
            ));
        }
        if place != "-" && !place.starts_with("exec:") {
            return self.http();
        }
        if !self.secret_env.is_empty() || self.binary || self.allow_loopback_http {
            return Err(CliError::usage(
                "--secret-env, --binary and --allow-loopback-http are for addresses only",
                "leave them out",
            ));
        }
        match place.strip_prefix("exec:") {
            // Data that people read must not drive their terminal.
            None if terminal::stdout_is_terminal() => {
                Ok(Arc::new(Lines::new(terminal::events()).envelope(self.envelope)))
            }
            None => Ok(Arc::new(Lines::stdout().envelope(self.envelope))),
            Some(line) => self.command(line, config),
        }
    }

    fn command(&self, line: &str, config: &Config) -> Result<Arc<dyn Callback>, CliError> {
        let mut words = shlex::split(line).unwrap_or_default().into_iter();
        let program = words.next().ok_or_else(|| {
            CliError::usage(
                format!("`exec:{line}` does not name a program, or has a quotation mark that is not closed"),
                "write it like --to 'exec:program argument'; for a shell, --to 'exec:sh -c \"…\"'",
            )
        })?;
        // A program that takes events has no business with secrets, neither its own connection's nor others'.
        let command =
            Command::builder(program, words).envelope(self.envelope).hide(config.secret_variables());
        Ok(Arc::new(command.timeout(self.timeout.unwrap_or(Duration::from_secs(60))).build()))
    }

    fn http(&self) -> Result<Arc<dyn Callback>, CliError> {
        let signer = signer(&self.secret_env)?;
        if signer.is_empty() {
            news::warn(
                "events are not signed; name a variable with a signing secret in --secret-env, so that the receiver can tell who sent them",
            );
        }
        let mode = if self.binary { Mode::Binary } else { Mode::Structured };
        let http = Http::builder(&self.place)
            .signer(signer)
            .mode(mode)
            .envelope(self.envelope)
            .timeout(self.timeout.unwrap_or(Duration::from_secs(30)))
            .allow_loopback_http(self.allow_loopback_http)
            .build()
            .map_err(|error| CliError::usage(error.to_string(), error.hint()))?;
        Ok(Arc::new(http))
    }
}

/// Returns a signer with the secrets that the variables hold. Without variables, it signs nothing.
pub(super) fn signer(names: &[String]) -> Result<Signer, CliError> {
    let secrets: Vec<_> = names.iter().map(|name| signing_secret(name)).collect::<Result<_, CliError>>()?;
    Signer::new(secrets).map_err(|error| CliError::usage(error.to_string(), error.hint()))
}

/// Reads the signing secret from a variable. Messages name the variable, never its value.
fn signing_secret(name: &str) -> Result<SecretString, CliError> {
    let secret = secret(name, "signing secret")?;
    let wrong = |error: SecretError| {
        CliError::usage(format!("the signing secret in {name} {}", error.problem()), error.hint())
    };
    Signer::new([secret.clone()]).map_err(wrong)?;
    Ok(secret)
}

/// Reads a secret from a variable.
pub(super) fn secret(name: &str, what: &str) -> Result<SecretString, CliError> {
    if !is_variable_name(name) {
        // The text may be the secret itself.
        return Err(CliError::usage(
            format!("what should be the name of a variable that holds a {what} is not a valid name"),
            "give the name of an environment variable, such as HOOK_SECRET, and put the secret into that variable",
        ));
    }
    let held = Variables::process().var(name).and_then(|held| held.into_string().ok());
    match held {
        Some(secret) if !secret.trim().is_empty() => Ok(secret.into()),
        // A name like this is more likely the secret itself.
        _ if looks_secret(name) => Err(CliError::usage(
            format!("the variable that should hold a {what} is not set or is empty"),
            "give the name of an environment variable, such as HOOK_SECRET, and put the secret into that variable",
        )),
        _ => Err(CliError::usage(
            format!("the variable {name}, which should hold a {what}, is not set or is empty"),
            format!("set {name} to the {what}"),
        )),
    }
}
