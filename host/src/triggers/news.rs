//! What a watch tells of itself while it runs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::failure::FailureCase;
use crate::store::StoreError;

/// News of a watch.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum News {
    /// It has begun: for the first time, or where it left off.
    Began {
        /// Whether no poll was answered before. A time from which events count matters only then.
        first: bool,
        /// When it was started for the first time, if the store knows that.
        begun: Option<Timestamp>,
        /// How many events wait.
        waiting: u64,
    },
    /// A poll was answered, and what it found is stored.
    Polled {
        /// How many events are new.
        found: usize,
        /// When the next poll comes, from now.
        next: Duration,
    },
    /// A poll failed. It is tried again.
    PollFailed {
        /// How.
        case: FailureCase,
        /// Why.
        reason: String,
        /// When the next poll comes, from now.
        next: Duration,
    },
    /// Polls had failed, and one is answered again.
    PollRecovered {
        /// How many polls in a row had failed.
        failures: u32,
        /// How long no poll was answered.
        after: Duration,
    },
    /// Events became visible later than the watch was told to look back: others like them may be missed.
    Late {
        /// How many events were late.
        events: u64,
        /// How late the latest of them was, at least.
        by: Duration,
        /// Whether events that are as late were told of before.
        again: bool,
    },
    /// The API's clock was ahead and was set back. The watch goes back with it, and misses nothing.
    ApiClockSetBack {
        /// By how much.
        by: Duration,
    },
    /// The store failed. It is tried again.
    StoreFailed {
        /// Why.
        error: StoreError,
        /// When it is tried again, from now.
        next: Duration,
    },
    /// The store had failed, and works again.
    StoreRecovered,
    /// An event was acknowledged by the callback, and that is stored.
    Delivered {
        /// The event.
        id: String,
        /// How long it had been waiting since it was found.
        after: Duration,
    },
    /// An event could not be delivered. It is tried again.
    DeliveryFailed {
        /// The event.
        id: String,
        /// How many attempts failed.
        attempts: u32,
        /// Why the last one did.
        reason: String,
        /// When the next one comes, from now.
        next: Duration,
    },
    /// Deliveries had failed, and one was acknowledged again.
    DeliveryRecovered {
        /// How long every delivery had failed.
        after: Duration,
    },
    /// An event was to be tried again at a time that is too far ahead to be right: the clock was set back since.
    ClockSetBack {
        /// The event.
        id: String,
        /// How far ahead that time is.
        by: Duration,
        /// When the event is tried instead, from now.
        next: Duration,
    },
    /// An event could not be delivered for too long, and is dead.
    Died {
        /// The event.
        id: String,
        /// Why the last attempt failed.
        reason: String,
    },
    /// The receiver wants no more events. The watch ends, and does not begin again by itself.
    Stopped {
        /// Why.
        reason: String,
    },
}

/// Whoever wants to hear the news. It must not block.
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
