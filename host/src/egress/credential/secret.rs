//! Where a secret comes from. It is read each time it is needed, so a replaced secret is noticed.

use std::path::PathBuf;

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::CredentialError;
use crate::config::{Variables, is_variable_name, looks_secret};
use crate::regular;

/// The largest file that is read as a secret, in bytes.
const LARGEST: u64 = 64 << 10;

/// Where a secret is kept.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SecretSource {
    /// In an environment variable.
    Variable(String),
    /// In a regular file of UTF-8. A byte order mark at the beginning and surrounding white space, such as a
    /// final line break, are removed.
    File(PathBuf),
    /// In memory, provided by a program that embeds the host.
    Given(SecretString),
}

impl SecretSource {
    /// Reads the secret. This may wait for a disk.
    ///
    /// # Errors
    /// The secret was not found; the error says where it was expected.
    pub fn read(&self, variables: &Variables) -> Result<SecretString, CredentialError> {
        match self {
            Self::Variable(name) => variable(variables, name),
            Self::File(path) => file(path),
            Self::Given(secret) => Ok(secret.clone()),
        }
    }

    /// Reads the secret from asynchronous code.
    pub(super) async fn fetch(&self, variables: &Variables) -> Result<SecretString, CredentialError> {
        let (source, variables) = (self.clone(), variables.clone());
        let read = tokio::task::spawn_blocking(move || source.read(&variables));
        read.await.unwrap_or(Err(CredentialError::Interrupted))
    }
}

pub(super) fn variable(variables: &Variables, name: &str) -> Result<SecretString, CredentialError> {
    if !is_variable_name(name) {
        return Err(CredentialError::NotAVariable);
    }
    let Some(value) = variables.var(name).filter(|value| !value.is_empty()) else {
        return Err(match looks_secret(name) {
            true => CredentialError::NotAVariable,
            false => CredentialError::MissingVariable { variable: name.into() },
        });
    };
    let value =
        value.into_string().map_err(|_| CredentialError::UnreadableVariable { variable: name.into() })?;
    trimmed(&Zeroizing::new(value)).ok_or_else(|| CredentialError::MissingVariable { variable: name.into() })
}

fn file(path: &std::path::Path) -> Result<SecretString, CredentialError> {
    let failed = |message: &str| CredentialError::SecretFile { path: path.into(), message: message.into() };
    let bytes = regular::read(path, LARGEST).map_err(|error| failed(&error.to_string()))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| failed("it is not UTF-8"))?;
    trimmed(text).ok_or_else(|| failed("it is empty"))
}

fn trimmed(text: &str) -> Option<SecretString> {
    let secret = regular::without_mark(text).trim();
    (!secret.is_empty()).then(|| secret.into())
}
