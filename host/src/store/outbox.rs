//! Events that have not reached their callbacks.

use super::StoreError;
use crate::clock::Timestamp;

/// What a transaction can do with events.
///
/// An event *waits* from when it was found until it has reached its callback, and then only its id is kept for a while,
/// so that the same event found again is known. One that could not be delivered for too long is *dead*: it stays until
/// somebody revives or forgets it. Each event has a number; of a watch, earlier events have lower ones.
pub trait Outbox {
    /// Adds an event at the end of those that wait, unless its id is known. Says whether it was added. The id of a
    /// delivered event that is found again counts as delivered now, so that it is known for as long as it is found.
    ///
    /// # Errors
    /// When the store fails.
    fn add(&mut self, watch: &str, found: &Found, at: Timestamp) -> Result<bool, StoreError>;

    /// The first events that wait, in order.
    ///
    /// # Errors
    /// When the store fails.
    fn waiting(&mut self, watch: &str, page: Page) -> Result<Vec<Stored>, StoreError>;

    /// The first dead events, in order.
    ///
    /// # Errors
    /// When the store fails.
    fn dead(&mut self, watch: &str, page: Page) -> Result<Vec<Stored>, StoreError>;

    /// Notes that an event has reached its callback: only its id is kept.
    ///
    /// # Errors
    /// When the store fails.
    fn acknowledge(&mut self, watch: &str, number: u64, at: Timestamp) -> Result<(), StoreError>;

    /// Notes that an event could not be delivered, and when the next attempt is due.
    ///
    /// # Errors
    /// When the store fails.
    fn note_trouble(&mut self, watch: &str, number: u64, trouble: &Trouble) -> Result<(), StoreError>;

    /// Declares an event that waits dead.
    ///
    /// # Errors
    /// When the store fails.
    fn bury(&mut self, watch: &str, number: u64, at: Timestamp) -> Result<(), StoreError>;

    /// Puts a dead event at the end of those that wait, as if it had just been found. Says whether there was one.
    ///
    /// # Errors
    /// When the store fails.
    fn revive(&mut self, watch: &str, number: u64, at: Timestamp) -> Result<bool, StoreError>;

    /// How many events wait and are dead.
    ///
    /// # Errors
    /// When the store fails.
    fn backlog(&mut self, watch: &str) -> Result<Backlog, StoreError>;

    /// Forgets the ids of events that reached their callbacks, and were found, for the last time before a time.
    ///
    /// # Errors
    /// When the store fails.
    fn forget_delivered(&mut self, watch: &str, before: Timestamp) -> Result<(), StoreError>;
}

/// An event as a trigger found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The event's id: the same each time the event is seen.
    pub id: String,
    /// When it happened, as the connector says it.
    pub time: Option<String>,
    /// What happened: JSON text.
    pub data: String,
}

/// An event in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its number.
    pub number: u64,
    /// What was found.
    pub event: Found,
    /// When it was found.
    pub found_at: Timestamp,
    /// What became of the attempts to deliver it, if any failed.
    pub trouble: Option<Trouble>,
    /// Since when it is dead, if it is.
    pub dead_since: Option<Timestamp>,
}

/// What became of the attempts to deliver an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// How many attempts failed.
    pub attempts: u32,
    /// When the next one is due.
    pub due: Timestamp,
    /// Why the last one failed.
    pub reason: String,
}

/// Which events to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Only those whose numbers are higher.
    pub after: u64,
    /// At most so many.
    pub events: usize,
    /// No further ones once their data has so many bytes.
    pub bytes: usize,
}

/// How many events a watch has in the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many wait.
    pub waiting: u64,
    /// When the first of them was found.
    pub oldest: Option<Timestamp>,
    /// How many are dead.
    pub dead: u64,
}
