//! Secrets that outlive a call: tokens, and the refresh tokens of logins.
//!
//! A [`Vault`] keeps secrets by name, and has a lock for each name, so that tasks and processes take turns.
//! [`MemoryVault`] ends with the process; [`FileVault`] is shared by all processes of a user. The writer of
//! an entry decides what it means.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::SecretString;

use crate::remedy::Remedy;

mod file;
#[cfg(feature = "keyring")]
mod keyring;
mod memory;
#[cfg(test)]
mod tests;

pub use file::{FileVault, KeyPlace};
pub use memory::MemoryVault;

/// The first pause between two attempts to take a lock; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(1);
/// The longest pause between two attempts to take a lock.
const LONGEST_PAUSE: Duration = Duration::from_millis(32);

/// How long a thread waits for a lock. The wait is bounded because a suspended process never releases its
/// locks.
const PATIENCE: Duration = Duration::from_secs(30);

/// Keeps secrets between runs, by name.
///
/// The functions may wait for a disk or for another process, so asynchronous code must call them from
/// [`tokio::task::spawn_blocking`]. A name may say whose secret it is (a tenant, a client id), but must never
/// contain the secret.
pub trait Vault: Send + Sync + fmt::Debug {
    /// Returns the secret stored under the name, if there is one.
    ///
    /// # Errors
    /// The vault cannot be used, or the entry is damaged ([`VaultError::Damaged`]).
    fn read(&self, name: &str) -> Result<Option<SecretString>, VaultError>;

    /// Stores the secret under the name, replacing any old one. It is stored completely or not at all.
    ///
    /// # Errors
    /// The vault cannot be used; the old secret is kept.
    fn write(&self, name: &str, secret: &SecretString) -> Result<(), VaultError>;

    /// Removes the entry of this name, even a damaged one. Returns whether there was one.
    ///
    /// # Errors
    /// The vault cannot be used.
    fn remove(&self, name: &str) -> Result<bool, VaultError>;

    /// Takes the name's lock; `None` if another task or process holds it. The lock is advisory: take it
    /// before reading an entry in order to replace it.
    ///
    /// # Errors
    /// The vault cannot be used.
    fn try_lock(&self, name: &str) -> Result<Option<VaultLock>, VaultError>;

    /// Waits until no other process or task holds the name's lock, and takes it. This blocks for up to half a
    /// minute, so asynchronous code should poll [`Vault::try_lock`] instead.
    ///
    /// # Errors
    /// The vault cannot be used, or the lock is not released in time ([`VaultError::Busy`]).
    fn lock(&self, name: &str) -> Result<VaultLock, VaultError> {
        wait("the vault", || self.try_lock(name))
    }
}

/// Waits for a lock. Blocks the thread.
fn wait<L>(
    location: &str,
    mut try_lock: impl FnMut() -> Result<Option<L>, VaultError>,
) -> Result<L, VaultError> {
    let until = Instant::now() + PATIENCE;
    let mut pause = Duration::ZERO;
    loop {
        if let Some(lock) = try_lock()? {
            return Ok(lock);
        }
        if Instant::now() >= until {
            return Err(VaultError::Busy { location: location.into(), seconds: PATIENCE.as_secs() });
        }
        pause = longer(pause);
        std::thread::sleep(pause);
    }
}

/// The pause that follows `pause` while waiting for a lock. Start with zero.
pub(crate) fn longer(pause: Duration) -> Duration {
    if pause.is_zero() { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) }
}

/// The lock of a name. It is released when it is dropped, or when the process ends, however it ends.
#[must_use = "the lock is released when this is dropped"]
pub struct VaultLock(#[expect(dead_code, reason = "it is there to be dropped")] Box<dyn Any + Send>);

impl VaultLock {
    /// Creates a lock that holds until `guard` is dropped.
    pub fn new(guard: impl Any + Send) -> Self {
        Self(Box::new(guard))
    }
}

impl fmt::Debug for VaultLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultLock")
    }
}

/// Why a vault operation failed. No variant holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The stored entry was cut short or altered, or was encrypted with another key.
    #[error("the entry in {location} is damaged, or was encrypted with another key")]
    Damaged {
        /// Where the vault keeps it.
        location: String,
    },
    /// Other users may read or change the stored entries, so they are not used.
    #[error("{location} is accessible to other users: {message}")]
    Exposed {
        /// Where the vault keeps it.
        location: String,
        /// What is wrong with its owner or permissions.
        message: String,
    },
    /// The operating system does not allow the vault to be used.
    #[error("cannot store secrets in {location}: {source}")]
    Denied {
        /// Where the vault is.
        location: String,
        /// What the operating system said.
        source: Arc<std::io::Error>,
    },
    /// Another process holds a lock and does not release it.
    #[error("another process has held the lock of {location} for {seconds} s")]
    Busy {
        /// What is locked.
        location: String,
        /// How long this process waited, in seconds.
        seconds: u64,
    },
    /// The platform's keyring cannot be used, because the feature `keyring` is not enabled.
    #[error("this program was built without support for the keyring")]
    NoKeyring,
    /// The platform's keyring cannot be used.
    #[error("the keyring cannot be used: {message}")]
    Keyring {
        /// What the keyring reported.
        message: String,
    },
    /// The secret is too long to store.
    #[error("a secret of {length} bytes is too long to store; the limit is {limit}")]
    TooLong {
        /// The length of the secret, in bytes.
        length: usize,
        /// The longest secret that can be stored, in bytes.
        limit: usize,
    },
}

impl VaultError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Remedy {
        match self {
            Self::Damaged { location } => format!("remove {location}, and sign in again").into(),
            Self::Exposed { location, .. } => format!(
                "make it accessible to you alone (`chmod -R go= {location}`), or remove it and sign in again"
            )
            .into(),
            Self::Denied { .. } => {
                "check that you may write to the directory, and that it is on a local disk with free space"
                    .into()
            }
            Self::Busy { .. } => Remedy::EndOtherProgram,
            Self::NoKeyring | Self::Keyring { .. } => Remedy::KeepSecretsInFile,
            Self::TooLong { .. } => "check what provides the secret".into(),
        }
    }
}
