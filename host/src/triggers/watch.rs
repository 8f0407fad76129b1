//! A watch: a trigger whose events go to a callback.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use tokio::sync::{Notify, Semaphore, watch};

use super::callback::Callback;
use super::cloudevent::Origin;
use super::deliver::{Delivered, failing_since};
use super::error::WatchError;
use super::ledger::{Ledger, Opened};
use super::news::{News, Observer};
use super::poll::Look;
use super::subject::Subject;
use crate::clock::Timestamp;
use crate::store::{Claim, Progress, StoreError};
use crate::times::Since;

/// How long a delivery in progress may still take once the watch has been told to end.
const GRACE: Duration = Duration::from_secs(10);
/// How many times to try to claim a watch that another holder has, and how long to wait in between.
const CLAIMS: u32 = 3;
const CLAIM_AGAIN: Duration = Duration::from_millis(20);
/// Why nothing more is delivered once a pipe has lost its reader.
const CLOSED: &str = "the output was closed";

/// A trigger whose events go to a callback. See [the module](super) for its guarantees.
#[derive(Debug)]
pub struct Watch {
    pub(super) subject: Subject,
    pub(super) news: Arc<Notify>,
    pub(super) callback: Arc<dyn Callback>,
    pub(super) ledger: Ledger,
    pub(super) origin: Origin,
    pub(super) observer: Observer,
    pub(super) give_up: Duration,
    pub(super) look: Look,
    pub(super) since: Option<Since>,
    pub(super) busy: Duration,
    pub(super) quiet: Duration,
    pub(super) keeps_trying: bool,
    pub(super) turns: Option<Arc<Semaphore>>,
}

/// Why a watch ended without an error.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// The caller asked it to end.
    Asked,
    /// The receiver asked for no more events, for this reason. The watch does not start again until it is
    /// resumed.
    Stopped(String),
    /// The callback can take no more events: for example, its pipe was closed.
    Closed,
}

/// The result of a watch that ran once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drained {
    /// How many events were found.
    pub found: u64,
    /// How many events were acknowledged, including those that were already waiting.
    pub delivered: u64,
    /// How many events were declared dead.
    pub dead: u64,
}

/// The signals between the two halves of a watch.
#[derive(Debug)]
pub(super) struct Signals {
    /// Notified when events may be waiting.
    pub(super) news: Arc<Notify>,
    /// Whether polling is complete: no more events will be found.
    pub(super) complete: watch::Receiver<bool>,
    /// Whether the watch has to end.
    pub(super) stop: watch::Receiver<bool>,
    /// Whether the watch ends once everything is delivered, and gives up on slow deliveries.
    pub(super) once: bool,
}

/// The state from which a watch continues.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) look: Look,
    pub(super) checkpoint: Option<String>,
}

impl Watch {
    /// Returns the watch's name in the store: `connector/connection/trigger`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.ledger.watch()
    }

    /// Runs until the callback ends the watch, or an error occurs that waiting cannot resolve. Dropping the
    /// future ends the watch at any point and loses nothing.
    ///
    /// # Errors
    /// See [`WatchError`].
    pub async fn run(&self) -> Result<Ended, WatchError> {
        self.run_until(std::future::pending()).await
    }

    /// Like [`Watch::run`], but ends when `stop` completes. A delivery in progress gets up to 10 s to finish.
    ///
    /// # Errors
    /// See [`WatchError`].
    pub async fn run_until(&self, stop: impl Future<Output = ()>) -> Result<Ended, WatchError> {
        let (_claim, begun, failing_since) = self.begin(false).await?;
        let (asked, told) = watch::channel(false);
        let (_incomplete, complete) = watch::channel(false);
        let signals = Signals { news: Arc::clone(&self.news), complete, stop: told, once: false };
        let work = pin!(async {
            let polls = pin!(self.polls(begun, &signals));
            let deliveries = pin!(self.deliveries(failing_since, &signals));
            match select(polls, deliveries).await {
                Either::Left((polled, deliveries)) => {
                    asked.send_replace(true);
                    let delivered = tokio::time::timeout(GRACE, deliveries).await;
                    polled?;
                    delivered.unwrap_or_else(|_| Ok(Delivered::default()))
                }
                Either::Right((delivered, _)) => delivered,
            }
        });
        let delivered = match select(work, pin!(stop)).await {
            Either::Left((ended, _)) => ended?,
            Either::Right(((), work)) => {
                asked.send_replace(true);
                match tokio::time::timeout(GRACE, work).await {
                    Ok(ended) => ended?,
                    Err(_) => return Ok(Ended::Asked),
                }
            }
        };
        Ok(delivered.ended)
    }

    /// Polls until there are no more events for now, and ends once all of them are acknowledged or dead.
    ///
    /// # Errors
    /// See [`WatchError`]; [`WatchError::Undelivered`] if the callback keeps failing. The events that were
    /// found are kept.
    pub async fn drain_once(&self) -> Result<Drained, WatchError> {
        let (_claim, begun, failing_since) = self.begin(true).await?;
        let (_going_on, stop) = watch::channel(false);
        let (completed, complete) = watch::channel(false);
        let signals = Signals { news: Arc::clone(&self.news), complete, stop, once: true };
        let polls = async {
            let polled = self.polls_once(begun, &signals).await;
            completed.send_replace(true);
            polled
        };
        let (polls, deliveries) = (pin!(polls), pin!(self.deliveries(failing_since, &signals)));
        let (polled, delivered) = match select(polls, deliveries).await {
            Either::Left((polled, deliveries)) => (polled, deliveries.await?),
            // Delivery ends before the polls do only if nothing can be delivered any more.
            Either::Right((delivered, _)) => (Ok(0), delivered?),
        };
        match delivered.ended {
            Ended::Asked => {}
            Ended::Stopped(reason) => {
                return Err(WatchError::Stopped { watch: self.name().to_owned(), reason });
            }
            Ended::Closed => {
                let (watch, waiting) = (self.name().to_owned(), self.ledger.backlog().await?.waiting);
                return Err(WatchError::Undelivered { watch, waiting, reason: CLOSED.to_owned() });
            }
        }
        Ok(Drained { found: polled?, delivered: delivered.acknowledged, dead: delivered.dead })
    }

    /// Claims the watch for this process, and reads its progress and since when its deliveries have failed.
    async fn begin(&self, once: bool) -> Result<(Claim, Begun, Option<Timestamp>), WatchError> {
        let watch = || self.name().to_owned();
        let claim = self.claim().await?.ok_or_else(|| WatchError::Busy { watch: watch() })?;
        let Opened { progress, backlog, due } = self.ledger.open(self.subject.polled.is_some()).await?;
        let Progress { checkpoint, failing_since: failing, stopped, begun } = progress;
        if let Some(reason) = stopped {
            return Err(WatchError::Stopped { watch: watch(), reason });
        }
        let first = checkpoint.is_none();
        self.observer.tell(&News::Began { first, begun, waiting: backlog.waiting });
        // A relative time counts back from the first start, however often the watch is restarted before its
        // first poll succeeds.
        let since = self.since.as_ref().map(|since| since.at(begun.unwrap_or_else(|| self.now())));
        let look = Look { since, begun, ..self.look.clone() };
        Ok((claim, Begun { look, checkpoint }, failing_since(failing, due, self.now(), once)))
    }

    /// Claims the watch, retrying if need be: a process that checks whether the watch is claimed holds it
    /// briefly.
    async fn claim(&self) -> Result<Option<Claim>, StoreError> {
        for _ in 0..CLAIMS {
            if let Some(claim) = self.ledger.claim().await? {
                return Ok(Some(claim));
            }
            tokio::time::sleep(CLAIM_AGAIN).await;
        }
        self.ledger.claim().await
    }

    pub(super) fn now(&self) -> Timestamp {
        self.subject.connection.clock().now()
    }

    /// Waits, unless the watch has to end. Returns whether it has to.
    pub(super) async fn sleep(&self, wait: Duration, stop: &mut watch::Receiver<bool>) -> bool {
        let until = self.now().saturating_add(wait);
        let slept = self.subject.connection.clock().sleep_until(until);
        matches!(select(slept, pin!(stop.wait_for(|stop| *stop))).await, Either::Right(_))
    }
}

impl Default for Delivered {
    fn default() -> Self {
        Self { ended: Ended::Asked, acknowledged: 0, dead: 0 }
    }
}
