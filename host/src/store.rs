//! What must outlive a call, or be agreed between processes.
//!
//! That is the slots of a quota ([`Slots`]), where each trigger goes on ([`Checkpoints`]), the events that have not
//! reached their callbacks ([`Outbox`]), and who was asked to notify us ([`Subscriptions`]). The seam is small so that another engine can take the place of
//! [`SqliteStore`]: an engine runs a piece of [`Work`] as one transaction, offers the few operations of
//! [`Transaction`], and lets one process at a time have a name ([`Store::claim`]). What the rows *mean* is decided by
//! those who use the store, once, and not by each engine.

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

    /// As [`Store::transact`], but once it has returned, the machine may lose its power and nothing of the work is
    /// lost. An engine that always works like that needs no other.
    ///
    /// # Errors
    /// As [`Store::transact`].
    fn transact_on_disk(&self, partition: &str, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.transact(partition, work)
    }

    /// Takes a name for this holder alone, until the claim is dropped or the process ends, however it ends; none
    /// while another has it.
    ///
    /// # Errors
    /// When the store fails.
    fn claim(&self, name: &str) -> Result<Option<Claim>, StoreError>;

    /// Whether the store is no more than this process's memory: it then never blocks, and ends with the process.
    fn is_local(&self) -> bool {
        false
    }
}

/// What a transaction does.
pub type Work<'a> = dyn FnMut(&mut dyn Transaction) -> Result<(), StoreError> + 'a;

/// What can be done in a transaction. Each concern is a trait of its own.
pub trait Transaction: Slots + Checkpoints + Outbox + Subscriptions {}

/// A name that is taken. Dropping it gives it back.
pub struct Claim {
    _held: Box<dyn Any + Send + Sync>,
}

impl Claim {
    /// A claim that lasts as long as what stands behind it.
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
        result.ok_or_else(|| did_not_run(partition))
    }

    /// As [`Store::transact_on_disk`], of a piece of work that has a result.
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
         check that you may write there, and that it is on a local disk"
    )]
    Denied {
        /// Where the store is.
        location: String,
        /// What the operating system or the engine said.
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
    /// Anything else.
    #[error("the state in {location} cannot be used ({source})")]
    Failed {
        /// Where the store is.
        location: String,
        /// What the engine said.
        source: Source,
    },
}

impl StoreError {
    /// What to do next.
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

    /// Whether trying again later may help, without anybody looking into it.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Locked { .. } | Self::Failed { .. })
    }
}

/// An engine's own error. It is shared, because one failure may end the wait of many.
pub type Source = Arc<dyn Error + Send + Sync>;
