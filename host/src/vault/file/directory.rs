//! Files that only this user can access. They are checked when opened, replaced as a whole, and locked with
//! the operating system's locks.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::regular;
use crate::vault::{VaultError, wait};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 256 << 10;
/// The prefix of files that are not yet complete.
const UNFINISHED: &str = ".new-";
/// An unfinished file older than this was left behind by a process that died.
const ABANDONED: Duration = Duration::from_secs(3600);

/// A directory that only this user can access.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
}

impl Directory {
    /// Opens the directory, creating it and its parents if needed.
    pub(super) fn open(path: &Path) -> Result<Self, VaultError> {
        let directory = Self { path: path.into() };
        let denied = |error| directory.denied(error);
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(denied)?;
        let metadata = fs::symlink_metadata(path).map_err(denied)?;
        if !metadata.is_dir() {
            return Err(denied(ErrorKind::NotADirectory.into()));
        }
        check(path, &metadata)?;
        directory.sweep();
        Ok(directory)
    }

    /// The path of a file in it.
    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.path.join(file)
    }

    /// Returns the contents of the file, if it exists.
    pub(super) fn read(&self, file: &str) -> Result<Option<Vec<u8>>, VaultError> {
        let path = self.path(file);
        let file = match regular::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.denied(error)),
        };
        let metadata = file.metadata().map_err(|error| self.denied(error))?;
        check(&path, &metadata)?;
        let mut bytes = Vec::new();
        if metadata.is_file() {
            file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| self.denied(error))?;
        }
        if !metadata.is_file() || bytes.len() as u64 > LARGEST {
            return Err(VaultError::Damaged { location: path.display().to_string() });
        }
        Ok(Some(bytes))
    }

    /// Replaces a file atomically: readers see either the old file or the new one, even after a power
    /// failure.
    pub(super) fn replace(&self, file: &str, bytes: &[u8]) -> Result<(), VaultError> {
        let write = || {
            // On Unix it is created accessible to its owner alone.
            let mut new = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&self.path)?;
            new.write_all(bytes)?;
            new.as_file().sync_all()?;
            new.persist(self.path(file)).map_err(|error| error.error)?;
            #[cfg(unix)]
            File::open(&self.path)?.sync_all()?;
            Ok(())
        };
        write().map_err(|error| self.denied(error))
    }

    /// Removes the file. Returns whether there was one.
    pub(super) fn remove(&self, file: &str) -> Result<bool, VaultError> {
        match fs::remove_file(self.path(file)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.denied(error)),
        }
    }

    /// Takes the lock named after the file, if it is free. The lock is released when the result is dropped,
    /// or by the operating system when the process ends.
    pub(super) fn try_lock(&self, file: &str) -> Result<Option<File>, VaultError> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // The lock file is never removed: otherwise two processes could lock two different files of the same
        // name.
        let file = options.open(self.path(&format!("{file}.lock"))).map_err(|error| self.denied(error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(self.denied(error)),
        }
    }

    /// Waits for the lock, for a bounded time, and takes it.
    pub(super) fn lock(&self, file: &str) -> Result<File, VaultError> {
        wait(&self.path(file).display().to_string(), || self.try_lock(file))
    }

    /// Removes files left behind by processes that died while writing.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.path) else { return };
        for entry in entries.flatten() {
            let unfinished = entry.file_name().to_str().is_some_and(|name| name.starts_with(UNFINISHED));
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|modified| SystemTime::now().duration_since(modified).ok());
            if unfinished && age.is_some_and(|age| age > ABANDONED) {
                // A file that cannot be removed only wastes space.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn denied(&self, error: io::Error) -> VaultError {
        VaultError::Denied { location: self.path.display().to_string(), source: Arc::new(error) }
    }
}

/// Refuses anything that is not owned by this user, or that others may read or write.
#[cfg(unix)]
fn check(path: &Path, metadata: &Metadata) -> Result<(), VaultError> {
    use std::os::unix::fs::MetadataExt;
    let mode = metadata.mode() & 0o7777;
    let message = if metadata.uid() != rustix::process::geteuid().as_raw() {
        "it belongs to another user".to_owned()
    } else if mode & 0o077 != 0 {
        format!("others have rights to it (its mode is {mode:o})")
    } else {
        return Ok(());
    };
    Err(VaultError::Exposed { location: path.display().to_string(), message })
}

/// On other platforms, access rights come from the user's own directories.
#[cfg(not(unix))]
fn check(_: &Path, _: &Metadata) -> Result<(), VaultError> {
    Ok(())
}
