//! The errors with which a watch ends.

use crate::call::CallError;
use crate::failure::{Failure, FailureCase};
use crate::remedy::Remedy;
use crate::store::StoreError;
use crate::times::SinceError;

/// Why a watch cannot continue. Nothing is lost: the events that were found wait in the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// Another process or task runs the watch.
    #[error("{watch} is watched already, by another process or task")]
    Busy {
        /// The name of the watch.
        watch: String,
    },
    /// The receiver has asked for no more events.
    #[error("{watch} was stopped by its receiver: {reason}")]
    Stopped {
        /// The name of the watch.
        watch: String,
        /// The reason that the receiver gave.
        reason: String,
    },
    /// There is no callback to deliver to.
    #[error("the watch has no callback to deliver events to")]
    NoCallback,
    /// The start time from which events count is not valid.
    #[error("{0}")]
    Since(SinceError),
    /// The connector cannot be polled.
    #[error("{watch} cannot be polled: {error}")]
    Poll {
        /// The name of the watch.
        watch: String,
        /// Why the poll failed.
        error: Box<CallError>,
    },
    /// The store cannot be used, and waiting will not help.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something that belongs to the watch panicked, such as its observer.
    #[error("{watch} broke off: {words}")]
    Panicked {
        /// The name of the watch.
        watch: String,
        /// The message of the panic.
        words: String,
    },
    /// Some events could not be delivered for now.
    #[error("events of {watch} could not be delivered, and {waiting} wait: {reason}")]
    Undelivered {
        /// The name of the watch.
        watch: String,
        /// How many events still wait.
        waiting: u64,
        /// Why the first of them was not delivered.
        reason: String,
    },
}

impl WatchError {
    /// Returns what the user can do about it, if anything.
    #[must_use]
    pub fn hint(&self) -> Option<Remedy> {
        Some(match self {
            Self::Busy { .. } => {
                "end the other one first: only one at a time may watch, which keeps events in order".into()
            }
            Self::Stopped { watch, .. } => Remedy::ResumeWatch { watch: watch.clone() },
            Self::Undelivered { watch, .. } => Remedy::DeliverLater { watch: watch.clone() },
            Self::Since(error) => error.hint().into(),
            Self::Poll { error, .. } => return error.hint(),
            Self::Store(error) => error.hint(),
            Self::NoCallback | Self::Panicked { .. } => return None,
        })
    }

    /// Returns the failure in the terms of the contract.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let case = match self {
            Self::Poll { error, .. } => {
                let failure = error.failure();
                let message = self.to_string();
                return Failure { message, hint: self.hint().or(failure.hint.clone()), ..failure };
            }
            Self::Busy { .. } => FailureCase::PermanentConflict,
            Self::Stopped { .. } => FailureCase::PermanentRejected,
            Self::NoCallback | Self::Since(_) => FailureCase::PermanentInvalidInput,
            Self::Undelivered { .. } => FailureCase::Unavailable,
            Self::Store(_) | Self::Panicked { .. } => FailureCase::ExecutionFailed,
        };
        let mut failure = Failure::new(case, self.to_string());
        failure.hint = self.hint();
        failure
    }
}
