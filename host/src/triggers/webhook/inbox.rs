//! Where notifications are taken in.

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

/// Takes notifications in. Clones are the same inbox.
///
/// Notifications that come at the same time are stored in one transaction: the disk is waited for once for all of them.
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
    /// Whoever has it stores what is pending, for all.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// Events that are to be stored, and who waits for that.
#[derive(Debug)]
struct Pending {
    events: Vec<Found>,
    done: oneshot::Sender<Result<usize, StoreError>>,
}

/// What became of a notification that was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// How many events it holds that were not known. They are on disk.
    pub new: usize,
    /// How many were known, since they came before. They have no effect.
    pub known: usize,
}

/// Why a notification was not taken in. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InboxError {
    /// The connector does not read it as a notification of its API.
    #[error("it is not a notification: {0}")]
    Malformed(String),
    /// The connector failed to read it.
    #[error("the notification could not be read: {0}")]
    Unread(CallError),
    /// It could not be stored.
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

    /// Who may put notifications in.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.shared.gate
    }

    /// What is known of its trigger.
    #[must_use]
    pub fn trigger(&self) -> &PushTrigger {
        &self.shared.trigger
    }

    /// Takes a notification in: has the connector read it, and stores its events. Once this has returned, they are not
    /// lost to anything but the disk's own failure.
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
                // Others wait for it too: it goes on even if this one is given up.
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

/// Stores all that is pending.
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
                // Who has gone finds the event known when it comes again.
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

/// The events in what the connector has read.
fn events(pushed: &Pushed, json: &str) -> Result<Vec<Found>, String> {
    let unreadable =
        |error: serde_json::Error| format!("the connector returned an invalid notification ({error})");
    // A list stands alone under its key.
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
