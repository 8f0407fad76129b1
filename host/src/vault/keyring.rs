//! The vault's key in the platform's keyring: Keychain, Credential Manager, or the Secret Service.
//!
//! Only the key is there, and what it encrypts is in files: Windows' Credential Manager takes no more than 2560 bytes,
//! which many a token exceeds, and no keyring has locks.

use std::sync::mpsc;
use std::time::Duration;

use keyring::{Entry, Error};
use secrecy::zeroize::Zeroizing;

use super::VaultError;
use super::file::Key;

/// What the entry goes by.
const SERVICE: &str = "connector";
const USER: &str = "vault key";
/// How long the keyring may take: one that is locked asks its user for a password, who may not be there.
const PATIENCE: Duration = Duration::from_secs(10);

/// The key, if there is one.
pub(super) fn key() -> Result<Option<Key>, VaultError> {
    let found = ask(|entry| match entry.get_secret() {
        Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error),
    })?;
    let Some(bytes) = found else { return Ok(None) };
    let foreign = || failed(format!("its entry `{SERVICE}`, `{USER}` is no key; remove it"));
    Key::of_bytes(&bytes).ok_or_else(foreign).map(Some)
}

/// Keeps the key.
pub(super) fn keep(key: Key) -> Result<Key, VaultError> {
    let bytes = Zeroizing::new(key.bytes().to_vec());
    ask(move |entry| entry.set_secret(&bytes))?;
    Ok(key)
}

/// Does something with the entry on a thread of its own: keyrings block, some start a runtime, and some never answer.
fn ask<T: Send + 'static>(
    question: impl FnOnce(&Entry) -> keyring::Result<T> + Send + 'static,
) -> Result<T, VaultError> {
    let (answer, answered) = mpsc::sync_channel(1);
    std::thread::Builder::new()
        .name("keyring".into())
        .spawn(move || {
            let outcome = Entry::new(SERVICE, USER).and_then(|entry| question(&entry));
            // Nobody may be waiting any more.
            let _ = answer.send(outcome.map_err(|error| explain(&error)));
        })
        .map_err(|error| failed(error.to_string()))?;
    answered
        .recv_timeout(PATIENCE)
        .map_err(|_| {
            let error = failed(format!("it did not answer within {} s", PATIENCE.as_secs()));
            // Whoever waited for that long should know why.
            tracing::warn!(%error, hint = %error.hint());
            error
        })?
        .map_err(failed)
}

/// In words; some of the library's errors hold what was kept.
fn explain(error: &Error) -> String {
    match error {
        Error::BadEncoding(_) | Error::BadDataFormat(..) => "its entry is damaged".into(),
        Error::NoDefaultStore => "this platform has none".into(),
        error => error.to_string(),
    }
}

fn failed(message: impl Into<String>) -> VaultError {
    VaultError::Keyring { message: message.into() }
}
