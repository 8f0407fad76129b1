//! What is secret and outlives a call: tokens, and what a login leaves behind.
//!
//! A [`Vault`] keeps secrets by name, and lets tasks and processes take turns over a name. [`MemoryVault`] ends with
//! the process; [`FileVault`] is for all processes of a user. What an entry means is decided by whoever writes it.

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

/// The first pause between two looks at a lock that is taken; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(1);
/// The longest pause between two looks at a lock.
const LONGEST_PAUSE: Duration = Duration::from_millis(32);

/// How long a thread waits for a lock. A process that is suspended has its locks for good.
const PATIENCE: Duration = Duration::from_secs(30);

/// Keeps secrets between runs, by name.
///
/// The functions may wait for a disk or for another process: in asynchronous code they are called from
/// [`tokio::task::spawn_blocking`]. A name may hold whose secret it is (a tenant, a client id), and never the secret.
pub trait Vault: Send + Sync + fmt::Debug {
    /// What is kept under the name.
    ///
    /// # Errors
    /// The vault cannot be used, or the entry is damaged ([`VaultError::Damaged`]).
    fn read(&self, name: &str) -> Result<Option<SecretString>, VaultError>;

    /// Stores the secret in place of the old one: wholly or not at all.
    ///
    /// # Errors
    /// The vault cannot be used; the old secret is still there.
    fn write(&self, name: &str, secret: &SecretString) -> Result<(), VaultError>;

    /// Forgets what is kept under the name, damaged or not, and says whether there was something.
    ///
    /// # Errors
    /// The vault cannot be used.
    fn remove(&self, name: &str) -> Result<bool, VaultError>;

    /// Takes the name's lock, unless another task or process has it. It guards nothing by itself: whoever reads in order
    /// to write takes it first.
    ///
    /// # Errors
    /// The vault cannot be used.
    fn try_lock(&self, name: &str) -> Result<Option<VaultLock>, VaultError>;

    /// Waits until no other process or task holds the name's lock, and takes it. It blocks, for half a minute at most:
    /// asynchronous code had better ask [`Vault::try_lock`] again and again.
    ///
    /// # Errors
    /// The vault cannot be used, or another does not let go of the lock ([`VaultError::Busy`]).
    fn lock(&self, name: &str) -> Result<VaultLock, VaultError> {
        wait("the vault", || self.try_lock(name))
    }
}

/// Waits for a lock on a thread that may wait.
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

/// The pause after that one, when waiting for a lock; the first is after none.
pub(crate) fn longer(pause: Duration) -> Duration {
    if pause.is_zero() { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) }
}

/// A name's lock; dropping it releases the name, and so does the end of the process, however it ends.
#[must_use = "the lock is released when this is dropped"]
pub struct VaultLock(#[expect(dead_code, reason = "it is there to be dropped")] Box<dyn Any + Send>);

impl VaultLock {
    /// A lock that lasts as long as the guard.
    pub fn new(guard: impl Any + Send) -> Self {
        Self(Box::new(guard))
    }
}

impl fmt::Debug for VaultLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultLock")
    }
}

/// Why a vault did not do what was asked. No variant holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The stored entry was cut short or altered, or was encrypted with another key.
    #[error("the entry in {location} is damaged, or was encrypted with another key")]
    Damaged {
        /// Where it is.
        location: String,
    },
    /// Other users may read or change the stored entries, so they are not used.
    #[error("{location} is accessible to other users: {message}")]
    Exposed {
        /// Where it is.
        location: String,
        /// What is wrong with it.
        message: String,
    },
    /// The operating system does not let the vault be used.
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
    /// The platform's keyring cannot be used, because the feature `keyring` was left out.
    #[error("this program was built without support for the keyring")]
    NoKeyring,
    /// The platform's keyring cannot be used.
    #[error("the keyring cannot be used: {message}")]
    Keyring {
        /// What it said.
        message: String,
    },
    /// The secret is too long to be kept.
    #[error("a secret of {length} bytes is too long to store; the limit is {limit}")]
    TooLong {
        /// Its length, in bytes.
        length: usize,
        /// The most that is kept, in bytes.
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
