//! Names that one process at a time may hold: each is a lock on a file of its own.
//!
//! The system releases a lock when the process that holds it ends, for whatever reason, so nothing has to be
//! renewed and nobody waits for a lease to expire. The files stay: if a file were removed just before another
//! process locks it, two processes could hold the same name.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{make_directory, make_file};
use crate::store::{Claim, StoreError};

/// The directory of the lock files, beside the store's file.
const DIRECTORY: &str = "claims";
/// The length at which a file name is cut. A digest of the whole name then keeps it unique.
const LONGEST: usize = 120;

/// Claims a name, if nobody holds it.
pub(super) fn claim(store: &Path, name: &str) -> Result<Option<Claim>, StoreError> {
    let path = path(store, name);
    match lock(&path) {
        Ok(file) => Ok(file.map(Claim::new)),
        Err(error) => {
            let location = path.display().to_string();
            Err(StoreError::Denied { location, source: Arc::new(error) })
        }
    }
}

fn lock(path: &Path) -> io::Result<Option<File>> {
    if let Some(directory) = path.parent() {
        make_directory(directory)?;
    }
    make_file(path)?;
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn path(store: &Path, name: &str) -> PathBuf {
    let directory = store.with_file_name(DIRECTORY);
    directory.join(file_name(name))
}

/// Returns a unique file name for each name, whatever characters the name contains.
fn file_name(name: &str) -> String {
    let mut safe = String::new();
    for byte in name.bytes() {
        match byte {
            // Lower case only: some filesystems are not case-sensitive.
            b'a'..=b'z' | b'0'..=b'9' | b'-' => safe.push(char::from(byte)),
            byte => safe.push_str(&format!("_{byte:02x}")),
        }
    }
    if safe.len() > LONGEST {
        let digest = hmac_sha256::Hash::hash(name.as_bytes());
        safe.truncate(LONGEST);
        safe.push('~');
        digest.iter().take(16).for_each(|byte| safe.push_str(&format!("{byte:02x}")));
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_a_file_of_its_own() {
        let long = |end: &str| format!("{}{end}", "n".repeat(300));
        let names = ["a/b", "a_b", "A/B", "a/b ", "a_2fb", "x", ".", &long("x"), &long("y")];
        let files: std::collections::BTreeSet<String> = names.iter().map(|name| file_name(name)).collect();
        assert_eq!(files.len(), names.len(), "{files:?}");
        assert!(files.iter().all(|file| file.len() < 200 && !file.contains(['/', '.'])), "{files:?}");
    }

    #[test]
    fn a_name_is_free_again_when_its_claim_is_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let store = directory.path().join("store");
        let first = claim(&store, "a/b").unwrap();
        assert!(first.is_some());
        assert!(claim(&store, "a/b").unwrap().is_none());
        assert!(claim(&store, "a/c").unwrap().is_some());
        drop(first);
        assert!(claim(&store, "a/b").unwrap().is_some());
        assert_eq!(std::fs::read_dir(directory.path().join(DIRECTORY)).unwrap().count(), 2);
    }
}
