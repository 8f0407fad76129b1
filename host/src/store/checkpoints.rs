//! The point from which each watched trigger continues.

use super::StoreError;
use crate::clock::Timestamp;

/// The operations of a transaction on the progress of watches.
///
/// A *watch* is a trigger of a connection whose events somebody waits for. It has a name of its own, which is
/// the partition of all transactions on it.
pub trait Checkpoints {
    /// Returns the progress of a watch; `None` if it has never started.
    ///
    /// # Errors
    /// If the store fails.
    fn progress(&mut self, watch: &str) -> Result<Option<Progress>, StoreError>;

    /// Stores the progress of a watch.
    ///
    /// # Errors
    /// If the store fails.
    fn set_progress(&mut self, watch: &str, progress: &Progress) -> Result<(), StoreError>;

    /// Returns the names of all watches, in order. Must be the only operation of its transaction.
    ///
    /// # Errors
    /// If the store fails.
    fn watches(&mut self) -> Result<Vec<String>, StoreError>;

    /// Removes a watch with all its events.
    ///
    /// # Errors
    /// If the store fails.
    fn forget(&mut self, watch: &str) -> Result<(), StoreError>;
}

/// The progress of a watch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// The checkpoint from which the next poll continues, opaque to the host; `None` before the first poll.
    pub checkpoint: Option<String>,
    /// The time since which every delivery has failed; `None` if the last one succeeded.
    pub failing_since: Option<Timestamp>,
    /// The receiver's reason, if it asked for no more events.
    pub stopped: Option<String>,
    /// When the watch was started for the first time, by this machine's clock. Events count from then on by
    /// default. `None` if that time was never recorded.
    pub begun: Option<Timestamp>,
}
