//! The door that requests pass: it admits requests, lets them wait, and runs the task that serves them.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use futures::future::select;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::book::{BEAT, Book, Entry};
use super::held::Queued;
use super::permit::{Permit, WaitingPlace};
use super::worker::Worker;
use super::{QuotaError, QuotaSettings, Usage};
use crate::clock::{Clock, Timestamp};
use crate::manifest::Limit;
use crate::store::Store;

/// The door of a quota.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) book: Arc<Book>,
    pub(super) worker: Worker,
    /// Wakes the serving task when something has changed.
    changed: Arc<Notify>,
    served: AtomicBool,
}

impl Door {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, settings: QuotaSettings) -> Self {
        let worker = Worker::new(store.is_local());
        let book = Arc::new(Book::new(store, clock, settings));
        Self { book, worker, changed: Arc::default(), served: AtomicBool::new(false) }
    }

    /// Takes a slot, after a wait if necessary.
    pub(super) async fn enter(
        self: &Arc<Self>,
        action: &str,
        limits: &[Limit],
        deadline: Option<Timestamp>,
    ) -> Result<Permit, QuotaError> {
        let book = Arc::clone(&self.book);
        let ticket = book.ticket(action, limits);
        match self
            .worker
            .run(move || book.enter(ticket, deadline))
            .await
            .unwrap_or(Err(QuotaError::Stopped))?
        {
            Entry::Queued(queued) => self.wait(queued, deadline).await,
            Entry::Claimed(claim) => {
                // The serving task has to renew its lease.
                if !self.book.store.is_local() {
                    self.serve();
                }
                Ok(Permit::new(self, claim))
            }
        }
    }

    async fn wait(
        self: &Arc<Self>,
        queued: Queued,
        deadline: Option<Timestamp>,
    ) -> Result<Permit, QuotaError> {
        let answer = self.book.listen(&queued, deadline);
        let mut place = WaitingPlace::new(self, queued);
        self.serve();
        self.changed();
        let claim = answer.await.unwrap_or(Err(QuotaError::Stopped))?;
        place.settle();
        Ok(Permit::new(self, claim))
    }

    pub(super) async fn usage(&self) -> Result<Usage, QuotaError> {
        let book = Arc::clone(&self.book);
        self.worker.run(move || book.usage()).await.unwrap_or(Err(QuotaError::Stopped))
    }

    /// Makes the serving task check again.
    pub(super) fn changed(&self) {
        self.changed.notify_one();
    }

    /// Starts the serving task if it is not running.
    fn serve(self: &Arc<Self>) {
        if self.served.swap(true, Ordering::SeqCst) {
            return;
        }
        let serving = Serving { door: Arc::downgrade(self), changed: Arc::clone(&self.changed) };
        // Without a runtime there is no task; dropping `serving` tells the waiting requests.
        if let Ok(runtime) = Handle::try_current() {
            drop(runtime.spawn(serving.run()));
        }
    }

    /// Whether the serving task may end: nothing needs it, not even a request that has just arrived and
    /// relies on it.
    fn closes(&self) -> bool {
        if !self.book.is_idle() {
            return false;
        }
        self.served.store(false, Ordering::SeqCst);
        self.book.is_idle() || self.served.swap(true, Ordering::SeqCst)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.changed();
    }
}

/// The task that serves a door. It wakes for the next turn of the requests that wait in this process, and
/// renews leases, as long as there are any.
struct Serving {
    door: Weak<Door>,
    changed: Arc<Notify>,
}

impl Serving {
    async fn run(mut self) {
        let mut beaten = None;
        while let Some(door) = self.door.upgrade() {
            let book = Arc::clone(&door.book);
            let clock = Arc::clone(&book.clock);
            let local = book.store.is_local();
            let now = clock.now();
            let last = *beaten.get_or_insert(now);
            // A clock that was set back must not delay the next heartbeat.
            let beat = !local && (now < last || now.since(last) >= BEAT);
            // Until the next heartbeat is due, the task stays: that costs nothing, and more requests may
            // come.
            if (local || beat) && door.closes() {
                self.door = Weak::new();
                return;
            }
            if beat {
                beaten = Some(now);
                let book = Arc::clone(&book);
                door.worker.post(move || book.beat());
            }
            let turn = if book.anyone_waiting() {
                door.worker.run(move || book.look()).await.flatten()
            } else {
                None
            };
            drop(door);
            let next_beat = beaten.filter(|_| !local).map(|at| at.saturating_add(BEAT));
            if let Some(wake) = turn.into_iter().chain(next_beat).min() {
                select(clock.sleep_until(wake), pin!(self.changed.notified())).await;
            }
        }
    }
}

impl Drop for Serving {
    /// The task has ended with its runtime, so waiting requests are no longer served.
    fn drop(&mut self) {
        if let Some(door) = self.door.upgrade() {
            door.served.store(false, Ordering::SeqCst);
            door.book.forget_all();
        }
    }
}
