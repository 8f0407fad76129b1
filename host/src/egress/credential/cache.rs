//! One token for all: kept, renewed ahead of its end, obtained once however many wait for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};

use super::{AccessToken, Credential, CredentialError, Source};
use crate::clock::{Clock, Timestamp};

/// A token is renewed this long before its end, or a tenth of its life before, whichever is less.
const AHEAD: Duration = Duration::from_secs(300);
/// A token this near its end is not used: it would expire on the way.
const MARGIN: Duration = Duration::from_secs(10);
/// After a renewal has failed, the old token being good, the next try comes this much later.
const AFTER_FAILURE: Duration = Duration::from_secs(30);

/// Keeps a source's token.
#[derive(Debug)]
pub struct Cached<S> {
    shared: Arc<Shelf<S>>,
}

#[derive(Debug)]
struct Shelf<S> {
    source: S,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Held>,
    flight: Option<Flight>,
}

#[derive(Debug)]
struct Held {
    token: AccessToken,
    renew: Option<Timestamp>,
}

/// The one request for a token that is on its way; all who wait share its outcome.
type Flight = Shared<BoxFuture<'static, Result<AccessToken, CredentialError>>>;

impl<S: Source> Cached<S> {
    /// Keeps the tokens of that source.
    #[must_use]
    pub fn new(source: S, clock: Arc<dyn Clock>) -> Self {
        Self { shared: Arc::new(Shelf { source, clock, state: Mutex::default() }) }
    }

    /// The token at hand, or the request to wait for.
    fn look(&self) -> Result<AccessToken, Flight> {
        let now = self.shared.clock.now();
        let mut state = self.shared.state();
        match &state.held {
            Some(held) if held.is_good(now) => {
                let token = held.token.clone();
                if held.renew.is_some_and(|renew| renew <= now) && state.flight.is_none() {
                    state.flight = Some(self.depart());
                }
                Ok(token)
            }
            _ => Err(state.flight.get_or_insert_with(|| self.depart()).clone()),
        }
    }

    /// Starts the request on a task of its own, so that it ends even if all who wait for it give up.
    fn depart(&self) -> Flight {
        let shelf = self.shared.clone();
        let task = tokio::spawn(async move {
            let outcome = shelf.source.fetch().await;
            shelf.land(&outcome);
            outcome
        });
        let shelf = self.shared.clone();
        let landed = async move {
            task.await.unwrap_or_else(|_| {
                // The source panicked, or the runtime is shutting down.
                shelf.state().flight = None;
                Err(CredentialError::Interrupted)
            })
        };
        landed.boxed().shared()
    }
}

impl<S> Shelf<S> {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn land(&self, outcome: &Result<AccessToken, CredentialError>) {
        let now = self.clock.now();
        let mut state = self.state();
        state.flight = None;
        match outcome {
            Ok(token) => state.held = Some(Held::new(token.clone(), now)),
            Err(error) => {
                if let Some(held) = &mut state.held {
                    held.renew = Some(now.saturating_add(AFTER_FAILURE));
                    tracing::warn!(%error, "the token could not be renewed; the old one is used while it is good");
                }
            }
        }
    }
}

impl Held {
    fn new(token: AccessToken, now: Timestamp) -> Self {
        let renew = token.expires().map(|expires| {
            let ahead = AHEAD.min(expires.since(now) / 10);
            expires.saturating_sub(ahead)
        });
        Self { token, renew }
    }

    fn is_good(&self, now: Timestamp) -> bool {
        self.token.expires().is_none_or(|expires| now < expires.saturating_sub(MARGIN))
    }
}

impl<S: Source> Credential for Cached<S> {
    fn token(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        match self.look() {
            Ok(token) => futures::future::ready(Ok(token)).boxed(),
            Err(flight) => flight.boxed(),
        }
    }

    fn invalidate(&self, token: &AccessToken) {
        let mut state = self.shared.state();
        if state.held.as_ref().is_some_and(|held| held.token.is_same(token)) {
            state.held = None;
        }
    }
}
