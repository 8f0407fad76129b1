//! How each trigger stands.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::receiver::Receiver;
use crate::call::Connection;
use crate::triggers::News;

/// How long a notification that could not be stored counts: a sender that still has it comes again within that time.
const RECENT: Duration = Duration::from_secs(60);

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
    /// How notifications come; none for what is polled.
    pushed: Option<Mutex<Pushed>>,
    /// Whether what is delivered is taken.
    receiver: Receiver,
    /// Whether the watch ended and has not begun again.
    ended: AtomicBool,
}

/// How the notifications of a trigger come.
#[derive(Debug, Default)]
struct Pushed {
    subscribed: bool,
    /// Why not, if that is known.
    refusal: Option<String>,
    /// Why the last notification could not be stored, if it could not, and when that was.
    unstored: Option<(String, Instant)>,
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

    /// Notes that notifications can come.
    pub(super) fn set_subscribed(&self) {
        self.push(|pushed| (pushed.subscribed, pushed.refusal) = (true, None));
    }

    /// Notes why none can.
    pub(super) fn set_unsubscribed(&self, reason: &str) {
        self.push(|pushed| (pushed.subscribed, pushed.refusal) = (false, Some(reason.to_owned())));
    }

    /// Notes that a notification was stored. Says whether the last one was not.
    pub(super) fn stored(&self) -> bool {
        self.push(|pushed| pushed.unstored.take()).flatten().is_some()
    }

    /// Notes why one was not. Says whether that is new.
    pub(super) fn unstored(&self, reason: String) -> bool {
        let replaced = self.push(|pushed| pushed.unstored.replace((reason.clone(), Instant::now())));
        replaced.flatten().is_none_or(|(before, at)| before != reason || at.elapsed() > RECENT)
    }

    fn push<R>(&self, look: impl FnOnce(&mut Pushed) -> R) -> Option<R> {
        let pushed = self.pushed.as_ref()?;
        Some(look(&mut pushed.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Notes that the watch ended. Says whether it had begun since it last did.
    pub(super) fn ends(&self) -> bool {
        !self.ended.swap(true, Ordering::SeqCst)
    }

    /// Notes that the watch begins. Says whether it had ended.
    pub(super) fn begins_again(&self) -> bool {
        self.ended.swap(false, Ordering::SeqCst)
    }

    /// Why nothing is taken in or delivered although the watch runs, in words.
    fn obstacle(&self) -> Option<String> {
        self.intake().or_else(|| self.receiver.failing())
    }

    /// Why no notification is taken in, in words.
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

    /// Whether it does what it should. What its receiver has stopped does.
    pub(super) fn is_ready(&self) -> bool {
        self.obstacle().is_none() && matches!(self.state(), State::Running | State::Stopped(_))
    }

    /// How it stands, in words.
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
            // What is polled runs once it was answered.
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
