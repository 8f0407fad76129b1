//! The vault's key in the platform's keyring: Keychain, Credential Manager, or the Secret Service.
//!
//! The keyring holds only the key; the encrypted entries are in files. Windows' Credential Manager takes at
//! most 2560 bytes, which many tokens exceed, and no keyring has locks.

use std::sync::mpsc;
use std::time::Duration;

use keyring::{Entry, Error};
use secrecy::zeroize::Zeroizing;

use super::VaultError;
use super::file::Key;

/// The name of the keyring's entry.
const SERVICE: &str = "connector";
const USER: &str = "vault key";
/// How long the keyring may take: a locked keyring asks its user for a password, and the user may be away.
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

/// Stores the key.
pub(super) fn keep(key: Key) -> Result<Key, VaultError> {
    let bytes = Zeroizing::new(key.bytes().to_vec());
    ask(move |entry| entry.set_secret(&bytes))?;
    Ok(key)
}

/// Uses the entry on a separate thread: keyrings block, some start a runtime, and some never answer.
fn ask<T: Send + 'static>(
    question: impl FnOnce(&Entry) -> keyring::Result<T> + Send + 'static,
) -> Result<T, VaultError> {
    let (answer, answered) = mpsc::sync_channel(1);
    std::thread::Builder::new()
        .name("keyring".into())
        .spawn(move || {
            let outcome = Entry::new(SERVICE, USER).and_then(|entry| question(&entry));
            // The receiver may have given up.
            let _ = answer.send(outcome.map_err(|error| explain(&error)));
        })
        .map_err(|error| failed(error.to_string()))?;
    answered
        .recv_timeout(PATIENCE)
        .map_err(|_| {
            let error = failed(format!("it did not answer within {} s", PATIENCE.as_secs()));
            // A user who waited this long should know why.
            tracing::warn!(%error, hint = %error.hint());
            error
        })?
        .map_err(failed)
}

/// Describes the error. It is not printed as it is, because some of the library's errors contain the secret.
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
