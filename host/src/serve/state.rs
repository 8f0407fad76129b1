//! How each trigger stands.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::call::Connection;
use crate::triggers::News;

/// All triggers, by name.
#[derive(Debug, Default)]
pub(super) struct Board {
    entries: BTreeMap<Arc<str>, Arc<Entry>>,
    leaving: AtomicBool,
}

/// One trigger.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) connection: Connection,
    /// The name under which the store has it.
    pub(super) watch: String,
    state: Mutex<State>,
    /// Whether notifications can come; none for what is polled.
    subscribed: Option<AtomicBool>,
}

/// How a trigger stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// It has not begun, or was not answered yet.
    Starting,
    /// It works.
    Running,
    /// It does not, and is tried again.
    Failing(String),
    /// Its receiver wants no more.
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
        let subscribed = pushed.then(AtomicBool::default);
        let entry = Entry { connection, watch, state: Mutex::new(State::Starting), subscribed };
        let entry = Arc::new(entry);
        self.entries.insert(Arc::clone(name), Arc::clone(&entry));
        entry
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<Entry>)> {
        self.entries.iter()
    }

    /// The entry of that name, if it was added.
    pub(super) fn entry(&self, name: &str) -> Option<Arc<Entry>> {
        self.entries.get(name).cloned()
    }

    /// Notes that the server ends.
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

    pub(super) fn set_subscribed(&self, subscribed: bool) {
        if let Some(flag) = &self.subscribed {
            flag.store(subscribed, Ordering::SeqCst);
        }
    }

    /// Whether it does what it should. What its receiver has stopped does.
    pub(super) fn is_ready(&self) -> bool {
        let subscribed = self.subscribed.as_ref().is_none_or(|flag| flag.load(Ordering::SeqCst));
        subscribed && matches!(self.state(), State::Running | State::Stopped(_))
    }

    /// How it stands, in words.
    pub(super) fn words(&self) -> String {
        match self.state() {
            State::Running if !self.is_ready() => "not subscribed".into(),
            State::Starting => "starting".into(),
            State::Running => "running".into(),
            State::Failing(reason) => format!("failing: {reason}"),
            State::Stopped(reason) => format!("stopped: {reason}"),
        }
    }

    pub(super) fn note(&self, news: &News) {
        match news {
            // What is polled runs once it was answered.
            News::Began { .. } if self.subscribed.is_some() => self.set(State::Running),
            News::Polled { .. } => self.set(State::Running),
            News::PollFailed { reason, .. } => self.set(State::Failing(reason.clone())),
            News::StoreFailed { error, .. } => self.set(State::Failing(error.to_string())),
            News::Delivered { .. } if self.subscribed.is_some() => self.set(State::Running),
            News::Stopped { reason } => self.set(State::Stopped(reason.clone())),
            _ => {}
        }
    }
}
