//! A store in an SQLite file, shared by all processes that use the same state directory.
//!
//! SQLite serialises the processes: each transaction takes the file's only write lock when it begins. The
//! journal is a write-ahead log, which is synchronised with the disk only when SQLite copies it into the
//! file. A process that dies loses nothing; a power failure may lose the last transactions, but never damages
//! the file. Transactions that must survive a power failure ([`Store::transact_on_disk`]) use a second
//! connection, which synchronises the log, including everything written to it before, at each commit. The log
//! is shared through memory, so the file must be on a local disk.
//!
//! Names are claimed by locks on files beside the store, which the system releases when a process ends.

mod claims;
mod filesystem;
mod rows;
mod schema;
mod slots;
mod subscriptions;
mod watches;

#[cfg(test)]
mod tests;

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use self::rows::Rows;
use super::{Claim, Source, Store, StoreError, Work};

/// The name of the store's file in the state directory.
pub const FILE: &str = "connector.sqlite3";

/// A store in an SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    connection: Mutex<Connection>,
    /// The connection that synchronises at each commit, opened when it is first needed.
    synchronised: Mutex<Option<Connection>>,
}

impl SqliteStore {
    /// Opens the store in a state directory. Creates the directory and the file if they do not exist,
    /// accessible only to this user.
    ///
    /// # Errors
    /// [`StoreError::Denied`] if they cannot be created or opened, [`StoreError::Shared`] if the directory is
    /// on a network filesystem, [`StoreError::Newer`] if a later version wrote the file, and
    /// [`StoreError::Corrupt`] if the file is not a valid store; it is then left unchanged.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join(FILE);
        let denied = |error: io::Error| StoreError::Denied {
            location: path.display().to_string(),
            source: Arc::new(error),
        };
        make_directory(directory).map_err(denied)?;
        filesystem::check(directory)?;
        make_file(&path).map_err(denied)?;
        let mut connection = connect(&path, "NORMAL").map_err(|error| explain(&path, error))?;
        schema::migrate(&mut connection, &path)?;
        Ok(Self { path, connection: Mutex::new(connection), synchronised: Mutex::default() })
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Store for SqliteStore {
    /// Ignores the partition: SQLite locks the whole file.
    fn transact(&self, _partition: &str, work: &mut Work<'_>) -> Result<(), StoreError> {
        // A panic in the middle of a transaction has rolled it back.
        self.transact_over(&mut self.connection.lock().unwrap_or_else(PoisonError::into_inner), work)
    }

    fn transact_on_disk(&self, _partition: &str, work: &mut Work<'_>) -> Result<(), StoreError> {
        let mut synchronised = self.synchronised.lock().unwrap_or_else(PoisonError::into_inner);
        let mut connection = match synchronised.take() {
            Some(connection) => connection,
            None => connect(&self.path, "FULL").map_err(|error| explain(&self.path, error))?,
        };
        let done = self.transact_over(&mut connection, work);
        *synchronised = Some(connection);
        done
    }

    fn claim(&self, name: &str) -> Result<Option<Claim>, StoreError> {
        claims::claim(&self.path, name)
    }
}

impl SqliteStore {
    fn transact_over(&self, connection: &mut Connection, work: &mut Work<'_>) -> Result<(), StoreError> {
        let explained = |error| explain(&self.path, error);
        // Immediate, because a transaction that begins by reading may fail to get the lock when it comes to
        // write.
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(explained)?;
        work(&mut Rows::new(&transaction, &self.path))?;
        transaction.commit().map_err(explained)
    }
}

fn make_directory(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Creates the file before SQLite would, so that it is never readable by others. SQLite gives its log the
/// same permissions.
fn make_file(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn connect(path: &Path, synchronous: &str) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.busy_handler(Some(wait_for_lock))?;
    set_journal(&connection)?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    Ok(connection)
}

/// Changes the journal to a write-ahead log, unless it already is one. If several processes try at once,
/// SQLite reports to some that the file is busy without calling [`wait_for_lock`].
fn set_journal(connection: &Connection) -> Result<(), rusqlite::Error> {
    let mut tries = 0;
    loop {
        let changed = connection.pragma_update(None, "journal_mode", "WAL");
        match changed {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && wait_for_lock(tries) =>
            {
                tries += 1;
            }
            other => return other,
        }
    }
}

/// Waits briefly for the lock, and returns whether to try again.
///
/// Transactions take some ten microseconds, so SQLite's own handler, which soon waits 100 ms at a time, would
/// delay requests needlessly.
fn wait_for_lock(tries: i32) -> bool {
    const QUICK: i32 = 100;
    let nap = if tries < QUICK { Duration::from_micros(100) } else { Duration::from_millis(2) };
    sleep(nap);
    // About 10 s.
    tries < 5_000
}

/// Translates an SQLite error for the users of the store.
fn explain(path: &Path, error: rusqlite::Error) -> StoreError {
    let location = path.display().to_string();
    let code = error.sqlite_error_code();
    let unreadable = matches!(
        error,
        rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::FromSqlConversionFailure(..)
    );
    let source: Source = Arc::new(error);
    match code {
        _ if unreadable => StoreError::Corrupt { location, source },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt { location, source }
        }
        Some(ErrorCode::DiskFull) => StoreError::Full { location, source },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
            StoreError::Locked { location, source }
        }
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            StoreError::Denied { location, source }
        }
        _ => StoreError::Failed { location, source },
    }
}
