//! Events that have not reached their callbacks.

use super::StoreError;
use crate::clock::Timestamp;

/// The operations of a transaction on events.
///
/// An event *waits* from the time it was found until it has reached its callback. After that only its id is
/// kept for a while, to recognise the event if it is found again. An event that could not be delivered for
/// too long is *dead*: it stays until somebody revives or forgets it. Each event has a number; within a
/// watch, earlier events have lower numbers.
pub trait Outbox {
    /// Adds an event to the end of those that wait, unless its id is known. Returns whether the event was
    /// added. If a delivered event is found again, its id counts as delivered at `at`, so that the id stays
    /// known for as long as the event keeps being found.
    ///
    /// # Errors
    /// If the store fails.
    fn add(&mut self, watch: &str, found: &Found, at: Timestamp) -> Result<bool, StoreError>;

    /// Returns the first waiting events of the page, in order.
    ///
    /// # Errors
    /// If the store fails.
    fn waiting(&mut self, watch: &str, page: Page) -> Result<Vec<Stored>, StoreError>;

    /// Returns the first dead events of the page, in order.
    ///
    /// # Errors
    /// If the store fails.
    fn dead(&mut self, watch: &str, page: Page) -> Result<Vec<Stored>, StoreError>;

    /// Records that an event has reached its callback. Only its id is kept.
    ///
    /// # Errors
    /// If the store fails.
    fn acknowledge(&mut self, watch: &str, number: u64, at: Timestamp) -> Result<(), StoreError>;

    /// Records that an event could not be delivered, and when the next attempt is due.
    ///
    /// # Errors
    /// If the store fails.
    fn note_trouble(&mut self, watch: &str, number: u64, trouble: &Trouble) -> Result<(), StoreError>;

    /// Declares a waiting event dead.
    ///
    /// # Errors
    /// If the store fails.
    fn bury(&mut self, watch: &str, number: u64, at: Timestamp) -> Result<(), StoreError>;

    /// Moves a dead event to the end of those that wait, as if it had just been found. Returns whether there
    /// was such an event.
    ///
    /// # Errors
    /// If the store fails.
    fn revive(&mut self, watch: &str, number: u64, at: Timestamp) -> Result<bool, StoreError>;

    /// Returns how many events wait, and how many are dead.
    ///
    /// # Errors
    /// If the store fails.
    fn backlog(&mut self, watch: &str) -> Result<Backlog, StoreError>;

    /// Forgets the ids of events that were delivered, and last found again, before the given time.
    ///
    /// # Errors
    /// If the store fails.
    fn forget_delivered(&mut self, watch: &str, before: Timestamp) -> Result<(), StoreError>;
}

/// An event as a trigger found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The event's id: the same each time the event is found.
    pub id: String,
    /// When the event happened, according to the connector.
    pub time: Option<String>,
    /// The event's data: JSON text.
    pub data: String,
}

/// An event in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The event's number; see [`Outbox`].
    pub number: u64,
    /// The event as it was found.
    pub event: Found,
    /// When the event was found.
    pub found_at: Timestamp,
    /// The record of failed delivery attempts, if any failed.
    pub trouble: Option<Trouble>,
    /// When the event was declared dead, if it is dead.
    pub dead_since: Option<Timestamp>,
}

/// The failed attempts to deliver an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// How many attempts failed.
    pub attempts: u32,
    /// When the next attempt is due.
    pub due: Timestamp,
    /// Why the last attempt failed.
    pub reason: String,
}

/// The range of events to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Read only events with higher numbers than this.
    pub after: u64,
    /// The maximum number of events.
    pub events: usize,
    /// Stop once the data of the events read so far reaches this many bytes.
    pub bytes: usize,
}

/// How many events a watch has in the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many events wait.
    pub waiting: u64,
    /// When the first waiting event was found.
    pub oldest: Option<Timestamp>,
    /// How many events are dead.
    pub dead: u64,
}
