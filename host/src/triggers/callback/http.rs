//! Events to an HTTP endpoint.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use hmac_sha256::Hash;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tokio::time::Instant;

use super::{Callback, Outcome};
use crate::clock::{Clock, SystemClock};
use crate::egress::destination::{Origin, OriginError, Reason, check_grant};
use crate::egress::retry::retry_after;
use crate::egress::transport::Transport;
use crate::remedy::Remedy;
use crate::triggers::cloudevent::SPEC_VERSION;
use crate::triggers::{Envelope, Event, Signer};

#[cfg(test)]
mod tests;

/// How long a delivery may take unless told otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How much of an answer is read, so that the connection can be used again. What it says does not matter.
const ANSWER: usize = 64 << 10;
/// What is escaped in headers of the binary mode ([CloudEvents, HTTP binding, 3.1.3.2]).
///
/// [CloudEvents, HTTP binding, 3.1.3.2]: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
const HEADER: AsciiSet = CONTROLS.add(b' ').add(b'"').add(b'%');

/// Posts each event to an address, as a CloudEvent, signed by Standard Webhooks.
///
/// A status of 200 to 299 acknowledges; 410 ends the watch for good; all others, redirects among them, mean that the
/// event is to come again, after as long as `retry-after` asks. The address is `https` on the public internet; this
/// machine, also by `http`, only with a grant. No credential of the connection is sent. `webhook-id` is a digest of the
/// event's source and id.
pub struct Http {
    uri: Uri,
    origin: Origin,
    mode: Mode,
    envelope: Envelope,
    signer: Signer,
    timeout: Duration,
    transport: Transport,
    clock: Arc<dyn Clock>,
}

/// How an event lies in a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// The whole event is the body. A signature covers all of it.
    #[default]
    Structured,
    /// The event's data are the body, and the rest is in headers. A signature covers the id and the data.
    Binary,
}

/// Settles how events are posted.
#[derive(Debug)]
pub struct HttpBuilder {
    address: String,
    mode: Mode,
    envelope: Envelope,
    signer: Option<Signer>,
    timeout: Duration,
    loopback: bool,
    clock: Arc<dyn Clock>,
}

/// Why events cannot be posted to an address.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackError {
    /// It is not a URL.
    #[error("the callback address is not a valid URL: {0}")]
    NoAddress(String),
    /// It could be read in more than one way, or says too little.
    #[error("the callback address cannot be used: {0}")]
    Unclear(OriginError),
    /// It may not be sent to.
    #[error("events may not be sent to the callback address: {0}")]
    Denied(Reason),
}

impl CallbackError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Remedy {
        match self {
            Self::Denied(Reason::Loopback(_)) => Remedy::AllowLoopbackCallback,
            Self::Denied(_) => "give an https address on the public internet, or a program to run".into(),
            _ => "give an absolute address such as https://soar.example.com/hooks/alerts".into(),
        }
    }
}

impl Http {
    /// To an address.
    pub fn builder(address: impl Into<String>) -> HttpBuilder {
        HttpBuilder {
            address: address.into(),
            mode: Mode::default(),
            envelope: Envelope::default(),
            signer: None,
            timeout: TIMEOUT,
            loopback: false,
            clock: Arc::new(SystemClock),
        }
    }

    /// Where the events go, without path and query, which may hold secrets.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    async fn post(&self, event: &Event) -> Outcome {
        let until = Instant::now() + self.timeout;
        match self.transport.send_repeatable(self.request(event), until).await {
            Ok(response) => self.judge(response, until).await,
            Err(error) => Outcome::retry(format!("{}: {error}", self.origin)),
        }
    }

    fn request(&self, event: &Event) -> Request<Full<Bytes>> {
        let body = match self.mode {
            Mode::Structured => self.envelope.wrap(event),
            Mode::Binary => event.data().to_owned(),
        };
        let mut request = Request::new(Full::default());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let mut header = |name: &'static str, value: &str| {
            // What comes from elsewhere is escaped, so it is a value.
            if let Ok(value) = HeaderValue::from_str(value) {
                request.headers_mut().insert(HeaderName::from_static(name), value);
            }
        };
        let escaped = |text: &str| utf8_percent_encode(text, &HEADER).to_string();
        if self.mode == Mode::Binary {
            header("ce-specversion", SPEC_VERSION);
            header("ce-id", &escaped(&event.id));
            header("ce-source", &escaped(&event.source));
            header("ce-type", &escaped(&event.kind));
            header("ce-subject", &escaped(&event.id));
            if let Some(time) = &event.time {
                header("ce-time", &escaped(time));
            }
        }
        let id = message_id(event);
        let seconds = self.clock.now().as_micros().div_euclid(1_000_000);
        header("webhook-id", &id);
        header("webhook-timestamp", &seconds.to_string());
        if !self.signer.is_empty() {
            header("webhook-signature", &self.signer.sign(&id, seconds, &body));
        }
        let kind = match self.mode {
            Mode::Structured => self.envelope.media_type(),
            Mode::Binary => "application/json",
        };
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("connector-host/", env!("CARGO_PKG_VERSION"))),
        );
        *request.body_mut() = Full::from(body);
        request
    }

    async fn judge(&self, response: Response<Incoming>, until: Instant) -> Outcome {
        let (status, headers) = (response.status(), response.headers().clone());
        // The status counts, however the rest of the answer comes.
        let _ = tokio::time::timeout_at(until, Limited::new(response.into_body(), ANSWER).collect()).await;
        let origin = &self.origin;
        match status {
            status if status.is_success() => Outcome::Acknowledged,
            StatusCode::GONE => {
                Outcome::Stop { reason: format!("{origin} answered 410 Gone: it wants no more events") }
            }
            status if status.is_redirection() => {
                Outcome::retry(format!("{origin} answered {status}, and redirects are not followed"))
            }
            status => Outcome::Retry {
                reason: format!("{origin} answered {status}"),
                after: retry_after(&headers, self.clock.now()),
            },
        }
    }
}

/// The value of the header `webhook-id`: the same at each delivery, and another for each event of each source. By it,
/// receivers of Standard Webhooks tell what they had already, and an id alone is unique to its source only. It has no
/// point in it: what is signed has points between its parts.
fn message_id(event: &Event) -> String {
    let mut hash = Hash::new();
    // A source is a path, and so without zeros.
    hash.update(event.source.as_bytes());
    hash.update([0]);
    hash.update(event.id.as_bytes());
    format!("msg_{}", URL_SAFE_NO_PAD.encode(hash.finalize()))
}

impl HttpBuilder {
    /// Signs what is sent. Without this, a receiver cannot tell who sent it.
    #[must_use]
    pub fn signer(mut self, signer: Signer) -> Self {
        self.signer = Some(signer);
        self
    }

    /// How the event lies in the request; structured if left out.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// What an event is wrapped in, in the structured mode; a CloudEvent if left out.
    #[must_use]
    pub fn envelope(mut self, envelope: Envelope) -> Self {
        self.envelope = envelope;
        self
    }

    /// How long a delivery may take, from the connection to the last byte of the answer; 30 s if left out.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// Whether this machine may be sent to, also by `http`.
    #[must_use]
    pub fn allow_loopback_http(mut self, allowed: bool) -> Self {
        self.loopback = allowed;
        self
    }

    /// The clock by which signatures are stamped; the system's if left out.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The callback. Nothing is sent yet.
    ///
    /// # Errors
    /// Says why nothing can be sent to the address.
    pub fn build(self) -> Result<Http, CallbackError> {
        let uri: Uri = self
            .address
            .parse()
            .map_err(|error: http::uri::InvalidUri| CallbackError::NoAddress(error.to_string()))?;
        let origin = Origin::of(&uri).map_err(CallbackError::Unclear)?;
        check_grant(&origin, self.loopback).map_err(CallbackError::Denied)?;
        Ok(Http {
            uri,
            origin,
            mode: self.mode,
            envelope: self.envelope,
            signer: self.signer.unwrap_or_default(),
            timeout: self.timeout,
            transport: Transport::new(self.loopback),
            clock: self.clock,
        })
    }
}

impl Callback for Http {
    fn deliver(&self, event: Event) -> BoxFuture<'_, Outcome> {
        async move { self.post(&event).await }.boxed()
    }
}

/// Without path and query, which may hold secrets.
impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").field("origin", &self.origin).field("mode", &self.mode).finish_non_exhaustive()
    }
}
