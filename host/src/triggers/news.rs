//! What a watch reports while it runs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::failure::FailureCase;
use crate::store::StoreError;

/// Something that a watch reports.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum News {
    /// The watch has started, either for the first time or where it left off.
    Began {
        /// Whether no poll has succeeded before. A start time matters only then.
        first: bool,
        /// When the watch was started for the first time, if known.
        begun: Option<Timestamp>,
        /// How many events are waiting.
        waiting: u64,
    },
    /// A poll succeeded, and its events are stored.
    Polled {
        /// How many of the events are new.
        found: usize,
        /// How long until the next poll.
        next: Duration,
    },
    /// A poll failed. It will be retried.
    PollFailed {
        /// The kind of failure.
        case: FailureCase,
        /// The reason for the failure.
        reason: String,
        /// How long until the next poll.
        next: Duration,
    },
    /// A poll succeeded after others had failed.
    PollRecovered {
        /// How many polls in a row had failed.
        failures: u32,
        /// For how long no poll succeeded.
        after: Duration,
    },
    /// Events became visible later than the watch was told to look back: others like them may have been
    /// missed.
    Late {
        /// How many events were late.
        events: u64,
        /// How late the latest of them was, at least.
        by: Duration,
        /// Whether events about as late were reported before.
        again: bool,
    },
    /// The API's clock was ahead and has been set back. The watch goes back with it, and misses nothing.
    ApiClockSetBack {
        /// By how much the clock was set back.
        by: Duration,
    },
    /// The store failed. The operation will be retried.
    StoreFailed {
        /// The error of the store.
        error: StoreError,
        /// How long until the retry.
        next: Duration,
    },
    /// The store works again after failures.
    StoreRecovered,
    /// The callback acknowledged an event, and that is stored.
    Delivered {
        /// The id of the event.
        id: String,
        /// How long the event had been waiting since it was found.
        after: Duration,
    },
    /// An event could not be delivered. It will be retried.
    DeliveryFailed {
        /// The id of the event.
        id: String,
        /// How many attempts failed.
        attempts: u32,
        /// Why the last attempt failed.
        reason: String,
        /// How long until the next attempt.
        next: Duration,
    },
    /// A delivery was acknowledged after others had failed.
    DeliveryRecovered {
        /// For how long every delivery had failed.
        after: Duration,
    },
    /// The next attempt at an event was due at a time too far ahead to be right, so the clock must have been
    /// set back.
    ClockSetBack {
        /// The id of the event.
        id: String,
        /// How far ahead that time is.
        by: Duration,
        /// How long until the event is tried instead.
        next: Duration,
    },
    /// An event could not be delivered for too long, and was declared dead.
    Died {
        /// The id of the event.
        id: String,
        /// Why the last attempt failed.
        reason: String,
    },
    /// The receiver asked for no more events. The watch ends, and does not start again by itself.
    Stopped {
        /// The receiver's reason.
        reason: String,
    },
}

/// The function that receives the news. It must not block.
#[derive(Clone)]
pub(super) struct Observer(pub(super) Arc<dyn Fn(&News) + Send + Sync>);

impl Observer {
    pub(super) fn tell(&self, news: &News) {
        (self.0)(news);
    }
}

impl Default for Observer {
    fn default() -> Self {
        Self(Arc::new(|_| {}))
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
