//! Delivers events to an HTTP endpoint.

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

/// The default time limit of a delivery.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How many bytes of a response body are read, so that the connection can be reused. The content does not
/// matter.
const ANSWER: usize = 64 << 10;
/// The characters that are escaped in the headers of the binary mode ([CloudEvents, HTTP binding, 3.1.3.2]).
///
/// [CloudEvents, HTTP binding, 3.1.3.2]: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
const HEADER: AsciiSet = CONTROLS.add(b' ').add(b'"').add(b'%');

/// Posts each event to an address as a CloudEvent, signed according to Standard Webhooks.
///
/// A status of 200 to 299 acknowledges the event; 410 stops the watch until it is resumed; any other status,
/// including redirects, means that the event has to be delivered again, after the wait that `retry-after`
/// asks for. The address has to be `https` on the public internet; this machine (also over `http`) is allowed
/// only with [`HttpBuilder::allow_loopback_http`]. The connection's credential is never sent. The
/// `webhook-id` header is a digest of the event's source and id.
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

/// How an event is laid out in a request: the content mode of CloudEvents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// The whole event is the body. A signature covers all of it.
    #[default]
    Structured,
    /// The event's data are the body, and the rest is in headers. A signature covers the id and the data.
    Binary,
}

/// Configures an [`Http`] callback.
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
    /// The address is not a URL.
    #[error("the callback address is not a valid URL: {0}")]
    NoAddress(String),
    /// The address is ambiguous or incomplete.
    #[error("the callback address cannot be used: {0}")]
    Unclear(OriginError),
    /// Events may not be sent to this address.
    #[error("events may not be sent to the callback address: {0}")]
    Denied(Reason),
}

impl CallbackError {
    /// Returns what the user can do about it.
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
    /// Starts building a callback that posts to an address.
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

    /// Returns where the events go, without the path and query, which may hold secrets.
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
            // Text from elsewhere is escaped, so it is a valid header value.
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
        // Only the status counts, even if the rest of the response never arrives.
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

/// Returns the value of the header `webhook-id`: the same for each delivery of an event, and different for
/// each event of each source. Receivers of Standard Webhooks use it to recognise duplicates; the event's id
/// alone is unique only within its source. The value contains no full stop, because full stops separate the
/// parts of the signed text.
fn message_id(event: &Event) -> String {
    let mut hash = Hash::new();
    // A source is a path, so it contains no zero byte.
    hash.update(event.source.as_bytes());
    hash.update([0]);
    hash.update(event.id.as_bytes());
    format!("msg_{}", URL_SAFE_NO_PAD.encode(hash.finalize()))
}

impl HttpBuilder {
    /// Signs each request. Without a signature, the receiver cannot tell who sent it.
    #[must_use]
    pub fn signer(mut self, signer: Signer) -> Self {
        self.signer = Some(signer);
        self
    }

    /// Sets how the event is laid out in the request. The default is [`Mode::Structured`].
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets what an event is wrapped in, in the structured mode. The default is a CloudEvent.
    #[must_use]
    pub fn envelope(mut self, envelope: Envelope) -> Self {
        self.envelope = envelope;
        self
    }

    /// Sets how long a delivery may take, from connecting to the last byte of the response (default 30 s).
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// Sets whether events may be sent to this machine, also over `http`.
    #[must_use]
    pub fn allow_loopback_http(mut self, allowed: bool) -> Self {
        self.loopback = allowed;
        self
    }

    /// Sets the clock that timestamps signatures. The default is the system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Builds the callback. Nothing is sent yet.
    ///
    /// # Errors
    /// [`CallbackError`] if events cannot be sent to the address.
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

/// Leaves out the path and query, which may hold secrets.
impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").field("origin", &self.origin).field("mode", &self.mode).finish_non_exhaustive()
    }
}
