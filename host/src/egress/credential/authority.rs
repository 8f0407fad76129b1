//! The token authority: sends bounded requests, and interprets its refusals.

use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, StatusCode};
use oauth2::basic::BasicErrorResponse;
use oauth2::{
    AsyncHttpClient, DeviceCodeErrorResponse, DeviceCodeErrorResponseType, ErrorResponseType, HttpRequest,
    HttpResponse, RequestTokenError, StandardErrorResponse,
};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::exchange::{ExchangeError, exchange};
use super::message::{entra_code, presentable};
use super::{CredentialError, Refusal, numbers};
use crate::clock::{Clock, SystemClock};
use crate::egress::destination::{Origin, check_grant};
use crate::egress::retry;
use crate::egress::transport::{Transport, TransportError};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How many times a request is sent at most while the authority is busy or unreachable.
const ATTEMPTS: u32 = 3;
/// The longest wait that is honoured at the authority's request. If it asks for longer, the caller is told
/// how long.
const LONGEST_WISH: Duration = Duration::from_secs(15);
/// The longest requested wait that is remembered.
const LONGEST_BELIEVED: Duration = Duration::from_secs(3600);

/// A token authority, such as `https://login.microsoftonline.com`.
#[derive(Debug)]
pub(super) struct Authority {
    origin: Origin,
    loopback: bool,
    transport: Transport,
    /// The end of the wait that it last asked for, and the status of that reply.
    asked_to_wait: Mutex<Option<(Instant, StatusCode)>>,
}

impl Authority {
    pub(super) fn new(origin: Origin, loopback: bool, transport: Transport) -> Self {
        Self { origin, loopback, transport, asked_to_wait: Mutex::default() }
    }

    /// The address of one of its endpoints.
    pub(super) fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Whether the authority and the addresses that it returns may be on this machine.
    pub(super) fn loopback(&self) -> bool {
        self.loopback
    }

    /// Checks whether the authority may be sent a secret.
    pub(super) fn check(&self) -> Result<(), CredentialError> {
        check_grant(&self.origin, self.loopback)
            .map_err(|reason| CredentialError::AuthorityDenied { reason: Box::new(reason) })
    }

    /// Sends a request for a token. It is safe to repeat: at worst, a second token is issued.
    pub(super) async fn post(&self, request: HttpRequest) -> Result<HttpResponse, CredentialError> {
        let request = self.ready(request).await?;
        let mut attempt = 1;
        loop {
            let outcome = self.attempt(&request).await;
            let wish = match &outcome {
                Ok(response) if is_busy(response.status()) => self.wish(response),
                Err(CredentialError::Unreachable { .. }) => None,
                _ => return outcome,
            };
            if attempt == ATTEMPTS || wish.is_some_and(|wish| wish > LONGEST_WISH) {
                return outcome.and_then(|response| self.unless_busy(response, wish));
            }
            // Wait a little longer than asked, so that not all rejected requests come back at once.
            let backoff = retry::backoff(attempt, fastrand::f64());
            tokio::time::sleep(wish.map_or(backoff, |wish| wish + backoff)).await;
            attempt += 1;
        }
    }

    /// Asks once whether a person has signed in yet; the caller decides when to ask again. A busy or broken
    /// authority counts as not having answered, whatever else its reply says.
    pub(super) async fn poll(&self, request: HttpRequest) -> Result<HttpResponse, CredentialError> {
        let request = self.ready(request).await?;
        let response = self.attempt(&request).await?;
        if !is_busy(response.status()) || is_answer_to_poll(response.body()) {
            return Ok(response);
        }
        Err(self.busy(response.status(), self.wish(&response)))
    }

    /// Returns the request as soon as it may be sent.
    async fn ready(&self, request: HttpRequest) -> Result<Request<Bytes>, CredentialError> {
        self.check()?;
        let (parts, body) = request.into_parts();
        // The body contains the secret: all attempts share one copy, which is wiped.
        let request = Request::from_parts(parts, Bytes::from_owner(Zeroizing::new(body)));
        self.patience().await?;
        Ok(request)
    }

    /// Waits as long as the authority last asked for, unless that is too long.
    async fn patience(&self) -> Result<(), CredentialError> {
        let Some((until, status)) = *self.asked_to_wait() else { return Ok(()) };
        let wait = until.saturating_duration_since(Instant::now());
        if wait > LONGEST_WISH {
            return Err(self.busy(status, Some(wait)));
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Returns how long the authority asks to wait, and remembers it for other requests.
    fn wish(&self, response: &HttpResponse) -> Option<Duration> {
        let wish =
            retry::retry_after(response.headers(), SystemClock.now()).filter(|wish| !wish.is_zero())?;
        let until = Instant::now() + wish.min(LONGEST_BELIEVED);
        *self.asked_to_wait() = Some((until, response.status()));
        Some(wish)
    }

    async fn attempt(&self, request: &Request<Bytes>) -> Result<HttpResponse, CredentialError> {
        let response = exchange(&self.transport, request.clone(), TIMEOUT).await;
        // From here on, the library owns the reply, which may hold a token.
        response
            .map(|response| response.map(|mut body| numbers::unquoted(std::mem::take(&mut *body))))
            .map_err(|error| match error {
                ExchangeError::Transport(error) => self.unreachable(&error),
                ExchangeError::Unreadable(what) => self.junk(&what),
            })
    }

    /// Explains why an exchange failed. `secret` is removed from the authority's message.
    pub(super) fn explain<T: ErrorResponseType + AsRef<str> + Display + 'static>(
        &self,
        error: RequestTokenError<CredentialError, StandardErrorResponse<T>>,
        secret: &SecretString,
    ) -> CredentialError {
        match error {
            RequestTokenError::Request(error) => error,
            RequestTokenError::ServerResponse(response) => {
                let text = response.error_description().map_or("", String::as_str);
                let code = entra_code(text);
                let message = presentable(text, secret.expose_secret());
                let error = presentable(response.error().as_ref(), secret.expose_secret());
                CredentialError::Refused { refusal: Refusal::of(&error, code), error, message }
            }
            // The reply itself may hold a token, so it is not shown.
            RequestTokenError::Parse(error, body) => {
                let html = body.trim_ascii_start().first() == Some(&b'<');
                let at = error.path().to_string();
                self.junk(&match html {
                    true => "it is a web page".to_owned(),
                    false => format!(
                        "it is not the JSON of a token (at `{}`)",
                        presentable(&at, secret.expose_secret())
                    ),
                })
            }
            RequestTokenError::Other(_) => self.junk("it is empty, or not JSON"),
        }
    }

    /// A busy or broken server says so in its status, often without an error code of the standard. How long
    /// to wait is then more useful than its message.
    fn unless_busy(
        &self,
        response: HttpResponse,
        wish: Option<Duration>,
    ) -> Result<HttpResponse, CredentialError> {
        let told = || serde_json::from_slice::<BasicErrorResponse>(response.body()).is_ok();
        if !is_busy(response.status()) || wish.is_none() && told() {
            return Ok(response);
        }
        Err(self.busy(response.status(), wish))
    }

    fn busy(&self, status: StatusCode, wish: Option<Duration>) -> CredentialError {
        let seconds = wish.map(|wish| wish.as_secs() + u64::from(wish.subsec_nanos() > 0));
        CredentialError::Busy {
            authority: self.origin.clone(),
            status: status.as_u16(),
            retry_after_seconds: seconds.map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX)),
        }
    }

    fn asked_to_wait(&self) -> MutexGuard<'_, Option<(Instant, StatusCode)>> {
        self.asked_to_wait.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unreachable(&self, error: &TransportError) -> CredentialError {
        let hint = match error {
            TransportError::NotSent(dial) => dial.hint(),
            _ => "check the network, and try again".into(),
        };
        CredentialError::Unreachable {
            authority: self.origin.clone(),
            message: error.to_string().into(),
            hint,
        }
    }

    pub(super) fn junk(&self, what: &str) -> CredentialError {
        CredentialError::JunkReply { authority: self.origin.clone(), message: what.into() }
    }
}

/// Whether this status means that the server is busy or broken.
fn is_busy(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500..=599)
}

/// Whether a reply says that nobody has signed in yet ([RFC 8628, section 3.5]), whatever its status.
///
/// [RFC 8628, section 3.5]: https://www.rfc-editor.org/rfc/rfc8628#section-3.5
fn is_answer_to_poll(body: &[u8]) -> bool {
    let pending = |said: DeviceCodeErrorResponse| {
        use DeviceCodeErrorResponseType::{AuthorizationPending, SlowDown};
        matches!(said.error(), AuthorizationPending | SlowDown)
    };
    serde_json::from_slice(body).is_ok_and(pending)
}

/// The client with which `oauth2` sends its requests.
impl<'c> AsyncHttpClient<'c> for Authority {
    type Error = CredentialError;
    type Future = BoxFuture<'c, Result<HttpResponse, CredentialError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.post(request))
    }
}
