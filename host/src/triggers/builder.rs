//! Configures how a watch waits for a trigger's events and delivers them.

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

/// The default interval between polls while events arrive.
const BUSY: Duration = Duration::from_secs(15);
/// The default longest interval between polls while no events arrive.
const QUIET: Duration = Duration::from_secs(120);
/// How long an event is retried by default before it is declared dead.
const GIVE_UP: Duration = Duration::from_secs(3 * 86_400);
/// The default share of the quota that polls may take, in per cent.
const QUOTA_SHARE: u8 = 50;
/// Configures a [`Watch`].
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

    /// Sets where the events go: a [`Callback`], or an async closure that takes an [`Event`](super::Event).
    #[must_use]
    pub fn to(self, callback: impl Callback + 'static) -> Self {
        self.to_shared(Arc::new(callback))
    }

    /// Like [`WatchBuilder::to`], for a callback that several watches share.
    #[must_use]
    pub fn to_shared(mut self, callback: Arc<dyn Callback>) -> Self {
        self.callback = Some(callback);
        self
    }

    /// Sets the time from which events count when the watch starts for the first time: a time such as
    /// `2030-01-31T12:00:00Z`, or a duration before that first start, such as `2h` (see [`Since`]). The
    /// default is the first start. Later starts continue where the watch left off.
    #[must_use]
    pub fn since(mut self, time: impl Into<String>) -> Self {
        self.since = Some(time.into());
        self
    }

    /// Sets how far to look back for events that become visible late. The default is the connector's own. An
    /// event that becomes visible later than that may be missed.
    #[must_use]
    pub fn overlap(mut self, time: Duration) -> Self {
        self.look.overlap = Some(time);
        self
    }

    /// Sets the maximum number of events to fetch with one request. The default is the connector's own.
    #[must_use]
    pub fn page_size(mut self, events: u32) -> Self {
        self.look.page_size = Some(events);
        self
    }

    /// Sets how often to poll: every `busy` while events arrive (default 15 s), and less and less often, down
    /// to every `quiet` (default 2 minutes), while none do. If a poll reports that there is more, the next
    /// poll follows at once.
    #[must_use]
    pub fn interval(mut self, busy: Duration, quiet: Duration) -> Self {
        self.busy = busy.max(Duration::from_millis(1));
        self.quiet = quiet;
        self
    }

    /// Sets how long to retry an event before it is declared dead (default 3 days). Only time during which
    /// the watch runs counts, not time during which its process is stopped or its machine asleep.
    #[must_use]
    pub fn give_up_after(mut self, time: Duration) -> Self {
        self.give_up = time;
        self
    }

    /// Sets the share of the connection's quota, in per cent, that the polls of all its triggers may take
    /// together (default 50). The rest is left to actions.
    #[must_use]
    pub fn quota_share(mut self, per_cent: u8) -> Self {
        self.look.quota_share = per_cent.clamp(1, 100);
        self
    }

    /// Sets whether to continue even if the first poll fails permanently, for example because a permission is
    /// missing. By default the watch ends with that error. Once a poll has succeeded, the watch always
    /// continues.
    #[must_use]
    pub fn keep_trying(mut self, keeps_trying: bool) -> Self {
        self.keeps_trying = keeps_trying;
        self
    }

    /// Sets a function to call with all news of the watch. The function must not block.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(&News) + Send + Sync + 'static) -> Self {
        self.observer = Observer(Arc::new(observer));
        self
    }

    /// Sets how others that put events into the store announce them.
    pub(super) fn news(mut self, news: Arc<Notify>) -> Self {
        self.news = news;
        self
    }

    /// Makes polls wait for a permit of this semaphore.
    #[cfg(feature = "serve")]
    pub(crate) fn turns(mut self, turns: Arc<Semaphore>) -> Self {
        self.turns = Some(turns);
        self
    }

    /// Returns the name that the watch will have in the store: `connector/connection/trigger`.
    #[must_use]
    pub fn name(&self) -> String {
        self.subject.name()
    }

    /// Builds the watch.
    ///
    /// # Errors
    /// [`WatchError::NoCallback`] if there is no callback, or [`WatchError::Since`] if the start time is not
    /// valid.
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
