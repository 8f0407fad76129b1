//! One half of a watch: what the connector finds goes to the store.

use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use tokio::sync::watch;

use super::error::WatchError;
use super::news::News;
use super::pages::Pages;
use super::poll::{self, Look};
use super::schedule::Pace;
use super::watch::{Signals, Watch};
use crate::failure::FailureCase;
use crate::store::StoreError;

/// How often ids that need not be known any more are forgotten.
const TIDY: Duration = Duration::from_secs(3600);

impl Watch {
    /// Polls until asked to stop.
    pub(super) async fn polls(
        &self,
        mut checkpoint: Option<String>,
        signals: &Signals,
    ) -> Result<(), WatchError> {
        let mut pace = Pace::new(self.busy, self.quiet);
        let mut stop = signals.stop.clone();
        let Some(trigger) = &self.subject.polled else {
            return self.tidies(stop).await;
        };
        let mut pages = Pages::new(self.look.page_size);
        let mut answered = self.keeps_trying;
        let mut tidied = self.now();
        loop {
            let polled = {
                let poll = pin!(async {
                    // It is never closed; if it were, nobody would have to wait.
                    let _turn = match &self.turns {
                        Some(turns) => turns.acquire().await.ok(),
                        None => None,
                    };
                    let look = Look { page_size: pages.size(), ..self.look.clone() };
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
                    match self.keep(&mut checkpoint, batch).await {
                        Ok((found, more)) => {
                            let next = pace.after_poll(found > 0, more, fastrand::f64());
                            self.observer.tell(&News::Polled { found, next });
                            // Also if nothing was found: others may have put something there.
                            signals.news.notify_one();
                            next
                        }
                        Err(error) if error.is_passing() => {
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
                // What is not forgotten now is forgotten later.
                let _ = self.ledger.tidy().await;
            }
            if !wait.is_zero() && self.sleep(wait, &mut stop).await {
                return Ok(());
            }
        }
    }

    /// Does what is to be done now and then where nothing is polled, until asked to stop.
    async fn tidies(&self, mut stop: watch::Receiver<bool>) -> Result<(), WatchError> {
        while !self.sleep(TIDY, &mut stop).await {
            // What is not forgotten now is forgotten later.
            let _ = self.ledger.tidy().await;
        }
        Ok(())
    }

    /// Polls until there is no more for now. Returns how many events were found.
    pub(super) async fn polls_once(
        &self,
        mut checkpoint: Option<String>,
        signals: &Signals,
    ) -> Result<u64, WatchError> {
        let mut found = 0;
        let Some(trigger) = &self.subject.polled else { return Ok(0) };
        loop {
            let batch = poll::poll(trigger, checkpoint.as_deref(), &self.look).await.map_err(|error| {
                WatchError::Poll { watch: self.name().to_owned(), error: Box::new(error) }
            })?;
            let (new, more) = self.keep(&mut checkpoint, batch).await?;
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
            // A connector that says that there is more, and goes nowhere, would be asked for ever.
            return Ok((0, false));
        }
        let found = self.ledger.store(batch.events, batch.checkpoint.clone()).await?;
        *checkpoint = Some(batch.checkpoint);
        Ok((found, batch.more && moved))
    }
}

/// Whether a first poll that fails like this is a mistake to tell of, and not one to wait out.
fn is_final(case: FailureCase) -> bool {
    !matches!(case, FailureCase::Throttled | FailureCase::Unavailable)
}
