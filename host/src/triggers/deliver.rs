//! The delivering half of a watch: passes waiting events from the store to the callback, in order.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;

use super::callback::Outcome;
use super::error::WatchError;
use super::fail;
use super::news::News;
use super::runtime::RunTime;
use super::schedule::{LONGEST_WISH, backoff};
use super::watch::{Ended, Signals, Watch};
use crate::clock::Timestamp;
use crate::store::{StoreError, Stored, Trouble};

/// The number of attempts after which a watch that runs once gives up.
const ATTEMPTS_ONCE: u32 = 3;
/// The longest wait before an attempt that a watch that runs once accepts.
const PATIENCE_ONCE: Duration = Duration::from_secs(60);
/// How often to check the store when nobody announces events: another process may have added some.
const LOOK: Duration = Duration::from_secs(20);
/// The longest time between two runs of a watch that runs once which still counts as running: a timer may run
/// it every hour.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// The outcome of the deliveries.
#[derive(Debug)]
pub(super) struct Delivered {
    pub(super) ended: Ended,
    pub(super) acknowledged: u64,
    pub(super) dead: u64,
}

/// The outcome of one event.
enum Fate {
    Acknowledged,
    Dead,
    End(Ended),
}

impl Watch {
    /// Delivers until asked to stop, or, for a watch that runs once, until everything is delivered.
    pub(super) async fn deliveries(
        &self,
        failing_since: Option<Timestamp>,
        signals: &Signals,
    ) -> Result<Delivered, WatchError> {
        let mut time = RunTime::new(self.subject.connection.clock().clone(), failing_since);
        let mut delivered = Delivered::default();
        loop {
            // Checked first: if polling was complete at this point and the page is empty, nothing is left.
            let complete = *signals.complete.borrow();
            let page = self.stubbornly(signals, || self.ledger.waiting()).await?;
            if page.is_empty() {
                if complete || self.idle(signals).await {
                    return Ok(delivered);
                }
                continue;
            }
            for stored in page {
                match self.event(stored, &mut time, signals).await? {
                    Fate::Acknowledged => delivered.acknowledged += 1,
                    Fate::Dead => delivered.dead += 1,
                    Fate::End(ended) => return Ok(Delivered { ended, ..delivered }),
                }
            }
        }
    }

    /// Waits until something may have changed. Returns whether the watch has to end.
    async fn idle(&self, signals: &Signals) -> bool {
        let (mut stop, mut complete) = (signals.stop.clone(), signals.complete.clone());
        tokio::select! {
            () = signals.news.notified() => false,
            _ = complete.wait_for(|complete| *complete) => false,
            _ = stop.wait_for(|stop| *stop) => true,
            // Real time, because other processes do not use this one's clock.
            () = tokio::time::sleep(LOOK) => false,
        }
    }

    /// Delivers one event, with as many attempts as it takes.
    async fn event(
        &self,
        mut stored: Stored,
        time: &mut RunTime,
        signals: &Signals,
    ) -> Result<Fate, WatchError> {
        let mut stop = signals.stop.clone();
        loop {
            if *stop.borrow() {
                return Ok(Fate::End(Ended::Asked));
            }
            let wait = self.wait(&stored);
            if signals.once && wait > PATIENCE_ONCE {
                return Err(self.undelivered(&stored).await);
            }
            if !wait.is_zero() && time.wait(wait, self.sleep(wait, &mut stop)).await {
                return Ok(Fate::End(Ended::Asked));
            }
            fail::point("before-delivery");
            let outcome = time.attempt(self.deliver(&stored)).await;
            fail::point("after-delivery");
            match outcome {
                Outcome::Acknowledged => {
                    let recovered = time.recovered();
                    self.stubbornly(signals, || self.ledger.acknowledge(stored.number)).await?;
                    if let Some(since) = recovered {
                        self.observer.tell(&News::DeliveryRecovered { after: self.now().since(since) });
                    }
                    let after = self.now().since(stored.found_at);
                    self.observer.tell(&News::Delivered { id: stored.event.id, after });
                    return Ok(Fate::Acknowledged);
                }
                Outcome::Retry { reason, after } => {
                    let trouble = self.trouble(&stored, reason, after);
                    let since = time.failing();
                    if self.is_hopeless(&stored, time) {
                        self.stubbornly(signals, || self.ledger.bury(stored.number, trouble.clone())).await?;
                        self.observer.tell(&News::Died { id: stored.event.id, reason: trouble.reason });
                        return Ok(Fate::Dead);
                    }
                    self.stubbornly(signals, || self.ledger.trouble(stored.number, trouble.clone(), since))
                        .await?;
                    self.observer.tell(&News::DeliveryFailed {
                        id: stored.event.id.clone(),
                        attempts: trouble.attempts,
                        reason: trouble.reason.clone(),
                        next: trouble.due.since(self.now()),
                    });
                    let tired = signals.once && trouble.attempts.is_multiple_of(ATTEMPTS_ONCE);
                    stored.trouble = Some(trouble);
                    if tired {
                        return Err(self.undelivered(&stored).await);
                    }
                }
                Outcome::Stop { reason } => {
                    self.stubbornly(signals, || self.ledger.stop(reason.clone())).await?;
                    self.observer.tell(&News::Stopped { reason: reason.clone() });
                    return Ok(Fate::End(Ended::Stopped(reason)));
                }
                Outcome::Closed => return Ok(Fate::End(Ended::Closed)),
            }
        }
    }

    /// Returns how long to wait before the next attempt.
    fn wait(&self, stored: &Stored) -> Duration {
        let Some(trouble) = &stored.trouble else { return Duration::ZERO };
        let wait = trouble.due.since(self.now());
        if wait <= LONGEST_WISH {
            return wait;
        }
        // No wait is that long, so the clock must have been set back.
        let next = backoff(trouble.attempts, None, fastrand::f64());
        self.observer.tell(&News::ClockSetBack { id: stored.event.id.clone(), by: wait, next });
        next
    }

    /// Attempts a delivery. A callback that panics has not acknowledged the event.
    async fn deliver(&self, stored: &Stored) -> Outcome {
        let delivery = async { self.callback.deliver(self.origin.event(stored)).await };
        let outcome = AssertUnwindSafe(delivery).catch_unwind().await;
        outcome.unwrap_or_else(|panic| Outcome::retry(format!("the callback panicked: {}", words(&*panic))))
    }

    fn trouble(&self, stored: &Stored, reason: String, wish: Option<Duration>) -> Trouble {
        let attempts = stored.trouble.as_ref().map_or(0, |trouble| trouble.attempts).saturating_add(1);
        let due = self.now().saturating_add(backoff(attempts, wish, fastrand::f64()));
        Trouble { attempts, due, reason }
    }

    /// Returns whether to give up: both the event's waiting time while the watch ran and the time without any
    /// successful delivery have reached the limit. The first condition alone would give up at once on events
    /// that waited while nothing ran; the second alone would give each event behind the first as long again.
    fn is_hopeless(&self, stored: &Stored, time: &RunTime) -> bool {
        time.since(stored.found_at) >= self.give_up && time.failing_for() >= self.give_up
    }

    async fn undelivered(&self, stored: &Stored) -> WatchError {
        let reason = stored.trouble.as_ref().map_or_else(String::new, |trouble| trouble.reason.clone());
        match self.ledger.backlog().await {
            Ok(backlog) => {
                WatchError::Undelivered { watch: self.name().to_owned(), waiting: backlog.waiting, reason }
            }
            Err(error) => error.into(),
        }
    }

    /// Retries an operation of the store until it succeeds, unless waiting will not help. An event is not
    /// delivered twice just because the disk was full for a moment.
    async fn stubbornly<R, F: Future<Output = Result<R, StoreError>>>(
        &self,
        signals: &Signals,
        operation: impl Fn() -> F,
    ) -> Result<R, WatchError> {
        let mut stop = signals.stop.clone();
        let mut failures = 0;
        loop {
            match operation().await {
                Ok(result) => {
                    if failures > 0 {
                        self.observer.tell(&News::StoreRecovered);
                    }
                    return Ok(result);
                }
                Err(error) if error.is_passing() && !(signals.once && failures >= ATTEMPTS_ONCE) => {
                    failures += 1;
                    let next = backoff(failures, None, fastrand::f64());
                    self.observer.tell(&News::StoreFailed { error: error.clone(), next });
                    if self.sleep(next, &mut stop).await {
                        return Err(error.into());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Returns the time since which deliveries fail, for a watch that continues. Time during which the watch did
/// not run does not count, except for a watch that runs `once`, because a timer may run it again and again.
/// `due` is when the next attempt at the first waiting event was due, if it was tried before.
pub(super) fn failing_since(
    noted: Option<Timestamp>,
    due: Option<Timestamp>,
    now: Timestamp,
    once: bool,
) -> Option<Timestamp> {
    let counts = if once { LONGEST_PAUSE } else { Duration::ZERO };
    let pause = now.since(due?).saturating_sub(counts);
    Some(noted?.saturating_add(pause).min(now))
}

/// Returns the message of a panic.
pub(crate) fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it said nothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_time_that_a_watch_runs_counts_as_failing() {
        let at = |hours: u64| Timestamp::from_micros(0).saturating_add(Duration::from_secs(hours * 3600));
        let once = |noted, due, now| failing_since(noted, due, now, true);
        assert_eq!(once(None, Some(at(5)), at(6)), None);
        assert_eq!(once(Some(at(1)), None, at(6)), None, "nothing says when it ran last");
        assert_eq!(once(Some(at(1)), Some(at(9)), at(6)), Some(at(1)));
        assert_eq!(once(Some(at(1)), Some(at(5)), at(6)), Some(at(1)), "a short pause");
        assert_eq!(once(Some(at(1)), Some(at(5)), at(100)), Some(at(95)), "a long one");
        assert_eq!(once(Some(at(9)), Some(at(9)), at(6)), Some(at(6)), "the clock was set back");
        assert_eq!(failing_since(Some(at(1)), Some(at(5)), at(6), false), Some(at(2)), "no timer runs it");
    }
}
