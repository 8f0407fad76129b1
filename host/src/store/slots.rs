//! The rows of a quota: slots that are taken, and tickets of those who wait for one.

use std::sync::Arc;
use std::time::Duration;

use super::StoreError;
use crate::clock::Timestamp;
use crate::manifest::Limit;

/// What a transaction can do with slots and tickets.
///
/// A *slot* stands for one request. While the request is in flight, the slot's `until` is a lease, which its owner
/// renews; afterwards, `until` is when the request was completed, or for one that was given up, when it is taken to be
/// over, which may be a little later than now. Either way it is the time by which the request counts as over, unless
/// the lease is renewed: a limit counts the slots whose `until` is less than a period ago, and a crashed owner needs no
/// further rule.
///
/// A *ticket* stands for one request that waits. It counts while its lease lasts.
pub trait Slots {
    /// How many slots of a bucket, or of one action in it, have an `until` later than a time.
    ///
    /// # Errors
    /// When the store fails.
    fn used(&mut self, bucket: &str, action: Option<&str>, after: Timestamp) -> Result<u64, StoreError>;

    /// The slots that [`Slots::used`] counts, in any order.
    ///
    /// # Errors
    /// When the store fails.
    fn slots(
        &mut self,
        bucket: &str,
        action: Option<&str>,
        after: Timestamp,
    ) -> Result<Vec<Slot>, StoreError>;

    /// Takes a slot, in flight, with a lease.
    ///
    /// # Errors
    /// When the store fails.
    fn take(&mut self, place: &Place, lease: Timestamp) -> Result<(), StoreError>;

    /// Notes when a slot's request was completed, or is taken to be over; also when the slot has been forgotten
    /// meanwhile.
    ///
    /// # Errors
    /// When the store fails.
    fn complete(&mut self, place: &Place, at: Timestamp) -> Result<(), StoreError>;

    /// Whether a bucket has a ticket whose lease ends later than a time.
    ///
    /// # Errors
    /// When the store fails.
    fn anyone_waiting(&mut self, bucket: &str, after: Timestamp) -> Result<bool, StoreError>;

    /// The tickets of a bucket whose lease ends later than a time, in order of arrival.
    ///
    /// # Errors
    /// When the store fails.
    fn tickets(&mut self, bucket: &str, after: Timestamp) -> Result<Vec<Ticket>, StoreError>;

    /// Puts a ticket at the end of its bucket's queue, with a lease.
    ///
    /// # Errors
    /// When the store fails.
    fn queue(&mut self, ticket: &Ticket, lease: Timestamp) -> Result<(), StoreError>;

    /// Takes a ticket out of the queue, if it is there.
    ///
    /// # Errors
    /// When the store fails.
    fn leave(&mut self, place: &Place) -> Result<(), StoreError>;

    /// Renews the leases of all that one owner has waiting and in flight in a bucket.
    ///
    /// # Errors
    /// When the store fails.
    fn renew(&mut self, bucket: &str, owner: u64, lease: Timestamp) -> Result<(), StoreError>;

    /// Brings times back that are later than `latest`: completions to `now`, leases to `latest`. They were written
    /// before the clock was set back, and would block all requests until the clock catches up. A lease that never ends
    /// ([`Timestamp::MAX`]) stays as it is.
    ///
    /// # Errors
    /// When the store fails.
    fn clamp(&mut self, bucket: &str, now: Timestamp, latest: Timestamp) -> Result<(), StoreError>;

    /// Keeps all slots of a bucket for at least that long after completion, those to come included: somebody has a
    /// limit of that period. The longest that was ever asked for counts.
    ///
    /// # Errors
    /// When the store fails.
    fn keep(&mut self, bucket: &str, period: Duration) -> Result<(), StoreError>;

    /// Forgets slots that no limit counts any more, and tickets whose lease is over.
    ///
    /// # Errors
    /// When the store fails.
    fn purge(&mut self, bucket: &str, now: Timestamp) -> Result<(), StoreError>;
}

/// The name of a request at the door, given by its sender, who needs no answer from the store to withdraw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Who asks: a random number for each quota in each process.
    pub owner: u64,
    /// Which of the owner's requests.
    pub number: u64,
}

/// A request at the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub key: Key,
    /// Whose quota it uses.
    pub bucket: Arc<str>,
    /// The action that it is for.
    pub action: Arc<str>,
    /// How long its slot counts after completion at least: the longest period of the limits that apply to it.
    pub keep: Duration,
}

/// A slot that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// When its request was completed, or when its lease ends.
    pub until: Timestamp,
    /// Whether its request is not known to be completed.
    pub in_flight: bool,
}

/// A request that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The request.
    pub place: Place,
    /// The limits of its action, which hold besides the bucket's own.
    pub limits: Arc<[Limit]>,
}
