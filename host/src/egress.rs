//! The one door out.
//!
//! A connector's request leaves in this order, and whatever fails ends it: the destination is checked, then there is a
//! token, then a quota slot, then a connection; what fails and may be sent again is; each attempt leaves a line in the
//! audit. A token is never obtained for a destination that is not allowed, and never sent to one.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use tokio::time::Instant;

use crate::clock::{Clock, Timestamp};
use crate::connection::Profile;
use crate::manifest::{Effect, Limit};
use crate::store::Store;
use crate::vault::Vault;

pub mod audit;
mod challenge;
pub mod credential;
pub mod destination;
mod error;
mod outgoing;
pub mod quota;
mod renewal;
mod reply;
pub mod retry;
#[cfg(test)]
mod tests;
pub mod transport;

use audit::{Attempt, Counters, Outcome, Stats};
use credential::{AccessToken, Credential, CredentialError};
use destination::{Destinations, Origin};
pub use error::EgressError;
use outgoing::Outgoing;
use quota::{Permit, Quota, Waiting};
use renewal::Remedy;
pub use reply::ReplyBody;
use retry::Verdict;
use transport::{Transport, TransportError};

/// The largest request that is sent, in bytes.
pub const MAX_REQUEST_BYTES: usize = 64 << 20;
/// A token this near its end after the wait for a slot is asked for again.
const STALE: Duration = Duration::from_secs(10);

/// What requests are for: one call of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// The action's name, such as `isolate-machine`.
    pub action: Arc<str>,
    /// What the action changes: it decides whether a request may be sent again.
    pub effect: Effect,
    /// The API's own limits on the action.
    pub limits: Arc<[Limit]>,
    /// The name under which its requests are counted for these limits, when that is not the action's own: actions that
    /// share a lane share its limits.
    pub lane: Option<Arc<str>>,
    /// When the call must have ended, by the connection's clock.
    pub deadline: Option<Timestamp>,
}

/// The way out of one connection: its destinations, credential, quota and pool.
#[derive(Debug)]
pub struct Egress {
    connection: Arc<str>,
    destinations: Destinations,
    credential: Option<Arc<dyn Credential>>,
    quota: Quota,
    transport: Transport,
    clock: Arc<dyn Clock>,
    timeout: Duration,
    max_reply_bytes: u64,
    counters: Arc<Counters>,
}

impl Egress {
    /// The way out of the profile's connection. Nothing is sent yet.
    ///
    /// # Errors
    /// The credential cannot be set up.
    pub fn new(
        profile: &Profile,
        store: Arc<dyn Store>,
        vault: Arc<dyn Vault>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, EgressError> {
        let transport = Transport::new(profile.allow_loopback_http());
        Ok(Self {
            connection: profile.name().into(),
            destinations: Destinations::new(
                profile.name().into(),
                profile.allowed_origins().iter().cloned(),
                profile.allow_loopback_http(),
            ),
            credential: credential::of_profile(profile, &transport, &vault, &clock),
            quota: Quota::new(store, clock.clone(), profile.quota().clone()),
            transport,
            clock,
            timeout: profile.timeout(),
            max_reply_bytes: profile.max_reply_bytes(),
            counters: Arc::default(),
        })
    }

    /// Has a function called whenever a request begins to wait for the quota. It must not block.
    #[must_use]
    pub fn on_wait(mut self, observer: impl Fn(&Waiting) + Send + Sync + 'static) -> Self {
        self.quota = self.quota.on_wait(observer);
        self
    }

    /// The quota.
    #[must_use]
    pub fn quota(&self) -> &Quota {
        &self.quota
    }

    /// Sends a request, several times if need be and allowed, and returns the head of the reply; the body follows as it
    /// is read.
    ///
    /// # Errors
    /// Says why there is no reply, and in [`EgressError::may_have_been_processed`] whether the request may have had an
    /// effect nevertheless. A reply that is an HTTP error is a reply.
    pub async fn send(
        &self,
        purpose: &Purpose,
        request: Request<Bytes>,
    ) -> Result<Response<ReplyBody>, EgressError> {
        let (Parts { method, uri, headers, .. }, body) = request.into_parts();
        if body.len() > MAX_REQUEST_BYTES {
            return Err(EgressError::RequestTooLarge { limit: MAX_REQUEST_BYTES });
        }
        let origin = self.destinations.admit(&uri).map_err(|denied| {
            self.counters.denied.fetch_add(1, Ordering::Relaxed);
            Box::new(denied)
        })?;
        let outgoing = Outgoing { method, uri, headers: outgoing::headers(headers), body };
        let ends = purpose.deadline.map(|deadline| Instant::now() + deadline.since(self.clock.now()));
        let mut tried = Tried::default();
        let mut number = 1;
        loop {
            let token = self.token(ends).await?;
            let lane = purpose.lane.as_ref().unwrap_or(&purpose.action);
            let permit = self.quota.admit(lane, &purpose.limits, purpose.deadline).await?;
            let token = self.fresh(token, ends).await?;
            let attempt = Attempt::begin(
                &self.connection,
                purpose,
                (&outgoing.method, &outgoing.uri),
                number,
                &self.counters,
            );
            let verdict = match self.attempt(&outgoing, token.as_ref(), (attempt, permit), ends, origin).await
            {
                Ok(mut response) => {
                    let verdict = if response.status() == StatusCode::UNAUTHORIZED {
                        self.after_unauthorized(&mut response, token.as_ref(), &mut tried, ends).await?
                    } else {
                        if response.status() == StatusCode::FORBIDDEN {
                            self.doubt(token.as_ref()).await;
                        }
                        let wish = self.wish(&mut response).await;
                        retry::after_reply(purpose.effect, number, response.status(), wish, fastrand::f64())
                    };
                    match self.in_time(verdict, purpose) {
                        Verdict::Final => return Ok(response),
                        Verdict::Again(wait) => {
                            response.into_body().drain().await;
                            wait
                        }
                    }
                }
                Err(error) => {
                    let verdict = retry::after_failure(purpose.effect, number, &error, fastrand::f64());
                    match self.in_time(verdict, purpose) {
                        Verdict::Final => return Err(EgressError::of(error, origin)),
                        Verdict::Again(wait) => wait,
                    }
                }
            };
            if !verdict.is_zero() {
                self.clock.sleep_until(self.clock.now().saturating_add(verdict)).await;
            }
            number += 1;
        }
    }

    /// What the connection has sent so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.counters.stats(self.destinations.contacted().cloned().collect())
    }

    /// Obtains a token anew, if the connection has a credential, and sends nothing else: what a test of a connection
    /// does, to see what the credential is worth now.
    ///
    /// # Errors
    /// Says why there is no token.
    pub async fn sign_in(&self) -> Result<Option<AccessToken>, CredentialError> {
        match &self.credential {
            Some(credential) => credential.fresh().await.map(Some),
            None => Ok(None),
        }
    }

    async fn token(&self, ends: Option<Instant>) -> Result<Option<AccessToken>, EgressError> {
        let Some(credential) = &self.credential else {
            return Ok(None);
        };
        in_time(credential.token(), ends).await.map(Some)
    }

    /// The token, or another if the wait for a slot has made it old.
    async fn fresh(
        &self,
        token: Option<AccessToken>,
        ends: Option<Instant>,
    ) -> Result<Option<AccessToken>, EgressError> {
        let soon = self.clock.now().saturating_add(STALE);
        let old = token.as_ref().and_then(AccessToken::expires).is_some_and(|expires| expires <= soon);
        if old { self.token(ends).await } else { Ok(token) }
    }

    /// One attempt: at most one request leaves.
    async fn attempt(
        &self,
        outgoing: &Outgoing,
        token: Option<&AccessToken>,
        (mut attempt, permit): (Attempt, Permit),
        ends: Option<Instant>,
        origin: &Origin,
    ) -> Result<Response<ReplyBody>, TransportError> {
        let own = Instant::now() + self.timeout;
        let until = ends.map_or(own, |ends| ends.min(own));
        match self.transport.send(outgoing.request(token), until).await {
            Ok(response) => {
                self.destinations.note_contact(origin);
                attempt.replied(response.status().as_u16());
                let max = self.max_reply_bytes;
                Ok(response.map(|body| ReplyBody::new(body, (attempt, permit), until, max, origin)))
            }
            Err(error) => {
                if !matches!(error, TransportError::NotSent(_) | TransportError::Timeout { sent: false }) {
                    self.destinations.note_contact(origin);
                }
                attempt.end(match error {
                    TransportError::NotSent(_) | TransportError::Timeout { sent: false } => Outcome::NotSent,
                    TransportError::Broken(_) => Outcome::Broken,
                    TransportError::Timeout { .. } => Outcome::TimedOut,
                });
                Err(error)
            }
        }
    }

    /// A refused token is replaced, once for its age and once for the claims that the API asks for. The request was not
    /// processed, so a change may be sent again. When there is no other token, the reason is worth more than the 401.
    async fn after_unauthorized(
        &self,
        response: &mut Response<ReplyBody>,
        token: Option<&AccessToken>,
        tried: &mut Tried,
        ends: Option<Instant>,
    ) -> Result<Verdict, EgressError> {
        let (Some(credential), Some(token)) = (&self.credential, token) else {
            return Ok(Verdict::Final);
        };
        let headers = response.headers().clone();
        let Ok(body) = response.body_mut().peek(renewal::PEEK).await else {
            return Ok(Verdict::Final);
        };
        let next = match Remedy::of(&headers, body) {
            Remedy::Renewal if !std::mem::replace(&mut tried.renewal, true) => {
                credential.invalidate(token);
                in_time(credential.token(), ends).await?
            }
            Remedy::StepUp(claims) if !std::mem::replace(&mut tried.step_up, true) => {
                in_time(credential.step_up(token, &claims), ends).await?
            }
            _ => {
                credential.doubt(token).await;
                return Ok(Verdict::Final);
            }
        };
        Ok(if next.is_same(token) { Verdict::Final } else { Verdict::Again(Duration::ZERO) })
    }

    /// The API refused what the token should allow: it may be from before the permission was granted, so that other
    /// processes had better not go on with it.
    async fn doubt(&self, token: Option<&AccessToken>) {
        if let (Some(credential), Some(token)) = (&self.credential, token) {
            credential.doubt(token).await;
        }
    }

    /// How long a reply asks to wait: by its header, or where that is missing from a refusal, in words.
    async fn wish(&self, response: &mut Response<ReplyBody>) -> Option<Duration> {
        match retry::retry_after(response.headers(), self.clock.now()) {
            None if response.status() == StatusCode::TOO_MANY_REQUESTS => {
                let body = response.body_mut().peek(renewal::PEEK).await.ok()?;
                retry::wish_in_words(body)
            }
            wish => wish,
        }
    }

    /// A wait that would go past the deadline is not begun: the last reply or failure is the outcome.
    fn in_time(&self, verdict: Verdict, purpose: &Purpose) -> Verdict {
        match (verdict, purpose.deadline) {
            (Verdict::Again(wait), Some(deadline)) if self.clock.now().saturating_add(wait) >= deadline => {
                Verdict::Final
            }
            _ => verdict,
        }
    }
}

/// What has been tried against a request's 401s.
#[derive(Debug, Default)]
struct Tried {
    renewal: bool,
    step_up: bool,
}

/// The token, unless the call's time is up first.
async fn in_time(
    token: BoxFuture<'_, Result<AccessToken, CredentialError>>,
    ends: Option<Instant>,
) -> Result<AccessToken, EgressError> {
    let Some(ends) = ends else {
        return Ok(token.await?);
    };
    match tokio::time::timeout_at(ends, token).await {
        Ok(token) => Ok(token?),
        Err(_) => Err(CredentialError::NotInTime.into()),
    }
}
