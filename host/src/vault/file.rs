//! An encrypted vault in a directory that only its user can access.
//!
//! Each entry is an encrypted file, named after a digest of the entry's name and replaced as a whole.
//! [`KeyPlace`] says where the key is kept.
//!
//! # What it protects from
//!
//! - *Other users* of the machine cannot open the files, and files that they could open are refused.
//! - *Anyone who gets the files but not the key*, for example from a backup or a synchronised folder without
//!   the key, or because the key is in the platform's keyring. They learn only the number, length and age of
//!   the entries.
//! - *Anyone who alters or swaps files* without the key: such files are reported as [`VaultError::Damaged`]
//!   and not used.
//!
//! # What it does not protect from
//!
//! - *Programs of the same user*, and the administrator: they can do anything that this program can.
//! - *Anyone who gets the files and the key*: with [`KeyPlace::File`] both are in one directory, so a copy of
//!   the whole directory is a copy of the secrets.
//! - *Anyone who restores an old file*: the vault does not notice that an entry is outdated.
//! - On Windows, files have the access rights of the directory, and these are not checked.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use secrecy::SecretString;

use self::directory::Directory;
use super::{Vault, VaultError, VaultLock};

mod cipher;
mod directory;
mod key;
#[cfg(test)]
mod tests;

pub(super) use cipher::Key;

/// How long to wait before asking a failed keyring again.
const REST: Duration = Duration::from_secs(30);

/// Where the key of a [`FileVault`] is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum KeyPlace {
    /// In the platform's keyring, or in a file if no keyring answers.
    #[default]
    KeyringOrFile,
    /// In the platform's keyring: Keychain, Credential Manager, or the Secret Service. Needs the feature `keyring`.
    Keyring,
    /// In a file beside the entries.
    File,
}

/// Keeps secrets encrypted in a directory. Nothing is created or read before the first use.
///
/// Entries whose key is in a keyring and entries whose key is in a file have separate directories, so a
/// keyring that comes and goes does no harm.
#[derive(Debug)]
pub struct FileVault {
    root: PathBuf,
    place: KeyPlace,
    opened: Mutex<State>,
}

/// The result of the attempts to open the vault.
#[derive(Debug, Default)]
enum State {
    #[default]
    Closed,
    Open(Arc<Opened>),
    /// The keyring did not answer, or refused. It is not asked again until this time: it may be slow, and
    /// every task would wait for it, one after another.
    Locked(VaultError, Instant),
}

#[derive(Debug)]
struct Opened {
    directory: Directory,
    key: Key,
}

impl FileVault {
    /// Creates a vault in this directory. The directory is created on first use, accessible to this user
    /// alone.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, place: KeyPlace) -> Self {
        Self { root: root.into(), place, opened: Mutex::default() }
    }

    /// The directory of the vault.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn opened(&self) -> Result<Arc<Opened>, VaultError> {
        let mut state = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Open(opened) => return Ok(opened.clone()),
            State::Locked(error, until) if Instant::now() < *until => return Err(error.clone()),
            _ => {}
        }
        let outcome = self.open().map(Arc::new);
        *state = match &outcome {
            Ok(opened) => State::Open(opened.clone()),
            Err(error @ VaultError::Keyring { .. }) => State::Locked(error.clone(), Instant::now() + REST),
            Err(_) => State::Closed,
        };
        outcome
    }

    fn open(&self) -> Result<Opened, VaultError> {
        // The root is checked as well: anyone who may write there could replace our directory with another.
        Directory::open(&self.root)?;
        match self.place {
            KeyPlace::File => self.open_with_file(),
            KeyPlace::Keyring => self.open_with_keyring(),
            KeyPlace::KeyringOrFile => match self.open_with_keyring() {
                Err(error @ (VaultError::Keyring { .. } | VaultError::NoKeyring)) => {
                    tracing::debug!(%error, "there is no keyring to be used; the key is kept in a file");
                    self.open_with_file()
                }
                outcome => outcome,
            },
        }
    }

    fn open_with_file(&self) -> Result<Opened, VaultError> {
        let directory = Directory::open(&self.root.join("file"))?;
        let key = key::of_file(&directory)?;
        Ok(Opened { directory, key })
    }

    #[cfg(feature = "keyring")]
    fn open_with_keyring(&self) -> Result<Opened, VaultError> {
        // The keyring is asked first, so that no directory is created without one.
        let found = super::keyring::key()?;
        let directory = Directory::open(&self.root.join("keyring"))?;
        let key = match found {
            Some(key) => key,
            None => {
                let _lock = directory.lock("key")?;
                match super::keyring::key()? {
                    Some(key) => key,
                    None => super::keyring::keep(Key::random()?)?,
                }
            }
        };
        Ok(Opened { directory, key })
    }

    #[cfg(not(feature = "keyring"))]
    #[expect(clippy::unused_self, reason = "the other form needs it")]
    fn open_with_keyring(&self) -> Result<Opened, VaultError> {
        Err(VaultError::NoKeyring)
    }
}

impl Vault for FileVault {
    fn read(&self, name: &str) -> Result<Option<SecretString>, VaultError> {
        let Opened { directory, key } = &*self.opened()?;
        let file = cipher::file_name(name);
        let Some(sealed) = directory.read(&file)? else {
            return Ok(None);
        };
        let damaged = || VaultError::Damaged { location: directory.path(&file).display().to_string() };
        key.open(name, sealed).ok_or_else(damaged).map(Some)
    }

    fn write(&self, name: &str, secret: &SecretString) -> Result<(), VaultError> {
        let Opened { directory, key } = &*self.opened()?;
        directory.replace(&cipher::file_name(name), &key.seal(name, secret)?)
    }

    fn remove(&self, name: &str) -> Result<bool, VaultError> {
        self.opened()?.directory.remove(&cipher::file_name(name))
    }

    fn try_lock(&self, name: &str) -> Result<Option<VaultLock>, VaultError> {
        Ok(self.opened()?.directory.try_lock(&cipher::file_name(name))?.map(VaultLock::new))
    }
}
