//! The body of a reply on its way to the connector. It is limited in size and time, and holds its quota slot
//! until it has been read.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use super::audit::{Attempt, Outcome};
use super::destination::Origin;
use super::error::EgressError;
use super::quota::Permit;

/// How much of an unwanted reply is read at most so that its connection can be used again.
const DRAIN_BYTES: usize = 64 << 10;
const DRAIN_TIME: Duration = Duration::from_millis(250);

/// The body of a reply. Once it has ended, failed or been dropped, the request no longer counts as in flight.
pub struct ReplyBody {
    /// The bytes that were read ahead.
    ahead: Bytes,
    /// The error that occurred while reading ahead. It is returned after the bytes that were read.
    spoiled: Option<EgressError>,
    flight: Option<Flight>,
    deadline: Pin<Box<Sleep>>,
    limit: u64,
    left: u64,
    origin: Origin,
}

/// What is held while the reply is read. The order of the fields is the order of release: the audit line is
/// written before the slot becomes free.
struct Flight {
    wire: Incoming,
    attempt: Attempt,
    _permit: Permit,
}

impl ReplyBody {
    pub(super) fn new(
        wire: Incoming,
        (attempt, permit): (Attempt, Permit),
        until: Instant,
        limit: u64,
        origin: &Origin,
    ) -> Self {
        let mut body = Self {
            ahead: Bytes::new(),
            spoiled: None,
            flight: Some(Flight { wire, attempt, _permit: permit }),
            deadline: Box::pin(tokio::time::sleep_until(until)),
            limit,
            left: limit,
            origin: origin.clone(),
        };
        body.settle();
        body
    }

    /// Reads up to `most` bytes ahead; they remain part of the body. If the body breaks off meanwhile, its
    /// reader sees that too, after the bytes that came.
    ///
    /// # Errors
    /// The body broke off.
    pub(super) async fn peek(&mut self, most: usize) -> Result<&[u8], &EgressError> {
        let mut ahead = Vec::from(std::mem::take(&mut self.ahead));
        while ahead.len() < most && self.spoiled.is_none() {
            match self.frame().await {
                Some(Ok(frame)) => ahead.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data)),
                Some(Err(error)) => self.spoiled = Some(error),
                None => break,
            }
        }
        self.ahead = ahead.into();
        match &self.spoiled {
            Some(error) => Err(error),
            None => Ok(&self.ahead),
        }
    }

    /// Reads the rest of an unwanted reply, if it is short, so that its connection can be used again.
    pub(super) async fn drain(mut self) {
        let _ = tokio::time::timeout(DRAIN_TIME, self.peek(DRAIN_BYTES)).await;
    }

    fn end(&mut self, outcome: Outcome) {
        if let Some(flight) = self.flight.take() {
            flight.attempt.end(outcome);
        }
    }

    /// Ends the flight if the body is complete. A reader that knows the length may never ask for the end.
    fn settle(&mut self) {
        if self.flight.as_ref().is_some_and(|flight| flight.wire.is_end_stream()) {
            self.end(Outcome::Complete);
        }
    }

    fn fail(
        &mut self,
        outcome: Outcome,
        error: EgressError,
    ) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        self.end(outcome);
        Poll::Ready(Some(Err(error)))
    }

    fn too_large(&mut self) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        let error = EgressError::ReplyTooLarge { origin: Box::new(self.origin.clone()), limit: self.limit };
        self.fail(Outcome::TooLarge, error)
    }
}

/// Leaves out the contents of the reply.
impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attempt = self.flight.as_ref().map(|flight| &flight.attempt);
        f.debug_struct("ReplyBody")
            .field("origin", &self.origin)
            .field("attempt", &attempt)
            .finish_non_exhaustive()
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = EgressError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        let body = &mut *self;
        if !body.ahead.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut body.ahead)))));
        }
        if let Some(error) = body.spoiled.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let Some(flight) = &mut body.flight else {
            return Poll::Ready(None);
        };
        if flight.wire.size_hint().lower() > body.left {
            return body.too_large();
        }
        let Poll::Ready(frame) = Pin::new(&mut flight.wire).poll_frame(cx) else {
            ready!(body.deadline.as_mut().poll(cx));
            let error = EgressError::Timeout { origin: Box::new(body.origin.clone()), sent: true };
            return body.fail(Outcome::TimedOut, error);
        };
        match frame {
            Some(Ok(frame)) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                flight.attempt.received(bytes);
                let Some(left) = body.left.checked_sub(bytes as u64) else {
                    return body.too_large();
                };
                body.left = left;
                body.settle();
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                let origin = Box::new(body.origin.clone());
                let message = format!("in the middle of the reply: {error}").into();
                body.fail(Outcome::Broken, EgressError::Broken { origin, message })
            }
            None => {
                body.end(Outcome::Complete);
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ahead.is_empty() && self.spoiled.is_none() && self.flight.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let ahead = self.ahead.len() as u64;
        let rest = match &self.flight {
            Some(flight) => flight.wire.size_hint(),
            // The length of the missing part is unknown.
            None if self.spoiled.is_some() => SizeHint::default(),
            None => SizeHint::with_exact(0),
        };
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(ahead)) {
            hint.set_upper(upper);
        }
        hint.set_lower(rest.lower().saturating_add(ahead).min(hint.upper().unwrap_or(u64::MAX)));
        hint
    }
}
