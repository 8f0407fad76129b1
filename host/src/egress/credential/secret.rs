//! Where a secret comes from. It is read when it is needed, so that one that was replaced is found.

use std::path::PathBuf;

use secrecy::SecretString;
use secrecy::zeroize::Zeroize;

use super::CredentialError;
use crate::config::Variables;

/// The largest file that is taken for a secret, in bytes.
const LARGEST: u64 = 64 << 10;

/// Where a secret is kept.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SecretSource {
    /// In an environment variable.
    Variable(String),
    /// In a file. White space around it, such as a final line break, is left out.
    File(PathBuf),
    /// In memory, given by a program that embeds the host.
    Given(SecretString),
}

impl SecretSource {
    /// The secret.
    ///
    /// # Errors
    /// There is none, and where it was looked for.
    pub fn read(&self, variables: &Variables) -> Result<SecretString, CredentialError> {
        match self {
            Self::Variable(name) => variable(variables, name),
            Self::File(path) => file(path),
            Self::Given(secret) => Ok(secret.clone()),
        }
    }
}

pub(super) fn variable(variables: &Variables, name: &str) -> Result<SecretString, CredentialError> {
    let Some(value) = variables.var(name).filter(|value| !value.is_empty()) else {
        return Err(CredentialError::MissingVariable { variable: name.into() });
    };
    let value =
        value.into_string().map_err(|_| CredentialError::UnreadableVariable { variable: name.into() })?;
    trimmed(value).ok_or_else(|| CredentialError::MissingVariable { variable: name.into() })
}

fn file(path: &std::path::Path) -> Result<SecretString, CredentialError> {
    let failed = |message: String| CredentialError::SecretFile { path: path.into(), message: message.into() };
    let length = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if length > LARGEST {
        return Err(failed(format!("it has {length} bytes, too many for a secret")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    trimmed(text).ok_or_else(|| failed("it is empty".into()))
}

fn trimmed(mut text: String) -> Option<SecretString> {
    let secret = text.trim().to_owned();
    text.zeroize();
    (!secret.is_empty()).then(|| secret.into())
}
