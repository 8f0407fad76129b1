//! Accepts notifications and stores their events.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tokio::sync::{Notify, OwnedMutexGuard, oneshot};

use super::gate::Gate;
use super::trigger::{PushTrigger, Pushed};
use crate::call::CallError;
use crate::failure::{Failure, FailureCase};
use crate::store::{Found, StoreError};
use crate::triggers::ledger::Ledger;
use crate::triggers::poll::LONGEST_ID;

/// How long the connector may take to read a notification.
const READING: Duration = Duration::from_secs(10);

/// Accepts notifications. Clones share the same inbox.
///
/// Notifications that arrive at the same time are stored in one transaction, which waits for the disk only
/// once.
#[derive(Debug, Clone)]
pub struct Inbox {
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) trigger: PushTrigger,
    pub(super) ledger: Ledger,
    pub(super) gate: Gate,
    news: Arc<Notify>,
    pending: Mutex<Vec<Pending>>,
    /// The holder of this lock stores everything that is pending.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// Events to be stored, and the caller that waits for it.
#[derive(Debug)]
struct Pending {
    events: Vec<Found>,
    done: oneshot::Sender<Result<usize, StoreError>>,
}

/// The result of accepting a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// How many of its events are new. They are on disk.
    pub new: usize,
    /// How many of its events had arrived before. They have no effect.
    pub known: usize,
}

/// Why a notification was not accepted. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InboxError {
    /// The connector does not recognise the text as a notification of its API.
    #[error("it is not a notification: {0}")]
    Malformed(String),
    /// The connector failed to read the notification.
    #[error("the notification could not be read: {0}")]
    Unread(CallError),
    /// The notification could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Inbox {
    pub(super) fn new(trigger: PushTrigger, ledger: Ledger) -> Self {
        let shared = Shared {
            trigger,
            ledger,
            gate: Gate::default(),
            news: Arc::default(),
            pending: Mutex::default(),
            turn: Arc::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    pub(super) fn news(&self) -> Arc<Notify> {
        Arc::clone(&self.shared.news)
    }

    /// Returns the gate, which decides whose notifications are accepted.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.shared.gate
    }

    /// Returns the trigger of the inbox.
    #[must_use]
    pub fn trigger(&self) -> &PushTrigger {
        &self.shared.trigger
    }

    /// Accepts a notification: the connector reads it, and its events are stored. Once this has returned,
    /// only a failure of the disk can lose them.
    ///
    /// # Errors
    /// See [`InboxError`].
    pub async fn take(&self, body: &str) -> Result<Taken, InboxError> {
        let events = self.read(body).await?;
        let count = events.len();
        let new = if events.is_empty() { 0 } else { self.keep(events).await? };
        Ok(Taken { new, known: count - new })
    }

    async fn read(&self, body: &str) -> Result<Vec<Found>, InboxError> {
        let PushTrigger { connection, pushed } = &self.shared.trigger;
        let input = Map::from_iter([(pushed.parse.parameter.to_string(), body.into())]);
        let reply = connection.call_within(READING, &pushed.parse.function, Value::Object(input)).await;
        let reply = reply.map_err(|error| match error.failure() {
            Failure { case: FailureCase::PermanentInvalidInput, message, .. } => {
                InboxError::Malformed(message)
            }
            _ => InboxError::Unread(error),
        })?;
        events(pushed, reply.json()).map_err(InboxError::Malformed)
    }

    async fn keep(&self, events: Vec<Found>) -> Result<usize, StoreError> {
        let (done, mut stored) = oneshot::channel();
        lock(&self.shared.pending).push(Pending { events, done });
        let stored = tokio::select! {
            biased;
            stored = &mut stored => stored,
            turn = Arc::clone(&self.shared.turn).lock_owned() => {
                // Others wait for this too, so it continues even if this future is dropped.
                tokio::spawn(store(Arc::clone(&self.shared), turn));
                stored.await
            }
        };
        stored.unwrap_or_else(|gone| {
            let location = self.shared.ledger.watch().to_owned();
            Err(StoreError::Failed { location, source: Arc::new(gone) })
        })
    }
}

/// Stores everything that is pending.
async fn store(shared: Arc<Shared>, turn: OwnedMutexGuard<()>) {
    let pending = std::mem::take(&mut *lock(&shared.pending));
    if pending.is_empty() {
        return;
    }
    let (events, waiting): (Vec<_>, Vec<_>) =
        pending.into_iter().map(|Pending { events, done }| (events, done)).unzip();
    let stored = shared.ledger.receive(events).await;
    drop(turn);
    match stored {
        Ok(new) => {
            shared.news.notify_one();
            for (new, done) in new.into_iter().zip(waiting) {
                // If the caller is gone, the event is known when it is sent again.
                let _ = done.send(Ok(new));
            }
        }
        Err(error) => {
            for done in waiting {
                let _ = done.send(Err(error.clone()));
            }
        }
    }
}

/// Returns the events in the connector's result.
fn events(pushed: &Pushed, json: &str) -> Result<Vec<Found>, String> {
    let unreadable =
        |error: serde_json::Error| format!("the connector returned an invalid notification ({error})");
    // The result has a single key, which holds the list.
    let whole: BTreeMap<String, Vec<Box<RawValue>>> = serde_json::from_str(json).map_err(unreadable)?;
    whole.into_values().flatten().map(|data| event(pushed, &data)).collect()
}

fn event(pushed: &Pushed, data: &RawValue) -> Result<Found, String> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(data.get())
        .map_err(|error| format!("the connector returned an invalid notification ({error})"))?;
    let text = |key: &str| fields.get(key).and_then(|text| serde_json::from_str::<String>(text.get()).ok());
    match text(&pushed.id) {
        Some(id) if !id.is_empty() && id.len() <= LONGEST_ID => Ok(Found {
            id,
            time: pushed.time.as_deref().and_then(text),
            data: data.get().replace(['\n', '\r'], " "),
        }),
        Some(id) => Err(format!("an id has {} bytes", id.len())),
        None => Err("there is no id".into()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
