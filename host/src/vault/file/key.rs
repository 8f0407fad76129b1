//! A key in a file beside what it encrypts.

use secrecy::zeroize::Zeroizing;

use super::cipher::Key;
use super::directory::Directory;
use crate::vault::VaultError;

/// The file's name.
const FILE: &str = "key";

/// Returns the directory's key, and creates it if there is none. A damaged key is never replaced
/// automatically: everything that it opens would be lost.
pub(super) fn of_file(directory: &Directory) -> Result<Key, VaultError> {
    if let Some(key) = read(directory)? {
        return Ok(key);
    }
    // Several processes may start at once, and must agree on one key.
    let _lock = directory.lock(FILE)?;
    if let Some(key) = read(directory)? {
        return Ok(key);
    }
    let key = Key::random()?;
    directory.replace(FILE, key.bytes())?;
    Ok(key)
}

fn read(directory: &Directory) -> Result<Option<Key>, VaultError> {
    let Some(bytes) = directory.read(FILE)? else { return Ok(None) };
    let damaged = || VaultError::Damaged { location: directory.path(FILE).display().to_string() };
    Key::of_bytes(&Zeroizing::new(bytes)).ok_or_else(damaged).map(Some)
}
