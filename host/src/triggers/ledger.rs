//! A watch's records in the store. Each operation is one transaction.

use std::sync::Arc;
use std::time::Duration;

use super::fail;
use crate::clock::{Clock, Timestamp};
use crate::store::{
    self, Backlog, Claim, Found, Page, Progress, Store, StoreError, Stored, Subscription, Transaction,
    Trouble,
};

/// How long the ids of delivered events are kept: longer than any trigger looks back, so that an event that
/// is found again is recognised.
const KNOWN_FOR: Duration = Duration::from_secs(2 * 86_400);
/// How many events are read at a time.
const PAGE: Page = Page { after: 0, events: 100, bytes: 1 << 20 };

/// The records of a watch in the store. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    watch: Arc<str>,
}

/// The state of a watch when it starts.
#[derive(Debug)]
pub(super) struct Opened {
    /// How far the watch has got.
    pub(super) progress: Progress,
    pub(super) backlog: Backlog,
    /// When the next attempt at the first waiting event is due, if it was tried before.
    pub(super) due: Option<Timestamp>,
}

impl Ledger {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, watch: &str) -> Self {
        Self { store, clock, watch: watch.into() }
    }

    pub(super) fn watch(&self) -> &str {
        &self.watch
    }

    /// Claims the watch exclusively. Returns `None` while another holder has it.
    pub(super) async fn claim(&self) -> Result<Option<Claim>, StoreError> {
        let ledger = self.clone();
        self.aside(move || ledger.store.claim(&format!("watch/{}", ledger.watch))).await
    }

    /// Returns the state of the watch. If the watch is polled and starts for the first time, that time is
    /// stored durably: events count from now on, however long it takes until a poll succeeds. Also forgets
    /// ids that are no longer needed.
    pub(super) async fn open(&self, is_polled: bool) -> Result<Opened, StoreError> {
        fail::point("before-open");
        let opened = self
            .run(true, move |rows, watch, now| {
                rows.forget_delivered(watch, now.saturating_sub(KNOWN_FOR))?;
                let mut progress = rows.progress(watch)?.unwrap_or_default();
                if is_polled && progress.checkpoint.is_none() && progress.begun.is_none() {
                    progress.begun = Some(now);
                    rows.set_progress(watch, &progress)?;
                }
                let first = rows.waiting(watch, Page { events: 1, ..PAGE })?.pop();
                let due = first.and_then(|stored| stored.trouble).map(|trouble| trouble.due);
                Ok(Opened { progress, backlog: rows.backlog(watch)?, due })
            })
            .await;
        fail::point("after-open");
        opened
    }

    /// Stores the events of a poll together with the checkpoint for the next one. Once this has returned,
    /// only a failure of the disk can lose them. Returns how many events are new.
    pub(super) async fn store(&self, events: Vec<Found>, checkpoint: String) -> Result<usize, StoreError> {
        fail::point("before-store");
        let stored = self
            .run(true, move |rows, watch, now| {
                let mut new = 0;
                for (place, event) in events.iter().enumerate() {
                    if place == events.len() / 2 {
                        fail::point("amid-store");
                    }
                    new += usize::from(rows.add(watch, event, now)?);
                }
                let progress = rows.progress(watch)?.unwrap_or_default();
                rows.set_progress(watch, &Progress { checkpoint: Some(checkpoint.clone()), ..progress })?;
                fail::point("before-commit");
                Ok(new)
            })
            .await;
        fail::point("after-store");
        stored
    }

    /// Stores the events of pushed notifications in one transaction. Once this has returned, only a failure
    /// of the disk can lose them. Returns how many events of each notification are new.
    pub(super) async fn receive(&self, notifications: Vec<Vec<Found>>) -> Result<Vec<usize>, StoreError> {
        fail::point("before-receive");
        let received = self
            .run(true, move |rows, watch, now| {
                if rows.progress(watch)?.is_none() {
                    rows.set_progress(watch, &Progress::default())?;
                }
                let mut new = Vec::with_capacity(notifications.len());
                for events in &notifications {
                    let mut count = 0;
                    for event in events {
                        count += usize::from(rows.add(watch, event, now)?);
                    }
                    new.push(count);
                }
                fail::point("before-receipt");
                Ok(new)
            })
            .await;
        fail::point("after-receive");
        received
    }

    /// Returns the recorded subscription.
    pub(super) async fn subscription(&self) -> Result<Option<Subscription>, StoreError> {
        self.run(false, |rows, watch, _| rows.subscription(watch)).await
    }

    /// Records a subscription, or that there is none.
    pub(super) async fn set_subscription(&self, noted: Option<Subscription>) -> Result<(), StoreError> {
        fail::point("before-subscription");
        self.run(true, move |rows, watch, _| rows.set_subscription(watch, noted.as_ref())).await?;
        fail::point("after-subscription");
        Ok(())
    }

    /// Returns the first waiting events, in order.
    pub(super) async fn waiting(&self) -> Result<Vec<Stored>, StoreError> {
        self.run(false, |rows, watch, _| rows.waiting(watch, PAGE)).await
    }

    pub(super) async fn backlog(&self) -> Result<Backlog, StoreError> {
        self.run(false, |rows, watch, _| rows.backlog(watch)).await
    }

    /// Records that the callback has acknowledged an event, and that deliveries no longer fail. Another run
    /// may have noted that they do, so the store says whether that has to be cleared.
    pub(super) async fn acknowledge(&self, number: u64) -> Result<(), StoreError> {
        fail::point("before-acknowledge");
        self.run(false, move |rows, watch, now| {
            rows.acknowledge(watch, number, now)?;
            let progress = rows.progress(watch)?.unwrap_or_default();
            if progress.failing_since.is_some() {
                rows.set_progress(watch, &Progress { failing_since: None, ..progress })?;
            }
            Ok(())
        })
        .await?;
        fail::point("after-acknowledge");
        Ok(())
    }

    /// Records that an event could not be delivered.
    pub(super) async fn trouble(
        &self,
        number: u64,
        trouble: Trouble,
        failing_since: Timestamp,
    ) -> Result<(), StoreError> {
        fail::point("before-trouble");
        self.run(false, move |rows, watch, _| {
            rows.note_trouble(watch, number, &trouble)?;
            let progress = rows.progress(watch)?.unwrap_or_default();
            if progress.failing_since != Some(failing_since) {
                let failing_since = Some(failing_since);
                rows.set_progress(watch, &Progress { failing_since, ..progress })?;
            }
            Ok(())
        })
        .await?;
        fail::point("after-trouble");
        Ok(())
    }

    /// Declares an event dead.
    pub(super) async fn bury(&self, number: u64, trouble: Trouble) -> Result<(), StoreError> {
        fail::point("before-bury");
        self.run(true, move |rows, watch, now| {
            rows.note_trouble(watch, number, &trouble)?;
            rows.bury(watch, number, now)
        })
        .await?;
        fail::point("after-bury");
        Ok(())
    }

    /// Records that the receiver wants no more events.
    pub(super) async fn stop(&self, reason: String) -> Result<(), StoreError> {
        fail::point("before-stop");
        self.run(true, move |rows, watch, _| {
            let progress = rows.progress(watch)?.unwrap_or_default();
            rows.set_progress(watch, &Progress { stopped: Some(reason.clone()), ..progress })
        })
        .await?;
        fail::point("after-stop");
        Ok(())
    }

    /// Forgets ids that are no longer needed.
    pub(super) async fn tidy(&self) -> Result<(), StoreError> {
        fail::point("before-tidy");
        self.run(false, |rows, watch, now| rows.forget_delivered(watch, now.saturating_sub(KNOWN_FOR)))
            .await?;
        fail::point("after-tidy");
        Ok(())
    }

    async fn run<R: Send + 'static>(
        &self,
        on_disk: bool,
        mut work: impl FnMut(&mut dyn Transaction, &str, Timestamp) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let ledger = self.clone();
        self.aside(move || {
            let now = ledger.clock.now();
            let mut work = |rows: &mut dyn Transaction| work(rows, &ledger.watch, now);
            if on_disk {
                ledger.store.run_on_disk(&ledger.watch, &mut work)
            } else {
                ledger.store.run(&ledger.watch, &mut work)
            }
        })
        .await
    }

    /// Runs work that may block on a thread where it holds up nobody. If the future is dropped, the work
    /// still completes.
    async fn aside<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        if self.store.is_local() {
            return work();
        }
        store::aside(work).await.unwrap_or_else(|error| {
            Err(StoreError::Failed { location: self.watch.to_string(), source: Arc::new(error) })
        })
    }
}
