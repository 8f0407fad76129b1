//! What must outlive a call, or be agreed between processes.
//!
//! Today that is the slots of a quota ([`Slots`]). The seam is small so that another engine can take the place of
//! [`SqliteStore`]: an engine runs a piece of [`Work`] as one transaction, and offers the few operations of
//! [`Transaction`]. What the rows *mean* is decided by those who use the store, once, and not by each engine.

mod memory;
mod slots;
mod sqlite;

use std::error::Error;
use std::fmt::Debug;
use std::sync::Arc;

pub use self::memory::MemoryStore;
pub use self::slots::{Key, Place, Slot, Slots, Ticket};
pub use self::sqlite::{FILE, SqliteStore};

/// A store: an engine that runs transactions.
pub trait Store: Send + Sync + Debug {
    /// Runs a piece of work as one transaction, serialised with all others that name the same partition, in this
    /// process and in others.
    ///
    /// The partition (such as a quota's bucket) names all that the work may touch, for engines that lock or
    /// compare no more than they must. When the work fails, what it did is undone. An engine may run the work
    /// more than once, if it finds that it was not alone, and counts the last run: the work has no effect outside
    /// the transaction that would matter twice.
    ///
    /// # Errors
    /// Those of the work, and those of beginning and committing.
    fn transact(&self, partition: &str, work: &mut Work<'_>) -> Result<(), StoreError>;

    /// Whether the store is no more than this process's memory: it then never blocks, and ends with the process.
    fn is_local(&self) -> bool {
        false
    }
}

/// What a transaction does.
pub type Work<'a> = dyn FnMut(&mut dyn Transaction) -> Result<(), StoreError> + 'a;

/// What can be done in a transaction. Each concern is a trait of its own.
pub trait Transaction: Slots {}

impl dyn Store + '_ {
    /// Runs a piece of work that has a result. See [`Store::transact`].
    ///
    /// # Errors
    /// Those of [`Store::transact`].
    pub fn run<R>(
        &self,
        partition: &str,
        mut work: impl FnMut(&mut dyn Transaction) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let mut result = None;
        self.transact(partition, &mut |transaction| {
            result = Some(work(transaction)?);
            Ok(())
        })?;
        result.ok_or_else(|| StoreError::Failed {
            location: partition.to_owned(),
            source: Arc::from(Box::from("the store did not run the transaction")),
        })
    }
}

/// Why the store did not do what was asked. Nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store holds something else than what was written. It is never recreated by itself: that would forget
    /// calls that count, and what was not yet delivered.
    #[error(
        "the state in {location} is damaged ({source}); restore it, or move it away to start with an empty state"
    )]
    Corrupt {
        /// Where the store is.
        location: String,
        /// What the engine said.
        source: Source,
    },
    /// There is no space left.
    #[error("no space is left for the state in {location} ({source}); free some space and try again")]
    Full {
        /// Where the store is.
        location: String,
        /// What the engine said.
        source: Source,
    },
    /// Another process held the store for too long.
    #[error(
        "the state in {location} is locked by another process ({source}); \
         try again, or end the process that holds it"
    )]
    Locked {
        /// Where the store is.
        location: String,
        /// What the engine said.
        source: Source,
    },
    /// The store was written by a later version of this program.
    #[error(
        "the state in {location} has version {found}, and this program knows versions up to {known}; \
         use the newer program, or another state directory"
    )]
    Newer {
        /// Where the store is.
        location: String,
        /// The version of what is there.
        found: i64,
        /// The latest version that this program knows.
        known: i64,
    },
    /// The store may not be opened or written.
    #[error(
        "the state in {location} cannot be opened for writing ({source}); \
         check that it is a place of yours, on a local disk"
    )]
    Denied {
        /// Where the store is.
        location: String,
        /// What the operating system or the engine said.
        source: Source,
    },
    /// Anything else.
    #[error("the state in {location} cannot be used ({source})")]
    Failed {
        /// Where the store is.
        location: String,
        /// What the engine said.
        source: Source,
    },
}

/// An engine's own error. It is shared, because one failure may end the wait of many.
pub type Source = Arc<dyn Error + Send + Sync>;
