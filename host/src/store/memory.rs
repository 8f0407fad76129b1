//! A store in memory, for tests and for embedders with a single process.

mod subscriptions;
mod watches;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::watches::Watches;
use super::{Claim, Key, Place, Slot, Slots, Store, StoreError, Subscription, Ticket, Transaction, Work};
use crate::clock::Timestamp;

/// A store in this process's memory. Its operations never fail.
#[derive(Debug, Default)]
pub struct MemoryStore {
    contents: Mutex<Contents>,
    claims: Arc<Mutex<HashSet<String>>>,
}

impl MemoryStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store for MemoryStore {
    fn transact(&self, _partition: &str, work: &mut Work<'_>) -> Result<(), StoreError> {
        // A panic elsewhere leaves no half-done operation: each is complete before the next begins.
        work(&mut *self.contents.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn claim(&self, name: &str) -> Result<Option<Claim>, StoreError> {
        let free = self.claims.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        Ok(free.then(|| Claim::new(Claimed { name: name.to_owned(), claims: Arc::clone(&self.claims) })))
    }

    fn is_local(&self) -> bool {
        true
    }
}

/// A claimed name. Dropping this releases it.
struct Claimed {
    name: String,
    claims: Arc<Mutex<HashSet<String>>>,
}

impl Drop for Claimed {
    fn drop(&mut self) {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

/// The contents of the store.
#[derive(Debug, Default)]
struct Contents {
    /// Quotas, by bucket.
    buckets: HashMap<Arc<str>, Bucket>,
    watches: Watches,
    subscriptions: HashMap<String, Subscription>,
}

#[derive(Debug, Default)]
struct Bucket {
    /// The slots, by action.
    logs: HashMap<Arc<str>, Log>,
    /// The tickets with their leases, by order of arrival.
    tickets: BTreeMap<u64, (Ticket, Timestamp)>,
    /// The order of the last arrival.
    last: u64,
    /// The minimum time to keep each slot.
    keep: Duration,
}

/// The slots of one action.
#[derive(Debug, Default)]
struct Log {
    in_flight: HashMap<Key, (Timestamp, Duration)>,
    /// Completions in order of time, each with the time for which it counts.
    completed: VecDeque<(Timestamp, Duration)>,
}

impl Log {
    fn used(&self, after: Timestamp) -> usize {
        let in_flight = self.in_flight.values().filter(|(lease, _)| *lease > after).count();
        in_flight + self.completed.len() - self.first_after(after)
    }

    fn slots(&self, after: Timestamp) -> impl Iterator<Item = Slot> {
        let in_flight = self.in_flight.values().map(|(lease, _)| Slot { until: *lease, in_flight: true });
        let completed = self.completed.range(self.first_after(after)..);
        in_flight
            .filter(move |slot| slot.until > after)
            .chain(completed.map(|(at, _)| Slot { until: *at, in_flight: false }))
    }

    fn complete(&mut self, key: Key, at: Timestamp, keep: Duration) {
        self.in_flight.remove(&key);
        self.insert(at, keep);
    }

    fn insert(&mut self, at: Timestamp, keep: Duration) {
        // Completions arrive nearly in order, so the place is at or near the end.
        let behind = self.completed.iter().rev().take_while(|(other, _)| *other > at).count();
        self.completed.insert(self.completed.len() - behind, (at, keep));
    }

    fn first_after(&self, after: Timestamp) -> usize {
        self.completed.partition_point(|(at, _)| *at <= after)
    }
}

impl Contents {
    fn logs(&self, bucket: &str, action: Option<&str>) -> impl Iterator<Item = &Log> {
        let logs = self.buckets.get(bucket).map(|bucket| &bucket.logs);
        let one = action.and_then(|action| logs?.get(action));
        let all = if action.is_none() { logs } else { None };
        one.into_iter().chain(all.into_iter().flat_map(HashMap::values))
    }

    fn log(&mut self, place: &Place) -> &mut Log {
        self.bucket(&place.bucket).logs.entry(Arc::clone(&place.action)).or_default()
    }

    fn bucket(&mut self, name: &Arc<str>) -> &mut Bucket {
        self.buckets.entry(Arc::clone(name)).or_default()
    }
}

impl Transaction for Contents {}

impl Slots for Contents {
    fn used(&mut self, bucket: &str, action: Option<&str>, after: Timestamp) -> Result<u64, StoreError> {
        Ok(self.logs(bucket, action).map(|log| log.used(after) as u64).sum())
    }

    fn slots(
        &mut self,
        bucket: &str,
        action: Option<&str>,
        after: Timestamp,
    ) -> Result<Vec<Slot>, StoreError> {
        Ok(self.logs(bucket, action).flat_map(|log| log.slots(after)).collect())
    }

    fn take(&mut self, place: &Place, lease: Timestamp) -> Result<(), StoreError> {
        self.log(place).in_flight.insert(place.key, (lease, place.keep));
        Ok(())
    }

    fn complete(&mut self, place: &Place, at: Timestamp) -> Result<(), StoreError> {
        self.log(place).complete(place.key, at, place.keep);
        Ok(())
    }

    fn anyone_waiting(&mut self, bucket: &str, after: Timestamp) -> Result<bool, StoreError> {
        let mut tickets = self.buckets.get(bucket).into_iter().flat_map(|bucket| bucket.tickets.values());
        Ok(tickets.any(|(_, lease)| *lease > after))
    }

    fn tickets(&mut self, bucket: &str, after: Timestamp) -> Result<Vec<Ticket>, StoreError> {
        let tickets = self.buckets.get(bucket).into_iter().flat_map(|bucket| bucket.tickets.values());
        Ok(tickets.filter(|(_, lease)| *lease > after).map(|(ticket, _)| ticket.clone()).collect())
    }

    fn queue(&mut self, ticket: &Ticket, lease: Timestamp) -> Result<(), StoreError> {
        let bucket = self.bucket(&ticket.place.bucket);
        bucket.last += 1;
        bucket.tickets.insert(bucket.last, (ticket.clone(), lease));
        Ok(())
    }

    fn leave(&mut self, place: &Place) -> Result<(), StoreError> {
        let tickets = &mut self.bucket(&place.bucket).tickets;
        let order =
            tickets.iter().find(|(_, (ticket, _))| ticket.place.key == place.key).map(|(order, _)| *order);
        if let Some(order) = order {
            tickets.remove(&order);
        }
        Ok(())
    }

    fn renew(&mut self, bucket: &str, owner: u64, lease: Timestamp) -> Result<(), StoreError> {
        let Some(bucket) = self.buckets.get_mut(bucket) else {
            return Ok(());
        };
        for (ticket, until) in bucket.tickets.values_mut() {
            if ticket.place.key.owner == owner {
                *until = lease;
            }
        }
        for (key, (until, _)) in bucket.logs.values_mut().flat_map(|log| &mut log.in_flight) {
            if key.owner == owner {
                *until = lease;
            }
        }
        Ok(())
    }

    fn clamp(&mut self, bucket: &str, now: Timestamp, latest: Timestamp) -> Result<(), StoreError> {
        let Some(bucket) = self.buckets.get_mut(bucket) else {
            return Ok(());
        };
        let earlier = |lease: &mut Timestamp| {
            if *lease != Timestamp::MAX {
                *lease = latest.min(*lease);
            }
        };
        bucket.tickets.values_mut().for_each(|(_, lease)| earlier(lease));
        for log in bucket.logs.values_mut() {
            log.in_flight.values_mut().for_each(|(lease, _)| earlier(lease));
            let future = log.first_after(latest);
            for (_, keep) in log.completed.split_off(future) {
                log.insert(now, keep);
            }
        }
        Ok(())
    }

    fn keep(&mut self, bucket: &str, period: Duration) -> Result<(), StoreError> {
        let bucket = self.bucket(&bucket.into());
        bucket.keep = bucket.keep.max(period);
        Ok(())
    }

    fn purge(&mut self, bucket: &str, now: Timestamp) -> Result<(), StoreError> {
        let Some(bucket) = self.buckets.get_mut(bucket) else {
            return Ok(());
        };
        bucket.tickets.retain(|_, (_, lease)| *lease > now);
        let counts = |until: &Timestamp, keep: &Duration| until.saturating_add(bucket.keep.max(*keep)) > now;
        for log in bucket.logs.values_mut() {
            log.in_flight.retain(|_, (lease, keep)| counts(lease, keep));
            // Nearly all completions of an action count for the same time, so the oldest expire first.
            while log.completed.front().is_some_and(|(at, keep)| !counts(at, keep)) {
                log.completed.pop_front();
            }
        }
        Ok(())
    }
}
