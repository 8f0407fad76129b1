//! Keeps one token for all tasks and processes: it is renewed before it expires, and obtained once, however
//! many are waiting for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};

use self::held::Held;
use self::shelf::SharedShelf;
use super::{AccessToken, Claims, Credential, CredentialError, Source};
use crate::clock::Clock;
use crate::vault::Vault;

mod held;
mod shelf;

/// Keeps a source's token, for this process and, with a vault, for other processes whose source has the same
/// [`Identity`](super::Identity).
#[derive(Debug)]
pub struct Cached<S> {
    inner: Arc<Inner<S>>,
}

#[derive(Debug)]
struct Inner<S> {
    source: S,
    vault: Option<Arc<dyn Vault>>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Held>,
    flight: Option<Flight>,
    /// The number of requests started so far.
    flights: u64,
    /// The last token that the API refused. It is never used again, even if another process still shares it.
    refused: Option<AccessToken>,
}

/// A request for a token in progress; all waiting callers share its outcome. If there are two at a time, the
/// later one counts.
#[derive(Debug, Clone)]
struct Flight {
    number: u64,
    want: Want,
    outcome: Shared<BoxFuture<'static, Result<AccessToken, CredentialError>>>,
}

/// Which kind of token is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Want {
    /// Any valid token.
    Good,
    /// A newly obtained token.
    New,
    /// A token that meets the claims that the API asks for.
    Meeting(Claims),
}

impl<S: Source> Cached<S> {
    /// Keeps the source's tokens for this process alone.
    #[must_use]
    pub fn new(source: S, clock: Arc<dyn Clock>) -> Self {
        Self::with(source, None, clock)
    }

    /// Keeps the source's tokens in a vault, for all processes that use the vault and whose source has the
    /// same identity.
    ///
    /// If the vault cannot be used, this process works without it.
    #[must_use]
    pub fn shared(source: S, vault: Arc<dyn Vault>, clock: Arc<dyn Clock>) -> Self {
        Self::with(source, Some(vault), clock)
    }

    fn with(source: S, vault: Option<Arc<dyn Vault>>, clock: Arc<dyn Clock>) -> Self {
        Self { inner: Arc::new(Inner { source, vault, clock, state: Mutex::default() }) }
    }

    /// Returns the current token, or the request to wait for.
    fn look(&self) -> Result<AccessToken, Flight> {
        let now = self.inner.clock.now();
        let mut state = self.inner.state();
        match &state.held {
            Some(held) if held.is_good(now) => {
                let token = held.token.clone();
                if held.is_due(now) && state.flight.is_none() {
                    self.depart(&mut state, Want::Good);
                }
                Ok(token)
            }
            _ => Err(match &state.flight {
                Some(flight) => flight.clone(),
                None => self.depart(&mut state, Want::Good),
            }),
        }
    }

    /// Joins the request for this kind of token, or starts one, replacing a request for another kind.
    fn board(&self, state: &mut State, want: Want) -> Flight {
        match &state.flight {
            Some(flight) if flight.want == want => flight.clone(),
            _ => self.depart(state, want),
        }
    }

    /// Starts the request on its own task, so that it completes even if all callers give up.
    fn depart(&self, state: &mut State, want: Want) -> Flight {
        state.flights += 1;
        let number = state.flights;
        let (inner, wanted) = (self.inner.clone(), want.clone());
        let task = tokio::spawn(async move {
            let outcome = inner.obtain(&wanted).await;
            inner.land(number, outcome)
        });
        let inner = self.inner.clone();
        let landed = async move {
            match task.await {
                Ok(outcome) => outcome,
                // The source panicked, or the runtime is shutting down.
                Err(_) => inner.land(number, Err(CredentialError::Interrupted)),
            }
        };
        let flight = Flight { number, want, outcome: landed.boxed().shared() };
        state.flight = Some(flight.clone());
        flight
    }
}

impl<S: Source> Inner<S> {
    /// Obtains a token: one from another process if it is suitable, or else from the source while the others
    /// wait.
    async fn obtain(self: &Arc<Self>, want: &Want) -> Result<Held, CredentialError> {
        let Some(shelf) = self.shelf().await else {
            return self.fetch(want).await;
        };
        if let Some(held) = self.found(&shelf, want).await {
            return Ok(held);
        }
        let turn = shelf.turn().await;
        // The previous holder of the lock may have obtained it.
        if let Some(held) = self.found(&shelf, want).await {
            return Ok(held);
        }
        let held = self.fetch(want).await?;
        shelf.put(&held).await;
        drop(turn);
        Ok(held)
    }

    async fn fetch(&self, want: &Want) -> Result<Held, CredentialError> {
        // Take the time before the request, so that the token's life may be underestimated but never
        // overestimated.
        let obtained = self.clock.now();
        let (token, claims) = match want {
            Want::Good | Want::New => (self.source.fetch().await?, None),
            Want::Meeting(claims) => (self.source.step_up(claims).await?, Some(claims.clone())),
        };
        Ok(Held::new(token, obtained, claims, fastrand::f64()))
    }

    /// Returns the shared token, if it is suitable.
    async fn found(&self, shelf: &SharedShelf, want: &Want) -> Option<Held> {
        if *want == Want::New {
            return None;
        }
        let found = shelf.look(fastrand::f64()).await?;
        let now = self.clock.now();
        let state = self.state();
        let refused = state.refused.as_ref().is_some_and(|refused| refused.is_same(&found.token));
        // A process that already has a token only wants one that is due later.
        let stale = match &state.held {
            Some(held) => held.token.is_same(&found.token) || found.is_due(now),
            None => false,
        };
        let meets = match want {
            Want::Meeting(claims) => found.claims.as_ref() == Some(claims),
            _ => true,
        };
        (found.is_good(now) && !refused && !stale && meets).then_some(found)
    }

    /// The place where the token is shared, if it is shared at all.
    async fn shelf(self: &Arc<Self>) -> Option<SharedShelf> {
        let (vault, inner) = (self.vault.clone()?, self.clone());
        // A source may have to read a file to find out its identity.
        let identity = tokio::task::spawn_blocking(move || inner.source.identity()).await.ok()??;
        Some(SharedShelf::new(vault, identity))
    }

    /// Records how a request ended, unless another has replaced it.
    fn land(
        &self,
        number: u64,
        outcome: Result<Held, CredentialError>,
    ) -> Result<AccessToken, CredentialError> {
        let now = self.clock.now();
        let mut state = self.state();
        let current = state.flight.as_ref().is_some_and(|flight| flight.number == number);
        if current {
            state.flight = None;
        }
        match outcome {
            Ok(held) => {
                let token = held.token.clone();
                if current {
                    state.held = Some(held);
                }
                Ok(token)
            }
            Err(error) => {
                if let Some(held) = state.held.as_mut().filter(|_| current) {
                    held.postpone(now);
                    tracing::warn!(%error, "the token could not be renewed; the old one is used while it is good");
                }
                Err(error)
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Discards a token that the API refused.
    fn refuse(&mut self, token: &AccessToken) {
        if self.held.as_ref().is_some_and(|held| held.token.is_same(token)) {
            self.held = None;
        }
        self.refused = Some(token.clone());
    }
}

impl<S: Source> Credential for Cached<S> {
    fn token(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        match self.look() {
            Ok(token) => futures::future::ready(Ok(token)).boxed(),
            Err(flight) => flight.outcome.boxed(),
        }
    }

    fn fresh(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        let mut state = self.inner.state();
        self.board(&mut state, Want::New).outcome.boxed()
    }

    fn invalidate(&self, token: &AccessToken) {
        self.inner.state().refuse(token);
    }

    fn step_up(
        &self,
        refused: &AccessToken,
        claims: &Claims,
    ) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        let now = self.inner.clock.now();
        let mut state = self.inner.state();
        state.refuse(refused);
        match &state.held {
            // Another task has already obtained a token that meets the same claims.
            Some(held) if held.is_good(now) && held.claims.as_ref() == Some(claims) => {
                futures::future::ready(Ok(held.token.clone())).boxed()
            }
            _ => self.board(&mut state, Want::Meeting(claims.clone())).outcome.boxed(),
        }
    }

    fn doubt<'a>(&'a self, token: &'a AccessToken) -> BoxFuture<'a, ()> {
        let first = match &mut self.inner.state().held {
            Some(held) if held.token.is_same(token) => !std::mem::replace(&mut held.doubted, true),
            _ => false,
        };
        async move {
            if first && let Some(shelf) = self.inner.shelf().await {
                shelf.remove(token).await;
            }
        }
        .boxed()
    }
}
