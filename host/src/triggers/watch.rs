//! A watch: a trigger whose events go to a callback.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use tokio::sync::{Notify, watch};

use super::callback::Callback;
use super::cloudevent::{Origin, watch_name};
use super::deliver::Delivered;
use super::error::WatchError;
use super::ledger::Ledger;
use super::news::{News, Observer};
use super::poll::{self, Look};
use super::schedule::Pace;
use super::trigger::Trigger;
use crate::clock::Timestamp;
use crate::failure::FailureCase;
use crate::store::{Claim, Progress, StoreError};

/// How often a trigger with events is polled, unless told otherwise.
const BUSY: Duration = Duration::from_secs(15);
/// How often a trigger without events is polled at least, unless told otherwise.
const QUIET: Duration = Duration::from_secs(120);
/// How long an event is tried to be delivered, unless told otherwise.
const GIVE_UP: Duration = Duration::from_secs(3 * 86_400);
/// How much of the quota polls may take, in per cent, unless told otherwise.
const QUOTA_SHARE: u8 = 50;
/// How long a delivery that is on its way may still take when the watch is to end.
const GRACE: Duration = Duration::from_secs(10);

/// Settles how the events of a trigger are waited for.
#[derive(Debug)]
pub struct WatchBuilder {
    trigger: Trigger,
    callback: Option<Arc<dyn Callback>>,
    look: Look,
    busy: Duration,
    quiet: Duration,
    give_up: Duration,
    keeps_trying: bool,
    observer: Observer,
}

/// A trigger whose events go to a callback. See [the module](super) for what it promises.
#[derive(Debug)]
pub struct Watch {
    pub(super) trigger: Trigger,
    pub(super) callback: Arc<dyn Callback>,
    pub(super) ledger: Ledger,
    pub(super) origin: Origin,
    pub(super) observer: Observer,
    pub(super) give_up: Duration,
    look: Look,
    busy: Duration,
    quiet: Duration,
    keeps_trying: bool,
}

/// Why a watch ended without an error.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// It was asked to.
    Asked,
    /// The receiver said that it wants no more. The watch does not begin again before it is resumed.
    Stopped(String),
    /// The callback can take no more, such as a pipe that was closed.
    Closed,
}

/// What was delivered by a watch that ran once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drained {
    /// How many events were found.
    pub found: u64,
    /// How many events were acknowledged: also some that had waited since before.
    pub delivered: u64,
    /// How many events were declared dead.
    pub dead: u64,
}

/// What the two halves of a watch tell each other.
#[derive(Debug)]
pub(super) struct Signals {
    /// There may be events that wait.
    pub(super) news: Notify,
    /// Nothing more will be found: what waits is all there is to deliver.
    pub(super) complete: watch::Receiver<bool>,
    /// The watch is to end.
    pub(super) stop: watch::Receiver<bool>,
    /// Whether it ends when everything is delivered, and gives up on what takes long.
    pub(super) once: bool,
}

impl WatchBuilder {
    pub(super) fn new(trigger: Trigger) -> Self {
        Self {
            trigger,
            callback: None,
            look: Look { quota_share: QUOTA_SHARE, ..Look::default() },
            busy: BUSY,
            quiet: QUIET,
            give_up: GIVE_UP,
            keeps_trying: false,
            observer: Observer::default(),
        }
    }

    /// Where the events go: a [`Callback`], or an async closure that takes an [`Event`](super::Event).
    #[must_use]
    pub fn to(self, callback: impl Callback + 'static) -> Self {
        self.to_shared(Arc::new(callback))
    }

    /// As [`WatchBuilder::to`], for a callback that several watches share.
    #[must_use]
    pub fn to_shared(mut self, callback: Arc<dyn Callback>) -> Self {
        self.callback = Some(callback);
        self
    }

    /// When the watch begins for the first time, the time from which events count, such as `2030-01-31T12:00:00Z`; from
    /// its first poll on if left out. Later it goes on where it left off.
    #[must_use]
    pub fn since(mut self, time: impl Into<String>) -> Self {
        self.look.since = Some(time.into());
        self
    }

    /// How far to look back for events that become visible late; the connector's own default if left out. What becomes
    /// visible later than that is not found.
    #[must_use]
    pub fn overlap(mut self, time: Duration) -> Self {
        self.look.overlap = Some(time);
        self
    }

    /// The most events to fetch with one request; the connector's own default if left out.
    #[must_use]
    pub fn page_size(mut self, events: u32) -> Self {
        self.look.page_size = Some(events);
        self
    }

    /// How often to poll: `busy` while events come (15 s if left out), and ever more slowly, up to `quiet` (2 minutes),
    /// while none do. Where more is known to be there, the next poll comes at once.
    #[must_use]
    pub fn interval(mut self, busy: Duration, quiet: Duration) -> Self {
        self.busy = busy.max(Duration::from_millis(1));
        self.quiet = quiet;
        self
    }

    /// How long an event is tried to be delivered before it is declared dead; 3 days if left out.
    #[must_use]
    pub fn give_up_after(mut self, time: Duration) -> Self {
        self.give_up = time;
        self
    }

    /// How much of the connection's quota the polls of all its triggers together may take, in per cent; 50 if left out.
    /// The rest is always there for actions.
    #[must_use]
    pub fn quota_share(mut self, per_cent: u8) -> Self {
        self.look.quota_share = per_cent.clamp(1, 100);
        self
    }

    /// Whether to go on even if the first poll is refused for good, such as for a missing permission. Without this,
    /// the watch ends with that error; a watch that was once answered always goes on.
    #[must_use]
    pub fn keep_trying(mut self, keeps_trying: bool) -> Self {
        self.keeps_trying = keeps_trying;
        self
    }

    /// Has a function called with all news of the watch. It must not block.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(&News) + Send + Sync + 'static) -> Self {
        self.observer = Observer(Arc::new(observer));
        self
    }

    /// The watch.
    ///
    /// # Errors
    /// [`WatchError::NoCallback`], or [`WatchError::Since`].
    pub fn build(self) -> Result<Watch, WatchError> {
        if let Some(since) = &self.look.since
            && since.parse::<jiff::Timestamp>().is_err()
        {
            return Err(WatchError::Since(since.clone()));
        }
        let connection = &self.trigger.connection;
        let ledger =
            Ledger::new(connection.store().clone(), connection.clock().clone(), &watch_name(&self.trigger));
        Ok(Watch {
            callback: self.callback.ok_or(WatchError::NoCallback)?,
            ledger,
            origin: Origin::of(&self.trigger),
            observer: self.observer,
            give_up: self.give_up,
            look: self.look,
            busy: self.busy,
            quiet: self.quiet,
            keeps_trying: self.keeps_trying,
            trigger: self.trigger,
        })
    }
}

impl Watch {
    /// The name under which the store has it: `connector/connection/trigger`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.ledger.watch()
    }

    /// Runs until the callback ends it, or an error does that waiting will not mend. Dropping the future ends it too,
    /// at any point, and loses nothing.
    ///
    /// # Errors
    /// See [`WatchError`].
    pub async fn run(&self) -> Result<Ended, WatchError> {
        self.run_until(std::future::pending()).await
    }

    /// As [`Watch::run`], until `stop` completes. A delivery that is on its way then may still end, within 10 s.
    ///
    /// # Errors
    /// See [`WatchError`].
    pub async fn run_until(&self, stop: impl Future<Output = ()>) -> Result<Ended, WatchError> {
        let (_claim, progress) = self.begin().await?;
        let (asked, told) = watch::channel(false);
        let (_incomplete, complete) = watch::channel(false);
        let signals = Signals { news: Notify::new(), complete, stop: told, once: false };
        let work = pin!(async {
            let polls = pin!(self.polls(progress.checkpoint.clone(), &signals));
            let deliveries = pin!(self.deliveries(progress.failing_since, &signals));
            match select(polls, deliveries).await {
                Either::Left((polled, deliveries)) => {
                    asked.send_replace(true);
                    let delivered = deliveries.await;
                    polled?;
                    delivered
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

    /// Finds what is there, and ends when all of it is acknowledged or dead.
    ///
    /// # Errors
    /// See [`WatchError`]; [`WatchError::Undelivered`] if the callback keeps failing. Events that were found are kept.
    pub async fn drain_once(&self) -> Result<Drained, WatchError> {
        let (_claim, progress) = self.begin().await?;
        let (_going_on, stop) = watch::channel(false);
        let (completed, complete) = watch::channel(false);
        let signals = Signals { news: Notify::new(), complete, stop, once: true };
        let polls = async {
            let polled = self.polls_once(progress.checkpoint.clone(), &signals).await;
            completed.send_replace(true);
            polled
        };
        let (polls, deliveries) = (pin!(polls), pin!(self.deliveries(progress.failing_since, &signals)));
        let (polled, delivered) = match select(polls, deliveries).await {
            Either::Left((polled, deliveries)) => (polled, deliveries.await?),
            // It ends before the polls do only if nothing can be delivered any more.
            Either::Right((delivered, _)) => (Ok(0), delivered?),
        };
        if let Ended::Stopped(reason) = delivered.ended {
            return Err(WatchError::Stopped { watch: self.name().to_owned(), reason });
        }
        Ok(Drained { found: polled?, delivered: delivered.acknowledged, dead: delivered.dead })
    }

    /// Takes the watch for this process, and reads how far it is.
    async fn begin(&self) -> Result<(Claim, Progress), WatchError> {
        let watch = || self.name().to_owned();
        let claim = self.ledger.claim().await?.ok_or_else(|| WatchError::Busy { watch: watch() })?;
        let (progress, backlog) = self.ledger.open().await?;
        let first = progress.as_ref().is_none_or(|progress| progress.checkpoint.is_none());
        let progress = progress.unwrap_or_default();
        if let Some(reason) = progress.stopped {
            return Err(WatchError::Stopped { watch: watch(), reason });
        }
        self.observer.tell(&News::Began { first, waiting: backlog.waiting });
        Ok((claim, progress))
    }

    /// Polls until asked to stop.
    async fn polls(&self, mut checkpoint: Option<String>, signals: &Signals) -> Result<(), WatchError> {
        let mut pace = Pace::new(self.busy, self.quiet);
        let mut stop = signals.stop.clone();
        let mut answered = self.keeps_trying;
        let mut tidied = self.now();
        loop {
            let polled = {
                let poll = pin!(poll::poll(&self.trigger, checkpoint.as_deref(), &self.look));
                match select(poll, pin!(stop.wait_for(|stop| *stop))).await {
                    Either::Left((polled, _)) => polled,
                    Either::Right(_) => return Ok(()),
                }
            };
            let wait = match polled {
                Ok(batch) => {
                    answered = true;
                    match self.keep(&mut checkpoint, batch).await {
                        Ok((found, more)) => {
                            let next = pace.after_poll(found > 0, more, fastrand::f64());
                            self.observer.tell(&News::Polled { found, next });
                            // Also if nothing was found: others may have put something there.
                            signals.news.notify_one();
                            next
                        }
                        Err(error) if error.is_passing() => {
                            let next = pace.after_failure(None, fastrand::f64());
                            self.observer.tell(&News::StoreFailed { error, next });
                            next
                        }
                        Err(error) => return Err(error.into()),
                    }
                }
                Err(error) => {
                    let failure = error.failure();
                    if !answered && is_final(failure.case) {
                        return Err(WatchError::Poll {
                            watch: self.name().to_owned(),
                            error: Box::new(error),
                        });
                    }
                    let wish = failure.retry_after_seconds.map(|seconds| Duration::from_secs(seconds.into()));
                    let next = pace.after_failure(wish, fastrand::f64());
                    self.observer.tell(&News::PollFailed {
                        case: failure.case,
                        reason: failure.message,
                        next,
                    });
                    next
                }
            };
            if self.now().since(tidied) > TIDY {
                tidied = self.now();
                // What is not forgotten now is forgotten later.
                let _ = self.ledger.tidy().await;
            }
            if !wait.is_zero() && self.sleep(wait, &mut stop).await {
                return Ok(());
            }
        }
    }

    /// Polls until there is no more for now. Returns how many events were found.
    async fn polls_once(&self, mut checkpoint: Option<String>, signals: &Signals) -> Result<u64, WatchError> {
        let mut found = 0;
        loop {
            let batch =
                poll::poll(&self.trigger, checkpoint.as_deref(), &self.look).await.map_err(|error| {
                    WatchError::Poll { watch: self.name().to_owned(), error: Box::new(error) }
                })?;
            let (new, more) = self.keep(&mut checkpoint, batch).await?;
            found += new as u64;
            self.observer.tell(&News::Polled { found: new, next: Duration::ZERO });
            signals.news.notify_one();
            if !more {
                return Ok(found);
            }
        }
    }

    /// Stores what a poll found. Returns how many events are new, and whether to poll again at once.
    async fn keep(
        &self,
        checkpoint: &mut Option<String>,
        batch: poll::Batch,
    ) -> Result<(usize, bool), StoreError> {
        let moved = checkpoint.as_ref() != Some(&batch.checkpoint);
        if !moved && batch.events.is_empty() {
            // A connector that says that there is more, and goes nowhere, would be asked for ever.
            return Ok((0, false));
        }
        let found = self.ledger.store(batch.events, batch.checkpoint.clone()).await?;
        *checkpoint = Some(batch.checkpoint);
        Ok((found, batch.more && moved))
    }

    pub(super) fn now(&self) -> Timestamp {
        self.trigger.connection.clock().now()
    }

    /// Waits, unless the watch is to end. Says whether it is.
    pub(super) async fn sleep(&self, wait: Duration, stop: &mut watch::Receiver<bool>) -> bool {
        let until = self.now().saturating_add(wait);
        let slept = self.trigger.connection.clock().sleep_until(until);
        matches!(select(slept, pin!(stop.wait_for(|stop| *stop))).await, Either::Right(_))
    }
}

/// How often ids that need not be known any more are forgotten.
const TIDY: Duration = Duration::from_secs(3600);

/// Whether a first poll that fails like this is a mistake to tell of, and not one to wait out.
fn is_final(case: FailureCase) -> bool {
    !matches!(case, FailureCase::Throttled | FailureCase::Unavailable)
}

impl Default for Delivered {
    fn default() -> Self {
        Self { ended: Ended::Asked, acknowledged: 0, dead: 0 }
    }
}
