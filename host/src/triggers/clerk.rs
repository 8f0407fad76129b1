//! Inspects and manages the events of a store, including dead ones, from outside a watch.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::fail;
use crate::clock::Clock;
use crate::store::{Backlog, Page, Progress, Store, StoreError, Stored, Subscription};

/// Reads and manages the events of a store from outside a watch. Its operations may block.
#[derive(Debug, Clone)]
pub struct Clerk {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

/// The state of a watch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Overview {
    /// The name of the watch: `connector/connection/trigger`.
    pub watch: String,
    /// The progress of the watch.
    pub progress: Progress,
    /// How many events the watch has in the store.
    pub backlog: Backlog,
    /// The first waiting event, if there is one.
    pub first: Option<Stored>,
    /// The subscription, if this is the watch of a pushed trigger that has one.
    pub subscription: Option<Subscription>,
    /// Whether a process is running the watch.
    pub running: bool,
}

/// How many events are read at a time.
const PAGE: Page = Page { after: 0, events: 500, bytes: 4 << 20 };

impl Clerk {
    /// Creates a clerk for a store. `clock` dates the events that it replays.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Returns the state of every watch.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn watches(&self) -> Result<Vec<Overview>, StoreError> {
        let begun = self.store.run("", |rows| rows.watches())?;
        let subscribed = self.store.run("", |rows| rows.subscribed())?;
        let names: BTreeSet<String> = begun.into_iter().chain(subscribed).collect();
        names.into_iter().map(|watch| self.watch(watch)).collect()
    }

    fn watch(&self, watch: String) -> Result<Overview, StoreError> {
        let running = self.store.claim(&format!("watch/{watch}"))?.is_none();
        let first = Page { events: 1, ..PAGE };
        self.store.run(&watch, |rows| {
            Ok(Overview {
                watch: watch.clone(),
                progress: rows.progress(&watch)?.unwrap_or_default(),
                backlog: rows.backlog(&watch)?,
                first: rows.waiting(&watch, first)?.pop(),
                subscription: rows.subscription(&watch)?,
                running,
            })
        })
    }

    /// Returns all subscriptions with the names of their watches.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn subscriptions(&self) -> Result<Vec<(String, Subscription)>, StoreError> {
        let mut subscriptions = Vec::new();
        for watch in self.store.run("", |rows| rows.subscribed())? {
            let found = self.store.run(&watch, |rows| rows.subscription(&watch))?;
            subscriptions.extend(found.map(|subscription| (watch, subscription)));
        }
        Ok(subscriptions)
    }

    /// Returns a page of waiting events (at most 500) whose numbers are higher than `after`; 0 starts at the
    /// beginning.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn waiting(&self, watch: &str, after: u64) -> Result<Vec<Stored>, StoreError> {
        self.store.run(watch, |rows| rows.waiting(watch, Page { after, ..PAGE }))
    }

    /// Returns a page of dead events (at most 500) whose numbers are higher than `after`; 0 starts at the
    /// beginning.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn dead(&self, watch: &str, after: u64) -> Result<Vec<Stored>, StoreError> {
        self.store.run(watch, |rows| rows.dead(watch, Page { after, ..PAGE }))
    }

    /// Moves dead events to the end of those that wait: all of them, or those with the given ids. They are
    /// delivered soon if the watch is running, otherwise at its next run. Returns the ids of the events that
    /// were dead.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn replay(&self, watch: &str, ids: Option<&[String]>) -> Result<Vec<String>, StoreError> {
        let mut replayed = Vec::new();
        let mut after = 0;
        loop {
            let page = self.dead(watch, after)?;
            let Some(last) = page.last() else {
                return Ok(replayed);
            };
            after = last.number;
            let wanted: Vec<Stored> = page
                .into_iter()
                .filter(|stored| ids.is_none_or(|ids| ids.contains(&stored.event.id)))
                .collect();
            let now = self.clock.now();
            fail::point("before-replay");
            let revived = self.store.run_on_disk(watch, |rows| {
                let mut revived = Vec::new();
                for stored in &wanted {
                    if rows.revive(watch, stored.number, now)? {
                        revived.push(stored.event.id.clone());
                    }
                }
                Ok(revived)
            })?;
            fail::point("after-replay");
            replayed.extend(revived);
        }
    }

    /// Allows a watch that its receiver stopped to start again. Returns whether it was stopped.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn resume(&self, watch: &str) -> Result<bool, StoreError> {
        fail::point("before-resume");
        let resumed = self.store.run_on_disk(watch, |rows| match rows.progress(watch)? {
            Some(progress) if progress.stopped.is_some() => {
                rows.set_progress(watch, &Progress { stopped: None, ..progress })?;
                Ok(true)
            }
            _ => Ok(false),
        });
        fail::point("after-resume");
        resumed
    }

    /// Forgets a watch with all its events and its subscription, so that it starts anew. Returns whether it
    /// did so; a running watch is not forgotten. The API is not informed: if there is a subscription, it
    /// keeps notifying its address.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn forget(&self, watch: &str) -> Result<bool, StoreError> {
        let Some(_claim) = self.store.claim(&format!("watch/{watch}"))? else {
            return Ok(false);
        };
        fail::point("before-forget");
        self.store.run_on_disk(watch, |rows| {
            rows.set_subscription(watch, None)?;
            fail::point("amid-forget");
            rows.forget(watch)
        })?;
        fail::point("after-forget");
        Ok(true)
    }
}
