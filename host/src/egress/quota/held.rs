//! What this process holds in the store: slots in flight and places in the queue. Both are released when
//! dropped.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::book::{Book, LEASE, latest, lock};
use super::{QuotaError, Usage};
use crate::clock::Timestamp;
use crate::store::{Place, Slot, StoreError, Ticket, Transaction};

/// A slot in flight. Dropping it completes it immediately, which may block.
#[derive(Debug)]
pub(super) struct Claim {
    book: Arc<Book>,
    place: Place,
    /// The time until which it belongs to this request, unless the lease is renewed.
    lease: Timestamp,
    ended: Option<Timestamp>,
}

impl Claim {
    pub(super) fn new(book: &Arc<Book>, place: Place, lease: Timestamp) -> Self {
        book.in_flight.fetch_add(1, Ordering::SeqCst);
        Self { book: Arc::clone(book), place, lease, ended: None }
    }

    /// Whether its lease is still valid.
    pub(super) fn holds(&self) -> bool {
        let now = self.book.clock.now();
        now <= self.lease || lock(&self.book.renewals).covers(self.lease, now)
    }

    /// Marks the request as completed; or, if it is still under way, as abandoned, so that it counts as
    /// completed one lease later. This is stored when the claim is dropped.
    pub(super) fn end(&mut self, under_way: bool) {
        let slack = if under_way { LEASE } else { Duration::ZERO };
        self.ended = Some(self.book.clock.now().saturating_add(slack));
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let ended = self.ended.unwrap_or_else(|| self.book.clock.now());
        self.book.give_up(&self.place, Some(ended));
        self.book.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A place in the queue. Dropping it leaves the queue immediately, which may block.
#[derive(Debug)]
pub(super) struct Queued {
    book: Arc<Book>,
    ticket: Ticket,
    settled: bool,
}

impl Queued {
    pub(super) fn new(book: &Arc<Book>, ticket: Ticket) -> Self {
        Self { book: Arc::clone(book), ticket, settled: false }
    }

    pub(super) fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    /// Marks the ticket as no longer in the queue.
    pub(super) fn settle(&mut self) {
        self.settled = true;
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        if !self.settled {
            self.book.give_up(&self.ticket.place, None);
        }
    }
}

impl Book {
    /// Whether there is nothing to do for this process.
    pub(super) fn is_idle(&self) -> bool {
        let holds_none = || self.in_flight.load(Ordering::SeqCst) == 0 && lock(&self.owed).is_empty();
        !self.anyone_waiting() && (self.store.is_local() || holds_none())
    }

    /// Releases a completed slot or a place in the queue.
    fn give_up(&self, place: &Place, completed: Option<Timestamp>) {
        if let Err(error) = self.store.run(&self.bucket, |transaction| erase(transaction, place, completed)) {
            tracing::warn!(bucket = %self.bucket, %error, "the quota could not be updated; it is tried again");
            self.failing.store(true, Ordering::SeqCst);
            lock(&self.owed).push((place.clone(), completed));
        }
    }

    /// Renews the leases of everything that this process holds, and catches up on earlier failed writes.
    pub(super) fn beat(&self) {
        let owed = std::mem::take(&mut *lock(&self.owed));
        let beaten = self.store.run(&self.bucket, |transaction| {
            for (place, completed) in &owed {
                erase(transaction, place, *completed)?;
            }
            let now = self.clock.now();
            transaction.renew(&self.bucket, self.owner, self.lease(now))?;
            Ok(now)
        });
        match beaten {
            Ok(now) => {
                lock(&self.renewals).note(now, self.lease(now));
                if self.failing.swap(false, Ordering::SeqCst) {
                    tracing::info!(bucket = %self.bucket, "the quota can be updated again");
                }
            }
            Err(error) => {
                tracing::warn!(bucket = %self.bucket, %error, "the quota's leases could not be renewed");
                self.failing.store(true, Ordering::SeqCst);
                lock(&self.owed).extend(owed);
            }
        }
    }

    pub(super) fn usage(&self) -> Result<Usage, QuotaError> {
        let period = self.limit.map(|limit| limit.period()).unwrap_or_default();
        let usage = self.store.run(&self.bucket, |transaction| {
            let now = self.clock.now();
            let slots = transaction.slots(&self.bucket, None, now.saturating_sub(period))?;
            let waiting = transaction.tickets(&self.bucket, now)?.len() as u64;
            let over = slots.iter().filter(|slot| !slot.in_flight || slot.until <= now);
            // Timestamps from before the clock was set back count as now.
            let stamp = |slot: &Slot| if slot.until > latest(now) { now } else { slot.until };
            let frees_at = over.map(|slot| stamp(slot).saturating_add(period)).min();
            Ok(Usage { used: slots.len() as u64, limit: self.limit, waiting, frees_at })
        })?;
        Ok(usage)
    }
}

fn erase(
    transaction: &mut dyn Transaction,
    place: &Place,
    completed: Option<Timestamp>,
) -> Result<(), StoreError> {
    match completed {
        Some(at) => transaction.complete(place, at),
        None => transaction.leave(place),
    }
}
