//! The quota: how many requests an API receives in how much time.
//!
//! # The promise
//!
//! Of each *bucket* (a connection, or several that share one), the API receives at most `calls` requests in *every*
//! window of a period, over all tasks and processes that use the same store; and of each action, no more than the
//! API's own limits on it. Every request counts: retries, pages and polls too.
//!
//! # Why it holds
//!
//! A slot is taken at a time `a`, before its request leaves, and frees a period `P` after the request was completed,
//! at `c`. The API sees the request at some `s` with `a <= s <= c`. Whoever takes the slot next does so at
//! `a' >= c + P`, so the API sees the two at least `P` apart: `s' >= a' >= c + P >= s + P`. A window `[t, t + P)`
//! therefore sees each of the `calls` slots once at most. (Stamped at `a` alone, `s' - s` could be as little as
//! `P - (c - a)`, and a window would see the slow requests of one period and the quick ones of the next.)
//!
//! # What it costs
//!
//! A slot's round takes `P + (c - a) + w`: the request's own time, and `w`, by which a waiter wakes late. So of the
//! quota `P / (P + (c - a) + w)` can be used. With `P` = 60 s and requests of 200 ms that is 99.7 %; a late wake-up of
//! 2 ms takes 0.003 % more. Nothing else is lost, because each waiter knows its own turn and wakes for it.
//!
//! # When things go wrong
//!
//! A slot in flight and a place in the queue are leased for 10 s, and renewed every 3 s from the runtime on which
//! the quota is used. A process that dies leaves its slots as if its requests had been completed when the lease ends.
//! So does a request that is given up (a time-out, a call that is dropped, a connection that breaks) after some of it
//! may have left, and before the head of its reply came: it counts as completed 10 s later. And whether a slot's lease
//! still holds is asked right before its request leaves. A process that was suspended for longer, or whose store took
//! no renewal, finds that it does not, and asks for admission again.
//!
//! # What it cannot promise
//!
//! - What has left this machine is out of our hands. A request that was given up may lie in a network's or a proxy's
//!   buffers, and reach the API more than 10 s later: no finite wait could rule that out.
//! - Between the question whether the lease holds and the first byte lie microseconds. A process that is suspended in
//!   just these, for longer than the lease, sends its request anyway.
//! - Times are of the wall clock, which processes share. Set forward, it makes slots free early, by as much. Set back,
//!   it makes stamps lie in the future; they are brought back to the present, so a slot frees at most one period and
//!   10 s late.
//! - A store that loses what was written last, as SQLite's may when the power fails, forgets those slots.

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

/// The quota of a connection: the door that each of its requests passes. Clones are the same door.
#[derive(Debug, Clone)]
pub struct Quota {
    /// `None` if there are no limits at all.
    door: Option<Arc<Door>>,
}

/// What a quota is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaSettings {
    /// Whose requests are counted together: a connection's name, or a name that several share. Each who shares it
    /// keeps to its own limit, over the requests of all. So if the limits differ, the API sees no more than the most
    /// generous allows, and whoever has a stricter one waits for the others. Requests are remembered for the longest
    /// period of any who shares the bucket, from the first time that it is used with it.
    pub bucket: String,
    /// How many requests in how much time, over all actions. Without it, only the limits of actions hold.
    pub limit: Option<Limit>,
    /// What happens when the quota is used up.
    pub when_exceeded: WhenExceeded,
}

/// What happens to a request when all slots are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenExceeded {
    /// It waits for its turn, unless that comes after its deadline.
    #[default]
    Wait,
    /// It is refused.
    Fail,
}

/// Why a request gets no slot.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum QuotaError {
    /// The quota is used up for longer than the request can wait.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The store failed. Nothing was sent: requests that are not counted would break the promise.
    #[error("the quota cannot be kept: {0}")]
    Store(#[from] StoreError),
    /// A request had to wait outside a Tokio runtime, or its runtime has ended.
    #[error("the wait for the quota was cut off: the program is ending")]
    Stopped,
}

/// The quota is used up for longer than the request can wait.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the limit of {} call{} in {} s for {scope} is used up; try again in {} s",
    limit.calls, if limit.calls == 1 { "" } else { "s" }, limit.period_seconds, retry_after.as_secs()
)]
pub struct Throttled {
    /// After how long the request could go at the earliest: whole seconds, rounded up.
    pub retry_after: Duration,
    /// The limit that it would have to wait for longest.
    pub limit: Limit,
    /// What that limit is for.
    pub scope: Scope,
    /// Whether the request would have waited, had its deadline allowed that.
    pub waits: bool,
}

/// What a limit is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All requests of a bucket.
    Bucket(String),
    /// The requests for one action.
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

/// A request begins to wait for its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiting {
    /// The action that the request is for.
    pub action: String,
    /// How long it will wait at least.
    pub wait: Duration,
    /// The limit that it waits for.
    pub limit: Limit,
    /// What that limit is for.
    pub scope: Scope,
}

/// How much of a quota is used at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// How many slots are taken, by requests in flight and by those completed less than a period ago.
    pub used: u64,
    /// How many there are.
    pub limit: Option<Limit>,
    /// How many requests wait.
    pub waiting: u64,
    /// When the next slot frees. None if none is taken, or only by requests in flight.
    pub frees_at: Option<Timestamp>,
}

impl Quota {
    /// A quota whose slots are in a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, settings: QuotaSettings) -> Self {
        Self { door: Some(Arc::new(Door::new(store, clock, settings))) }
    }

    /// A quota without limits, not even those of actions: for APIs that are not real.
    #[must_use]
    pub fn unlimited() -> Self {
        Self { door: None }
    }

    /// Has a function called whenever a request begins to wait, once for each. It must not block. Only the first
    /// function that is set counts.
    #[must_use]
    pub fn on_wait(self, observer: impl Fn(&Waiting) + Send + Sync + 'static) -> Self {
        if let Some(door) = &self.door {
            // That a second one does not count is documented.
            let _ = door.book.observer.set(Observer(Box::new(observer)));
        }
        self
    }

    /// Waits for a slot, and takes it.
    ///
    /// The action's own limits hold besides the bucket's. Those who wait are served in order of arrival, over all
    /// processes; but a request that is held up by its action's own limits only does not hold up others. If the turn
    /// will come after the deadline, the request is refused at once. Dropping the future gives the place up.
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

    /// How much of the quota is used.
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
