//! The polling half of a watch: puts the events that the connector finds into the store.

use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use tokio::sync::watch;

use super::error::WatchError;
use super::news::News;
use super::pages::Pages;
use super::poll::{self, Lateness, Look};
use super::schedule::Pace;
use super::watch::{Begun, Signals, Watch};
use crate::clock::Timestamp;
use crate::failure::FailureCase;
use crate::store::StoreError;

/// How often to forget ids that are no longer needed.
const TIDY: Duration = Duration::from_secs(3600);

/// Problems with polls whose end is reported, or that are reported only once.
#[derive(Debug, Default)]
struct Troubles {
    /// How many polls in a row failed, and since when.
    polls: Option<(u32, Timestamp)>,
    /// Whether the result of the last poll could not be stored.
    store: bool,
    /// The greatest lateness that was reported.
    late: Duration,
}

impl Watch {
    /// Polls until asked to stop.
    pub(super) async fn polls(
        &self,
        Begun { look, mut checkpoint }: Begun,
        signals: &Signals,
    ) -> Result<(), WatchError> {
        let mut pace = Pace::new(self.busy, self.quiet);
        let mut stop = signals.stop.clone();
        let Some(trigger) = &self.subject.polled else {
            return self.tidies(stop).await;
        };
        let mut pages = Pages::new(look.page_size);
        let mut answered = self.keeps_trying;
        let mut tidied = self.now();
        let mut troubles = Troubles::default();
        loop {
            let polled = {
                let poll = pin!(async {
                    // The semaphore is never closed; if it were, polls would not have to wait.
                    let _turn = match &self.turns {
                        Some(turns) => turns.acquire().await.ok(),
                        None => None,
                    };
                    let look = Look { page_size: pages.size(), ..look.clone() };
                    poll::poll(trigger, checkpoint.as_deref(), &look).await
                });
                match select(poll, pin!(stop.wait_for(|stop| *stop))).await {
                    Either::Left((polled, _)) => polled,
                    Either::Right(_) => return Ok(()),
                }
            };
            let wait = match polled {
                Ok(batch) => {
                    answered = true;
                    pages.after_poll(batch.more);
                    if let Some((failures, since)) = troubles.polls.take() {
                        let after = self.now().since(since);
                        self.observer.tell(&News::PollRecovered { failures, after });
                    }
                    let told = (batch.late, batch.clock_set_back);
                    match self.keep(&mut checkpoint, batch).await {
                        Ok((found, more)) => {
                            if std::mem::take(&mut troubles.store) {
                                self.observer.tell(&News::StoreRecovered);
                            }
                            self.tell_of(told, &mut troubles.late);
                            let next = pace.after_poll(found > 0, more, fastrand::f64());
                            self.observer.tell(&News::Polled { found, next });
                            // Even if nothing was found, because others may have added events.
                            signals.news.notify_one();
                            next
                        }
                        Err(error) if error.is_passing() => {
                            troubles.store = true;
                            let next = pace.after_failure(None, fastrand::f64());
                            self.observer.tell(&News::StoreFailed { error, next });
                            next
                        }
                        Err(error) => return Err(error.into()),
                    }
                }
                Err(error) => {
                    let failure = error.failure();
                    if !answered && is_final(failure.case) {
                        return Err(WatchError::Poll {
                            watch: self.name().to_owned(),
                            error: Box::new(error),
                        });
                    }
                    pages.after_failure(failure.case);
                    troubles.polls.get_or_insert((0, self.now())).0 += 1;
                    let wish = failure.retry_after_seconds.map(|seconds| Duration::from_secs(seconds.into()));
                    let next = pace.after_failure(wish, fastrand::f64());
                    self.observer.tell(&News::PollFailed {
                        case: failure.case,
                        reason: failure.message,
                        next,
                    });
                    next
                }
            };
            if self.now().since(tidied) > TIDY {
                tidied = self.now();
                // If this fails, the ids are forgotten later.
                let _ = self.ledger.tidy().await;
            }
            if !wait.is_zero() && self.sleep(wait, &mut stop).await {
                return Ok(());
            }
        }
    }

    /// Reports what a poll found besides events. `known` is the greatest lateness that was reported before.
    fn tell_of(&self, (late, clock_set_back): (Option<Lateness>, Option<u64>), known: &mut Duration) {
        if let Some(Lateness { events, seconds }) = late {
            let by = Duration::from_secs(seconds);
            // Slightly later than before is the same problem.
            let again = by <= known.mul_f64(1.5);
            *known = by.max(*known);
            self.observer.tell(&News::Late { events, by, again });
        }
        if let Some(seconds) = clock_set_back {
            self.observer.tell(&News::ApiClockSetBack { by: Duration::from_secs(seconds) });
        }
    }

    /// Does periodic maintenance for a watch that does not poll, until asked to stop.
    async fn tidies(&self, mut stop: watch::Receiver<bool>) -> Result<(), WatchError> {
        while !self.sleep(TIDY, &mut stop).await {
            // If this fails, the ids are forgotten later.
            let _ = self.ledger.tidy().await;
        }
        Ok(())
    }

    /// Polls until there is no more for now. Returns how many events were found.
    pub(super) async fn polls_once(
        &self,
        Begun { look, mut checkpoint }: Begun,
        signals: &Signals,
    ) -> Result<u64, WatchError> {
        let (mut found, mut late) = (0, Duration::ZERO);
        let Some(trigger) = &self.subject.polled else { return Ok(0) };
        loop {
            let batch = poll::poll(trigger, checkpoint.as_deref(), &look).await.map_err(|error| {
                WatchError::Poll { watch: self.name().to_owned(), error: Box::new(error) }
            })?;
            let told = (batch.late, batch.clock_set_back);
            let (new, more) = self.keep(&mut checkpoint, batch).await?;
            self.tell_of(told, &mut late);
            found += new as u64;
            self.observer.tell(&News::Polled { found: new, next: Duration::ZERO });
            signals.news.notify_one();
            if !more {
                return Ok(found);
            }
        }
    }

    /// Stores what a poll found. Returns how many events are new, and whether to poll again at once.
    async fn keep(
        &self,
        checkpoint: &mut Option<String>,
        batch: poll::Batch,
    ) -> Result<(usize, bool), StoreError> {
        let moved = checkpoint.as_ref() != Some(&batch.checkpoint);
        if !moved && batch.events.is_empty() {
            // A connector that reports more events without making progress would be polled for ever.
            return Ok((0, false));
        }
        let found = self.ledger.store(batch.events, batch.checkpoint.clone()).await?;
        *checkpoint = Some(batch.checkpoint);
        Ok((found, batch.more && moved))
    }
}

/// Returns whether a first poll that fails like this indicates a mistake to report, and not a condition to
/// wait out.
fn is_final(case: FailureCase) -> bool {
    !matches!(case, FailureCase::Throttled | FailureCase::Unavailable)
}
