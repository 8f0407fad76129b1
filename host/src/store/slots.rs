//! The rows of a quota: slots that are in use, and tickets of requests that wait for one.

use std::sync::Arc;
use std::time::Duration;

use super::StoreError;
use crate::clock::Timestamp;
use crate::manifest::Limit;

/// The operations of a transaction on slots and tickets.
///
/// A *slot* stands for one request. While the request is in flight, the slot's `until` is a lease, which its
/// owner renews. Afterwards, `until` is the time at which the request was completed; for an abandoned request
/// it is the time at which the request is assumed to be over, which may be slightly in the future. In both
/// cases the request counts as over from `until` on, unless the lease is renewed: a limit counts the slots
/// whose `until` is less than a period ago, so a crashed owner needs no special rule.
///
/// A *ticket* stands for one waiting request. It counts while its lease lasts.
pub trait Slots {
    /// Returns how many slots of a bucket, or of one action in it, have an `until` later than `after`.
    ///
    /// # Errors
    /// If the store fails.
    fn used(&mut self, bucket: &str, action: Option<&str>, after: Timestamp) -> Result<u64, StoreError>;

    /// Returns the slots that [`Slots::used`] counts, in any order.
    ///
    /// # Errors
    /// If the store fails.
    fn slots(
        &mut self,
        bucket: &str,
        action: Option<&str>,
        after: Timestamp,
    ) -> Result<Vec<Slot>, StoreError>;

    /// Takes a slot for a request in flight, with a lease.
    ///
    /// # Errors
    /// If the store fails.
    fn take(&mut self, place: &Place, lease: Timestamp) -> Result<(), StoreError>;

    /// Records when a slot's request was completed or is assumed to be over, even if the slot has been
    /// forgotten in the meantime.
    ///
    /// # Errors
    /// If the store fails.
    fn complete(&mut self, place: &Place, at: Timestamp) -> Result<(), StoreError>;

    /// Returns whether a bucket has a ticket whose lease ends later than `after`.
    ///
    /// # Errors
    /// If the store fails.
    fn anyone_waiting(&mut self, bucket: &str, after: Timestamp) -> Result<bool, StoreError>;

    /// Returns the tickets of a bucket whose leases end later than `after`, in order of arrival.
    ///
    /// # Errors
    /// If the store fails.
    fn tickets(&mut self, bucket: &str, after: Timestamp) -> Result<Vec<Ticket>, StoreError>;

    /// Adds a ticket to the end of its bucket's queue, with a lease.
    ///
    /// # Errors
    /// If the store fails.
    fn queue(&mut self, ticket: &Ticket, lease: Timestamp) -> Result<(), StoreError>;

    /// Removes a ticket from the queue, if it is there.
    ///
    /// # Errors
    /// If the store fails.
    fn leave(&mut self, place: &Place) -> Result<(), StoreError>;

    /// Renews the leases of all of an owner's tickets and slots in flight in a bucket.
    ///
    /// # Errors
    /// If the store fails.
    fn renew(&mut self, bucket: &str, owner: u64, lease: Timestamp) -> Result<(), StoreError>;

    /// Moves times that are later than `latest` back: completions to `now`, leases to `latest`. Such times
    /// were written before the clock was set back, and would block all requests until the clock catches up. A
    /// lease that never ends ([`Timestamp::MAX`]) stays as it is.
    ///
    /// # Errors
    /// If the store fails.
    fn clamp(&mut self, bucket: &str, now: Timestamp, latest: Timestamp) -> Result<(), StoreError>;

    /// Keeps all slots of a bucket, including future ones, for at least `period` after completion, because
    /// some limit has that period. The longest period that was ever requested counts.
    ///
    /// # Errors
    /// If the store fails.
    fn keep(&mut self, bucket: &str, period: Duration) -> Result<(), StoreError>;

    /// Removes slots that no limit counts any more, and tickets whose leases have expired.
    ///
    /// # Errors
    /// If the store fails.
    fn purge(&mut self, bucket: &str, now: Timestamp) -> Result<(), StoreError>;
}

/// The key of a request that has asked for a slot. Its sender chooses the key, and so can withdraw the
/// request without an answer from the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The owner of the request: a random number for each quota in each process.
    pub owner: u64,
    /// The number of the request among the owner's.
    pub number: u64,
}

/// A request that has asked for a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The request's key.
    pub key: Key,
    /// The bucket whose quota the request uses.
    pub bucket: Arc<str>,
    /// The action that the request is for.
    pub action: Arc<str>,
    /// The minimum time for which its slot counts after completion: the longest period of the limits that
    /// apply to it.
    pub keep: Duration,
}

/// A slot that is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// When its request was completed, or when its lease ends.
    pub until: Timestamp,
    /// Whether the request is still in flight, as far as is known.
    pub in_flight: bool,
}

/// A waiting request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The request.
    pub place: Place,
    /// The limits of its action, which apply in addition to the bucket's own.
    pub limits: Arc<[Limit]>,
}
