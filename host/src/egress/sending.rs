//! Sends a request, attempt after attempt, until there is an outcome.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use tokio::time::Instant;

use super::audit::{Attempt, Outcome};
use super::credential::{AccessToken, CredentialError};
use super::destination::Origin;
use super::outgoing::{self, Outgoing};
use super::quota::Permit;
use super::renewal::{self, Renewal};
use super::retry::{self, Verdict};
use super::transport::{Departure, Reuse, TransportError};
use super::{Egress, EgressError, MAX_REQUEST_BYTES, Purpose, ReplyBody};
use crate::manifest::Effect;

/// If a token is this close to its expiry after the wait for a slot, it is requested again.
const STALE: Duration = Duration::from_secs(10);

/// The stage that an attempt to send a request has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// From now on, bytes of the request may be on the wire.
    Leaving,
    /// The head of the reply has come, or the request is known not to have been processed.
    Settled,
}

/// Is called when an attempt reaches a stage.
type Observer<'a> = &'a (dyn Fn(Stage) + Send + Sync);

/// What has been tried after a request's 401s.
#[derive(Debug, Default)]
struct Tried {
    renewal: bool,
    step_up: bool,
}

impl Egress {
    /// Sends a request, repeatedly if necessary and allowed, and returns the head of the reply. The body
    /// follows as it is read.
    ///
    /// # Errors
    /// There is no reply; the error says why, and [`EgressError::may_have_been_processed`] says whether the
    /// request may still have had an effect. A reply with an HTTP error status is not an error here.
    pub async fn send(
        &self,
        purpose: &Purpose,
        request: Request<Bytes>,
    ) -> Result<Response<ReplyBody>, EgressError> {
        self.send_observed(purpose, request, &|_| {}).await
    }

    /// Like [`Self::send`], and reports the stages of each attempt.
    pub(crate) async fn send_observed(
        &self,
        purpose: &Purpose,
        request: Request<Bytes>,
        observer: Observer<'_>,
    ) -> Result<Response<ReplyBody>, EgressError> {
        let (Parts { method, uri, headers, .. }, body) = request.into_parts();
        if body.len() > MAX_REQUEST_BYTES {
            return Err(EgressError::RequestTooLarge { limit: MAX_REQUEST_BYTES });
        }
        let origin = self.destinations.admit(&uri).map_err(|denied| {
            self.counters.denied.fetch_add(1, Ordering::Relaxed);
            Box::new(denied)
        })?;
        let effect = purpose.effect_of(&method);
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
            let departing = Departing { permit, observer };
            let reply =
                self.attempt(&outgoing, token.as_ref(), (attempt, departing), (ends, effect), origin).await;
            let wait = match reply {
                Ok(mut response) => {
                    let verdict = if response.status() == StatusCode::UNAUTHORIZED {
                        self.after_unauthorized(&mut response, token.as_ref(), &mut tried, ends).await?
                    } else {
                        if response.status() == StatusCode::FORBIDDEN {
                            self.doubt(token.as_ref()).await;
                        }
                        let wish = self.wish(&mut response).await;
                        retry::after_reply(effect, number, response.status(), wish, fastrand::f64())
                    };
                    match self.in_time(verdict, purpose) {
                        Verdict::Final => return Ok(response),
                        Verdict::Again(wait) => {
                            response.into_body().drain().await;
                            wait
                        }
                    }
                }
                // The slot may belong to another request by now.
                Err(TransportError::Withheld) => continue,
                Err(error) => {
                    let verdict = retry::after_failure(effect, number, &error, fastrand::f64());
                    match self.in_time(verdict, purpose) {
                        Verdict::Final => return Err(EgressError::of(error, origin)),
                        Verdict::Again(wait) => wait,
                    }
                }
            };
            if !wait.is_zero() {
                self.clock.sleep_until(self.clock.now().saturating_add(wait)).await;
            }
            number += 1;
        }
    }

    async fn token(&self, ends: Option<Instant>) -> Result<Option<AccessToken>, EgressError> {
        let Some(credential) = &self.credential else {
            return Ok(None);
        };
        in_time(credential.token(), ends).await.map(Some)
    }

    /// Returns the token, or a newer one if it got too old while waiting for a slot.
    async fn fresh(
        &self,
        token: Option<AccessToken>,
        ends: Option<Instant>,
    ) -> Result<Option<AccessToken>, EgressError> {
        let soon = self.clock.now().saturating_add(STALE);
        let old = token.as_ref().and_then(AccessToken::expires).is_some_and(|expires| expires <= soon);
        if old { self.token(ends).await } else { Ok(token) }
    }

    /// Makes one attempt: at most one request leaves.
    async fn attempt(
        &self,
        outgoing: &Outgoing,
        token: Option<&AccessToken>,
        (mut attempt, mut departing): (Attempt, Departing<'_>),
        (ends, effect): (Option<Instant>, Effect),
        origin: &Origin,
    ) -> Result<Response<ReplyBody>, TransportError> {
        let own = Instant::now() + self.timeout;
        let until = ends.map_or(own, |ends| ends.min(own));
        let reuse = if effect.is_read() { Reuse::Any } else { Reuse::Recent };
        let reply = self.transport.send_watched(outgoing.request(token), reuse, until, &mut departing).await;
        if reply.as_ref().map_or_else(TransportError::may_have_left, |_| true) {
            self.destinations.note_contact(origin);
        }
        match reply {
            Ok(response) => {
                let permit = departing.settle();
                attempt.replied(response.status().as_u16());
                let max = self.max_reply_bytes;
                Ok(response.map(|body| ReplyBody::new(body, (attempt, permit), until, max, origin)))
            }
            Err(error) => {
                if !error.may_have_been_processed() {
                    drop(departing.settle());
                }
                attempt.end(Outcome::of(&error));
                Err(error)
            }
        }
    }

    /// Replaces a refused token, once because of its age and once for the claims that the API asks for. The
    /// request was not processed, so a change may be sent again. If no other token can be obtained, the
    /// caller learns why, which is more useful than the 401.
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
        let next = match Renewal::of(&headers, body) {
            Renewal::Fresh if !std::mem::replace(&mut tried.renewal, true) => {
                credential.invalidate(token);
                in_time(credential.token(), ends).await?
            }
            Renewal::StepUp(claims) if !std::mem::replace(&mut tried.step_up, true) => {
                in_time(credential.step_up(token, &claims), ends).await?
            }
            _ => {
                credential.doubt(token).await;
                return Ok(Verdict::Final);
            }
        };
        Ok(if next.is_same(token) { Verdict::Final } else { Verdict::Again(Duration::ZERO) })
    }

    /// Called when the API refuses what the token should allow. The token may be older than the permission,
    /// so other processes should not go on using it.
    async fn doubt(&self, token: Option<&AccessToken>) {
        if let (Some(credential), Some(token)) = (&self.credential, token) {
            credential.doubt(token).await;
        }
    }

    /// How long a reply asks to wait: from its header, or, for a refusal without one, from its text.
    async fn wish(&self, response: &mut Response<ReplyBody>) -> Option<Duration> {
        match retry::retry_after(response.headers(), self.clock.now()) {
            None if response.status() == StatusCode::TOO_MANY_REQUESTS => {
                let body = response.body_mut().peek(renewal::PEEK).await.ok()?;
                retry::wish_in_words(body)
            }
            wish => wish,
        }
    }

    /// Does not begin a wait that would pass the deadline: the last reply or failure is then the outcome.
    fn in_time(&self, verdict: Verdict, purpose: &Purpose) -> Verdict {
        match (verdict, purpose.deadline) {
            (Verdict::Again(wait), Some(deadline)) if self.clock.now().saturating_add(wait) >= deadline => {
                Verdict::Final
            }
            _ => verdict,
        }
    }
}

/// A request that is about to leave, with its permit.
struct Departing<'a> {
    permit: Permit,
    observer: Observer<'a>,
}

impl Departing<'_> {
    /// Records that the API has seen the request or never will.
    fn settle(mut self) -> Permit {
        self.permit.arrived();
        (self.observer)(Stage::Settled);
        self.permit
    }
}

impl Departure for Departing<'_> {
    fn may_leave(&mut self) -> bool {
        self.permit.holds()
    }

    fn leaves(&mut self) {
        self.permit.leaves();
        (self.observer)(Stage::Leaving);
    }
}

/// Waits for the token, unless the call's time is up first.
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
