//! A vault in a directory that is the user's alone, encrypted.
//!
//! Each entry is a file, named after a digest of its name, replaced as a whole, and encrypted; the key is elsewhere, as
//! [`KeyPlace`] says.
//!
//! # What it protects from
//!
//! - *Other users* of the machine cannot open the files, and files that they could open are refused.
//! - *Whoever gets the files and not the key*, such as from a backup or a synchronised folder that leaves the key out,
//!   or with a key in the platform's keyring: they learn how many entries there are, how long and how old.
//! - *Whoever alters or swaps files* without the key: what they leave is [`VaultError::Damaged`], and is not used.
//!
//! # What it does not protect from
//!
//! - *Programs of the same user*, and the administrator: they can do whatever this program can.
//! - *Whoever gets the files and the key*: with [`KeyPlace::File`] both are in one directory, so that a copy of the whole
//!   directory is a copy of the secrets.
//! - *Whoever puts back an old file*: an entry may be an old one.
//! - On Windows, rights are those of the directory, and are not checked.

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

/// How long a keyring that failed is left alone.
const REST: Duration = Duration::from_secs(30);

/// Where the key of a [`FileVault`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum KeyPlace {
    /// In the platform's keyring; in a file if no keyring answers.
    #[default]
    KeyringOrFile,
    /// In the platform's keyring: Keychain, Credential Manager, or the Secret Service. Needs the feature `keyring`.
    Keyring,
    /// In a file beside the entries.
    File,
}

/// Keeps secrets in a directory, encrypted. Nothing is made or read before the first use.
///
/// Entries whose key is in a keyring and those whose key is in a file are in directories of their own, so that a
/// keyring that comes and goes spoils nothing.
#[derive(Debug)]
pub struct FileVault {
    root: PathBuf,
    place: KeyPlace,
    opened: Mutex<State>,
}

/// What came of the attempts to open it.
#[derive(Debug, Default)]
enum State {
    #[default]
    Closed,
    Open(Arc<Opened>),
    /// The keyring did not answer, or only to say no. It is left alone until then: it may take its time, and every task
    /// would wait for that, one after another.
    Locked(VaultError, Instant),
}

#[derive(Debug)]
struct Opened {
    directory: Directory,
    key: Key,
}

impl FileVault {
    /// A vault in that directory, which is made, for this user alone, when it is first needed.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, place: KeyPlace) -> Self {
        Self { root: root.into(), place, opened: Mutex::default() }
    }

    /// The directory.
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
        // The root is checked as well: whoever may write there could put another directory in the place of ours.
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
        // The keyring is asked first: without one, no directory is made.
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
