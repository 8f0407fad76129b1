//! Where each watched trigger goes on.

use super::StoreError;
use crate::clock::Timestamp;

/// What a transaction can do with the progress of watches.
///
/// A *watch* is a trigger of a connection that somebody waits for, under a name of its own. Its name is the partition
/// of all transactions on it.
pub trait Checkpoints {
    /// How far a watch is; none if it has never begun.
    ///
    /// # Errors
    /// When the store fails.
    fn progress(&mut self, watch: &str) -> Result<Option<Progress>, StoreError>;

    /// Notes how far a watch is.
    ///
    /// # Errors
    /// When the store fails.
    fn set_progress(&mut self, watch: &str, progress: &Progress) -> Result<(), StoreError>;

    /// The names of all watches, in order. Not to be joined with anything else in a transaction.
    ///
    /// # Errors
    /// When the store fails.
    fn watches(&mut self) -> Result<Vec<String>, StoreError>;

    /// Forgets a watch, with all its events.
    ///
    /// # Errors
    /// When the store fails.
    fn forget(&mut self, watch: &str) -> Result<(), StoreError>;
}

/// How far a watch is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Where the next poll goes on, in the connector's own words; none before the first poll.
    pub checkpoint: Option<String>,
    /// Since when every delivery has failed; none if the last one succeeded.
    pub failing_since: Option<Timestamp>,
    /// Why nothing is delivered any more, if the receiver wanted no more.
    pub stopped: Option<String>,
    /// When the watch was started for the first time, by this machine's clock: events count from then on, unless told
    /// otherwise. None if that was never noted.
    pub begun: Option<Timestamp>,
}
