//! The state that must outlive a call or be shared between processes.
//!
//! It holds the slots of a quota ([`Slots`]), the point from which each trigger continues ([`Checkpoints`]),
//! the events that have not reached their callbacks ([`Outbox`]), and the subscriptions at APIs that notify
//! us ([`Subscriptions`]). The interface is small so that another engine can replace [`SqliteStore`]: an
//! engine runs a piece of [`Work`] as one transaction, offers the few operations of [`Transaction`], and lets
//! one process at a time hold a name ([`Store::claim`]). The users of the store decide what the rows *mean*,
//! once for all engines.

mod checkpoints;
mod memory;
mod outbox;
mod slots;
mod sqlite;
mod subscriptions;
mod threads;

use std::any::Any;
use std::error::Error;
use std::fmt::Debug;
use std::sync::Arc;

use crate::remedy::Remedy;

pub use self::checkpoints::{Checkpoints, Progress};
pub use self::memory::MemoryStore;
pub use self::outbox::{Backlog, Found, Outbox, Page, Stored, Trouble};
pub use self::slots::{Key, Place, Slot, Slots, Ticket};
pub use self::sqlite::{FILE, SqliteStore};
pub use self::subscriptions::{Subscription, SubscriptionState, Subscriptions};
pub(crate) use self::threads::aside;

/// A store: an engine that runs transactions.
pub trait Store: Send + Sync + Debug {
    /// Runs a piece of work as one transaction. Transactions that name the same partition are serialised,
    /// within this process and across processes.
    ///
    /// The partition (such as a quota's bucket) names everything that the work may touch, so that an engine
    /// need not lock or compare more. If the work fails, its changes are undone. An engine may run the work
    /// more than once if it detects a conflict, and only the last run counts, so the work must not have
    /// effects outside the transaction that matter if repeated.
    ///
    /// # Errors
    /// Those of the work, and failures to begin or commit the transaction.
    fn transact(&self, partition: &str, work: &mut Work<'_>) -> Result<(), StoreError>;

    /// Like [`Store::transact`], but once this has returned, the work survives even a power failure. The
    /// default calls [`Store::transact`], which suffices for an engine whose transactions are always that
    /// durable.
    ///
    /// # Errors
    /// Those of [`Store::transact`].
    fn transact_on_disk(&self, partition: &str, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.transact(partition, work)
    }

    /// Claims a name exclusively, until the claim is dropped or the process ends for whatever reason. Returns
    /// `None` while another holder has the name.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    fn claim(&self, name: &str) -> Result<Option<Claim>, StoreError>;

    /// Returns whether the store is only in this process's memory. Such a store never blocks, and ends with
    /// the process.
    fn is_local(&self) -> bool {
        false
    }
}

/// The work that a transaction does.
pub type Work<'a> = dyn FnMut(&mut dyn Transaction) -> Result<(), StoreError> + 'a;

/// The operations of a transaction. Each concern is a trait of its own.
pub trait Transaction: Slots + Checkpoints + Outbox + Subscriptions {}

/// A claimed name. Dropping the claim releases the name.
pub struct Claim {
    _held: Box<dyn Any + Send + Sync>,
}

impl Claim {
    /// Creates a claim that lasts until `held` is dropped with it.
    pub fn new(held: impl Any + Send + Sync) -> Self {
        Self { _held: Box::new(held) }
    }
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Claim")
    }
}

impl dyn Store + '_ {
    /// Runs a piece of work as a transaction and returns its result. See [`Store::transact`].
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
        result.ok_or_else(|| did_not_run(partition))
    }

    /// Like [`Store::transact_on_disk`], but returns the result of the work.
    ///
    /// # Errors
    /// Those of [`Store::transact_on_disk`].
    pub fn run_on_disk<R>(
        &self,
        partition: &str,
        mut work: impl FnMut(&mut dyn Transaction) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let mut result = None;
        self.transact_on_disk(partition, &mut |transaction| {
            result = Some(work(transaction)?);
            Ok(())
        })?;
        result.ok_or_else(|| did_not_run(partition))
    }
}

fn did_not_run(partition: &str) -> StoreError {
    StoreError::Failed {
        location: partition.to_owned(),
        source: Arc::from(Box::from("the store did not run the transaction")),
    }
}

/// Why an operation of the store failed. Nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store's content is damaged. The store is never recreated automatically: that would forget calls
    /// that count against quotas, and events that were not yet delivered.
    #[error(
        "the state in {location} is damaged ({source}); restore it, or move it away to start with an empty state"
    )]
    Corrupt {
        /// Where the store is.
        location: String,
        /// The engine's error.
        source: Source,
    },
    /// There is no space left.
    #[error("no space is left for the state in {location} ({source}); free some space and try again")]
    Full {
        /// Where the store is.
        location: String,
        /// The engine's error.
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
        /// The engine's error.
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
        /// The version of the stored state.
        found: i64,
        /// The latest version that this program knows.
        known: i64,
    },
    /// The store cannot be opened or written, for lack of permission for example.
    #[error(
        "the state in {location} cannot be opened for writing ({source}); \
         check that you may write there, and that it is on a local disk"
    )]
    Denied {
        /// Where the store is.
        location: String,
        /// The error of the operating system or the engine.
        source: Source,
    },
    /// The store would be on a filesystem that several machines share, where its locks do not work.
    #[error(
        "the state cannot be kept in {location}, which is on a network filesystem ({filesystem}): locks do not work there"
    )]
    Shared {
        /// Where the store would be.
        location: String,
        /// The filesystem, such as NFS.
        filesystem: String,
    },
    /// The store failed in another way.
    #[error("the state in {location} cannot be used ({source})")]
    Failed {
        /// Where the store is.
        location: String,
        /// The engine's error.
        source: Source,
    },
}

impl StoreError {
    /// Returns what the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Remedy {
        let words = match self {
            Self::Corrupt { .. } => {
                "restore it from a backup; if you move it away, a new one is made, triggers begin anew, and undelivered events are lost"
            }
            Self::Full { .. } => "free some space on its disk; nothing that was stored is lost",
            Self::Locked { .. } => "end the process that locks it, or wait for it",
            Self::Newer { .. } => "use the newer program, or set CONNECTOR_STATE_DIR to another directory",
            Self::Denied { .. } | Self::Shared { .. } => {
                "set CONNECTOR_STATE_DIR to a directory on a local disk that you may write to"
            }
            Self::Failed { .. } => "check the disk, and whether you may write to the file",
        };
        words.into()
    }

    /// Returns whether trying again later may help without anybody's intervention.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Locked { .. } | Self::Failed { .. })
    }
}

/// An engine's own error. It is shared, because one failure may end the wait of several callers.
pub type Source = Arc<dyn Error + Send + Sync>;
