//! The quota limits how many requests an API receives in how much time.
//!
//! # The promise
//!
//! From each *bucket* (a connection, or several that share one), the API receives at most `calls` requests in
//! *every* window of a period, across all tasks and processes that use the same store; and for each action,
//! no more than the API's own limits allow. Every request counts, including retries, pages and polls.
//!
//! # Why it holds
//!
//! A slot is taken at a time `a`, before its request leaves, and becomes free a period `P` after the request
//! was completed, at `c`. The API sees the request at some `s` with `a <= s <= c`. The slot is next taken at
//! `a' >= c + P`, so the API sees the two at least `P` apart: `s' >= a' >= c + P >= s + P`. A window
//! `[t, t + P)` therefore sees each of the `calls` slots at most once. (Stamped at `a` alone, `s' - s` could
//! be as little as `P - (c - a)`, and a window would see the slow requests of one period and the quick ones
//! of the next.)
//!
//! # What it costs
//!
//! A slot's cycle takes `P + (c - a) + w`, where `c - a` is the request's own time and `w` is how late a
//! waiter wakes. So `P / (P + (c - a) + w)` of the quota can be used. With `P` = 60 s and requests of 200 ms
//! that is 99.7 %; waking 2 ms late costs another 0.003 %. Nothing else is lost, because each waiter knows
//! its own turn and wakes for it.
//!
//! # When things go wrong
//!
//! Slots in flight and places in the queue are leased for 10 s, and renewed every 3 s by the runtime on which
//! the quota is used. If a process dies, its requests count as completed when their leases end. The same
//! holds for a request that is given up (a timeout, a dropped call, a broken connection) after some of it may
//! have left and before the head of its reply came: it counts as completed 10 s later. Right before a request
//! leaves, its slot's lease is checked once more. A process that was suspended for longer than the lease, or
//! whose store accepted no renewal, finds the lease expired and asks for admission again.
//!
//! # What it cannot promise
//!
//! - Once a request has left this machine, it is out of our hands. A request that was given up may sit in the
//!   buffers of a network or a proxy, and reach the API more than 10 s later. No finite wait could rule that
//!   out.
//! - Microseconds pass between the check of the lease and the first byte. A process that is suspended exactly
//!   then, for longer than the lease, still sends its request.
//! - Times come from the wall clock, which processes share. If it is set forward, slots become free earlier
//!   by that much. If it is set back, timestamps lie in the future; they are moved back to the present, so a
//!   slot becomes free at most one period and 10 s late.
//! - A store that loses its last writes, as SQLite may when the power fails, forgets those slots.

mod book;
mod door;
mod held;
mod permit;
mod renewals;
mod turn;
mod waiters;
mod worker;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::door::Door;
pub use self::permit::Permit;
use self::waiters::Observer;
use crate::clock::{Clock, Timestamp};
use crate::manifest::Limit;
use crate::store::{Store, StoreError};

/// The quota of a connection, which each of its requests must pass. Clones share the same quota.
#[derive(Debug, Clone)]
pub struct Quota {
    /// `None` if there are no limits.
    door: Option<Arc<Door>>,
}

/// The settings of a quota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaSettings {
    /// The bucket in which requests are counted together: a connection's name, or a name that several
    /// connections share. Each connection applies its own limit to the requests of all. So if the limits
    /// differ, the API sees no more than the most generous one allows, and connections with a stricter limit
    /// wait for the others. Requests are remembered for the longest period of any connection that shares the
    /// bucket, from the first time that this period is used.
    pub bucket: String,
    /// How many requests in how much time, over all actions. If `None`, only the limits of actions apply.
    pub limit: Option<Limit>,
    /// What happens when the quota is used up.
    pub when_exceeded: WhenExceeded,
}

/// What happens to a request when all slots are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenExceeded {
    /// It waits for its turn, unless its turn comes after its deadline.
    #[default]
    Wait,
    /// It is refused.
    Fail,
}

/// Why a request was not given a slot.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum QuotaError {
    /// The quota is used up, and the request cannot wait long enough.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The store failed. Nothing was sent, because uncounted requests would break the promise.
    #[error("the quota cannot be kept: {0}")]
    Store(#[from] StoreError),
    /// A request had to wait outside a Tokio runtime, or its runtime has ended.
    #[error("the wait for the quota was cut off: the program is ending")]
    Stopped,
}

/// The quota is used up, and the request cannot wait long enough.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the limit of {} call{} in {} s for {scope} is used up; try again in {} s",
    limit.calls, if limit.calls == 1 { "" } else { "s" }, limit.period_seconds, retry_after.as_secs()
)]
pub struct Throttled {
    /// The least time until the request could be sent, in whole seconds rounded up.
    pub retry_after: Duration,
    /// The limit with the longest wait.
    pub limit: Limit,
    /// What the limit applies to.
    pub scope: Scope,
    /// Whether the request would have waited if its deadline had allowed it.
    pub waits: bool,
}

/// What a limit applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All requests of a bucket.
    Bucket(String),
    /// The requests of one action.
    Action(String),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bucket(name) => write!(f, "the quota `{name}`"),
            Self::Action(name) => write!(f, "the action `{name}`"),
        }
    }
}

/// Tells that a request begins to wait for its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiting {
    /// The action that the request is for.
    pub action: String,
    /// The minimum time that it will wait.
    pub wait: Duration,
    /// The limit that it waits for.
    pub limit: Limit,
    /// What the limit applies to.
    pub scope: Scope,
}

/// How much of a quota is currently used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// The number of slots taken, by requests in flight and by requests completed less than a period ago.
    pub used: u64,
    /// The limit that sets the number of slots, if there is one.
    pub limit: Option<Limit>,
    /// The number of waiting requests.
    pub waiting: u64,
    /// When the next slot becomes free. `None` if no slot is taken, or only by requests in flight.
    pub frees_at: Option<Timestamp>,
}

impl Quota {
    /// Creates a quota whose slots are kept in a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, settings: QuotaSettings) -> Self {
        Self { door: Some(Arc::new(Door::new(store, clock, settings))) }
    }

    /// Creates a quota without any limits, not even those of actions. Meant for simulated APIs.
    #[must_use]
    pub fn unlimited() -> Self {
        Self { door: None }
    }

    /// Registers a function that is called once for each request that begins to wait. It must not block. Only
    /// the first function registered is used.
    #[must_use]
    pub fn on_wait(self, observer: impl Fn(&Waiting) + Send + Sync + 'static) -> Self {
        if let Some(door) = &self.door {
            // Ignoring a second function is documented.
            let _ = door.book.observer.set(Observer(Box::new(observer)));
        }
        self
    }

    /// Waits for a free slot and takes it.
    ///
    /// The action's own limits apply in addition to the bucket's. Waiting requests are served in order of
    /// arrival, across all processes, but a request held up only by its action's own limits does not hold up
    /// others. If its turn would come after the deadline, the request is refused at once. Dropping the future
    /// gives up its place in the queue.
    ///
    /// # Errors
    /// [`QuotaError::Throttled`] if the request is refused, [`QuotaError::Store`] if the store fails, and
    /// [`QuotaError::Stopped`] if it would have to wait outside a Tokio runtime.
    pub async fn admit(
        &self,
        action: &str,
        limits: &[Limit],
        deadline: Option<Timestamp>,
    ) -> Result<Permit, QuotaError> {
        let Some(door) = &self.door else {
            return Ok(Permit::free());
        };
        if limits.is_empty() && door.book.limit.is_none() {
            return Ok(Permit::free());
        }
        door.enter(action, limits, deadline).await
    }

    /// Returns how much of the quota is used.
    ///
    /// # Errors
    /// [`QuotaError::Store`] if the store fails.
    pub async fn usage(&self) -> Result<Usage, QuotaError> {
        match &self.door {
            Some(door) => door.usage().await,
            None => Ok(Usage { used: 0, limit: None, waiting: 0, frees_at: None }),
        }
    }
}
