//! How a trigger's events are to be waited for.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};

use super::callback::Callback;
use super::cloudevent::Origin;
use super::error::WatchError;
use super::news::{News, Observer};
use super::poll::Look;
use super::subject::Subject;
use super::watch::Watch;
use crate::times::Since;

/// How often a trigger with events is polled, unless told otherwise.
const BUSY: Duration = Duration::from_secs(15);
/// How often a trigger without events is polled at least, unless told otherwise.
const QUIET: Duration = Duration::from_secs(120);
/// How long an event is retried before it is declared dead, unless told otherwise.
const GIVE_UP: Duration = Duration::from_secs(3 * 86_400);
/// How much of the quota polls may take, in per cent, unless told otherwise.
const QUOTA_SHARE: u8 = 50;
/// Configures a watch.
#[derive(Debug)]
pub struct WatchBuilder {
    subject: Subject,
    news: Arc<Notify>,
    callback: Option<Arc<dyn Callback>>,
    since: Option<String>,
    look: Look,
    busy: Duration,
    quiet: Duration,
    give_up: Duration,
    keeps_trying: bool,
    turns: Option<Arc<Semaphore>>,
    observer: Observer,
}

impl WatchBuilder {
    pub(super) fn new(subject: Subject) -> Self {
        Self {
            subject,
            news: Arc::default(),
            callback: None,
            since: None,
            look: Look { quota_share: QUOTA_SHARE, ..Look::default() },
            busy: BUSY,
            quiet: QUIET,
            give_up: GIVE_UP,
            keeps_trying: false,
            turns: None,
            observer: Observer::default(),
        }
    }

    /// Where the events go: a [`Callback`], or an async closure that takes an [`Event`](super::Event).
    #[must_use]
    pub fn to(self, callback: impl Callback + 'static) -> Self {
        self.to_shared(Arc::new(callback))
    }

    /// As [`WatchBuilder::to`], for a callback that several watches share.
    #[must_use]
    pub fn to_shared(mut self, callback: Arc<dyn Callback>) -> Self {
        self.callback = Some(callback);
        self
    }

    /// When the watch begins for the first time, the time from which events count, such as `2030-01-31T12:00:00Z`, or how
    /// long before that start it is, such as `2h` (see [`Since`]); from its first start on if left out. Later the watch goes
    /// on where it left off.
    #[must_use]
    pub fn since(mut self, time: impl Into<String>) -> Self {
        self.since = Some(time.into());
        self
    }

    /// How far to look back for events that become visible late; the connector's own default if left out. An event
    /// that becomes visible later than that may be missed.
    #[must_use]
    pub fn overlap(mut self, time: Duration) -> Self {
        self.look.overlap = Some(time);
        self
    }

    /// The most events to fetch with one request; the connector's own default if left out.
    #[must_use]
    pub fn page_size(mut self, events: u32) -> Self {
        self.look.page_size = Some(events);
        self
    }

    /// How often to poll: `busy` while events come (15 s if left out), and ever more slowly, up to `quiet` (2 minutes),
    /// while none do. Where more is known to be there, the next poll comes at once.
    #[must_use]
    pub fn interval(mut self, busy: Duration, quiet: Duration) -> Self {
        self.busy = busy.max(Duration::from_millis(1));
        self.quiet = quiet;
        self
    }

    /// How long to retry an event before it is declared dead; 3 days if left out. Only time in which the watch runs counts:
    /// not time in which its process is stopped or its machine asleep.
    #[must_use]
    pub fn give_up_after(mut self, time: Duration) -> Self {
        self.give_up = time;
        self
    }

    /// The part of the connection's quota that the polls of all its triggers together may take, in per cent; 50 if left
    /// out. The rest is left to actions.
    #[must_use]
    pub fn quota_share(mut self, per_cent: u8) -> Self {
        self.look.quota_share = per_cent.clamp(1, 100);
        self
    }

    /// Whether to go on even if the first poll is refused for good, such as for a missing permission. Without this,
    /// the watch ends with that error; a watch that was once answered always goes on.
    #[must_use]
    pub fn keep_trying(mut self, keeps_trying: bool) -> Self {
        self.keeps_trying = keeps_trying;
        self
    }

    /// Has a function called with all news of the watch. It must not block.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(&News) + Send + Sync + 'static) -> Self {
        self.observer = Observer(Arc::new(observer));
        self
    }

    /// By what those who put events into the store tell of them.
    pub(super) fn news(mut self, news: Arc<Notify>) -> Self {
        self.news = news;
        self
    }

    /// Has polls wait for their turn here.
    #[cfg(feature = "serve")]
    pub(crate) fn turns(mut self, turns: Arc<Semaphore>) -> Self {
        self.turns = Some(turns);
        self
    }

    /// The name under which the store will have it: `connector/connection/trigger`.
    #[must_use]
    pub fn name(&self) -> String {
        self.subject.name()
    }

    /// The watch.
    ///
    /// # Errors
    /// [`WatchError::NoCallback`], or [`WatchError::Since`].
    pub fn build(self) -> Result<Watch, WatchError> {
        let since = self.since.map(|since| since.parse::<Since>()).transpose().map_err(WatchError::Since)?;
        Ok(Watch {
            since,
            callback: self.callback.ok_or(WatchError::NoCallback)?,
            ledger: self.subject.ledger(),
            origin: Origin::of(&self.subject.connection, &self.subject.trigger),
            observer: self.observer,
            give_up: self.give_up,
            look: self.look,
            busy: self.busy,
            quiet: self.quiet,
            keeps_trying: self.keeps_trying,
            turns: self.turns,
            subject: self.subject,
            news: self.news,
        })
    }
}
