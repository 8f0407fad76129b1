//! The state of each trigger.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::receiver::Receiver;
use crate::call::Connection;
use crate::triggers::News;

/// How long a failure to store a notification counts: a sender that still has the notification retries within
/// that time.
const RECENT: Duration = Duration::from_secs(60);

/// All triggers, by name.
#[derive(Debug, Default)]
pub(super) struct Board {
    entries: BTreeMap<Arc<str>, Arc<Entry>>,
    leaving: AtomicBool,
}

/// The state of one trigger.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) connection: Connection,
    /// The name of its watch in the store.
    pub(super) watch: String,
    state: Mutex<State>,
    /// How notifications arrive; `None` for a polled trigger.
    pushed: Option<Mutex<Pushed>>,
    /// Whether the receiver accepts events.
    receiver: Receiver,
    /// Whether the watch has ended and not started again.
    ended: AtomicBool,
}

/// The state of a pushed trigger's notifications.
#[derive(Debug, Default)]
struct Pushed {
    subscribed: bool,
    /// Why the trigger is not subscribed, if known.
    refusal: Option<String>,
    /// If the last notification could not be stored: why, and when.
    unstored: Option<(String, Instant)>,
}

/// The state of a trigger's watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// The watch has not started, or no poll has succeeded yet.
    Starting,
    /// The watch works.
    Running,
    /// The watch fails for this reason, and keeps retrying.
    Failing(String),
    /// The receiver asked for no more events, for this reason.
    Stopped(String),
}

impl Board {
    pub(super) fn add(
        &mut self,
        name: &Arc<str>,
        connection: Connection,
        watch: String,
        pushed: bool,
    ) -> Arc<Entry> {
        let pushed = pushed.then(Mutex::default);
        let entry = Arc::new(Entry {
            connection,
            watch,
            state: Mutex::new(State::Starting),
            pushed,
            receiver: Receiver::default(),
            ended: AtomicBool::new(false),
        });
        self.entries.insert(Arc::clone(name), Arc::clone(&entry));
        entry
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<Entry>)> {
        self.entries.iter()
    }

    /// Returns the entry of that name, if it was added.
    pub(super) fn entry(&self, name: &str) -> Option<Arc<Entry>> {
        self.entries.get(name).cloned()
    }

    /// Records that the server is shutting down.
    pub(super) fn leave(&self) {
        self.leaving.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::SeqCst)
    }
}

impl Entry {
    pub(super) fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Records that notifications can arrive.
    pub(super) fn set_subscribed(&self) {
        self.push(|pushed| (pushed.subscribed, pushed.refusal) = (true, None));
    }

    /// Records why no notifications can arrive.
    pub(super) fn set_unsubscribed(&self, reason: &str) {
        self.push(|pushed| (pushed.subscribed, pushed.refusal) = (false, Some(reason.to_owned())));
    }

    /// Records that a notification was stored. Returns whether the previous one could not be.
    pub(super) fn stored(&self) -> bool {
        self.push(|pushed| pushed.unstored.take()).flatten().is_some()
    }

    /// Records why a notification could not be stored. Returns whether that is new.
    pub(super) fn unstored(&self, reason: String) -> bool {
        let replaced = self.push(|pushed| pushed.unstored.replace((reason.clone(), Instant::now())));
        replaced.flatten().is_none_or(|(before, at)| before != reason || at.elapsed() > RECENT)
    }

    fn push<R>(&self, look: impl FnOnce(&mut Pushed) -> R) -> Option<R> {
        let pushed = self.pushed.as_ref()?;
        Some(look(&mut pushed.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Records that the watch ended. Returns whether it had started again since it last ended.
    pub(super) fn ends(&self) -> bool {
        !self.ended.swap(true, Ordering::SeqCst)
    }

    /// Records that the watch starts. Returns whether it had ended before.
    pub(super) fn begins_again(&self) -> bool {
        self.ended.swap(false, Ordering::SeqCst)
    }

    /// Describes why nothing is received or delivered although the watch runs, if so.
    fn obstacle(&self) -> Option<String> {
        self.intake().or_else(|| self.receiver.failing())
    }

    /// Describes why no notifications are received, if so.
    fn intake(&self) -> Option<String> {
        self.push(|pushed| match pushed {
            Pushed { subscribed: false, refusal: Some(reason), .. } => {
                Some(format!("not subscribed: {reason}"))
            }
            Pushed { subscribed: false, .. } => Some("not subscribed".into()),
            Pushed { unstored: Some((reason, at)), .. } if at.elapsed() <= RECENT => {
                Some(format!("failing: {reason}"))
            }
            _ => None,
        })
        .flatten()
    }

    /// Returns whether the trigger is ready. A trigger that its receiver stopped counts as ready.
    pub(super) fn is_ready(&self) -> bool {
        self.obstacle().is_none() && matches!(self.state(), State::Running | State::Stopped(_))
    }

    /// Describes the state of the trigger.
    pub(super) fn words(&self) -> String {
        let state = self.state();
        if let (State::Running | State::Stopped(_), Some(obstacle)) = (&state, self.obstacle()) {
            return obstacle;
        }
        match state {
            State::Starting => "starting".into(),
            State::Running => "running".into(),
            State::Failing(reason) => format!("failing: {reason}"),
            State::Stopped(reason) => format!("stopped: {reason}"),
        }
    }

    pub(super) fn note(&self, news: &News) {
        self.receiver.note(news);
        match news {
            // A polled trigger counts as running once a poll has succeeded.
            News::Began { .. } if self.pushed.is_some() => self.set(State::Running),
            News::Polled { .. } => self.set(State::Running),
            News::PollFailed { reason, .. } => self.set(State::Failing(reason.clone())),
            News::StoreFailed { error, .. } => self.set(State::Failing(error.to_string())),
            News::Delivered { .. } | News::StoreRecovered if self.pushed.is_some() => {
                self.set(State::Running);
            }
            News::Stopped { reason } => self.set(State::Stopped(reason.clone())),
            _ => {}
        }
    }
}
