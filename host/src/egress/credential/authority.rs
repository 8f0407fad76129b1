//! The token authority: one bounded request at a time, and what its refusals mean.

use std::fmt::Display;
use std::time::Duration;

use futures::future::BoxFuture;
use oauth2::basic::BasicErrorResponse;
use oauth2::{
    AsyncHttpClient, ErrorResponseType, HttpRequest, HttpResponse, RequestTokenError, StandardErrorResponse,
};
use secrecy::{ExposeSecret, SecretString};

use super::exchange::{ExchangeError, exchange};
use super::{CredentialError, Refusal};
use crate::egress::destination::{Origin, check_grant};
use crate::egress::retry;
use crate::egress::transport::{Transport, TransportError};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How often a request is sent at most, when the authority is busy or away.
const ATTEMPTS: u32 = 3;
/// How much of an authority's message is shown, in characters.
const LONGEST_MESSAGE: usize = 300;

/// A token authority, such as `https://login.microsoftonline.com`.
#[derive(Debug)]
pub(super) struct Authority {
    origin: Origin,
    loopback: bool,
    transport: Transport,
}

impl Authority {
    pub(super) fn new(origin: Origin, loopback: bool, transport: Transport) -> Self {
        Self { origin, loopback, transport }
    }

    /// The address of one of its endpoints.
    pub(super) fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Whether the authority, and the addresses that it hands out, may be this machine.
    pub(super) fn loopback(&self) -> bool {
        self.loopback
    }

    /// Whether it may be sent a secret.
    pub(super) fn check(&self) -> Result<(), CredentialError> {
        check_grant(&self.origin, self.loopback)
            .map_err(|reason| CredentialError::AuthorityDenied { reason: Box::new(reason) })
    }

    /// Sends a request for a token. A token request may be sent again: the worst is a second token.
    pub(super) async fn post(&self, request: HttpRequest) -> Result<HttpResponse, CredentialError> {
        self.check()?;
        let mut attempt = 1;
        loop {
            let outcome = self.attempt(&request).await;
            let again = match &outcome {
                Ok(response) => matches!(response.status().as_u16(), 408 | 429 | 500..=599),
                Err(CredentialError::Unreachable { .. }) => true,
                Err(_) => false,
            };
            if !again || attempt == ATTEMPTS {
                return outcome.and_then(|response| self.unless_busy(response));
            }
            tokio::time::sleep(retry::backoff(attempt, fastrand::f64())).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, request: &HttpRequest) -> Result<HttpResponse, CredentialError> {
        exchange(&self.transport, request.clone(), TIMEOUT).await.map_err(|error| match error {
            ExchangeError::Transport(error) => self.unreachable(&error),
            ExchangeError::Unreadable(what) => self.junk(&what),
        })
    }

    /// What a failed exchange comes to. `secret` is left out of whatever the authority says.
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

    /// A server that is busy or broken says so in its status, often without any error that the standard knows.
    fn unless_busy(&self, response: HttpResponse) -> Result<HttpResponse, CredentialError> {
        let status = response.status();
        let busy = matches!(status.as_u16(), 408 | 429 | 500..=599);
        if !busy || serde_json::from_slice::<BasicErrorResponse>(response.body()).is_ok() {
            return Ok(response);
        }
        Err(CredentialError::Unreachable {
            authority: self.origin.clone(),
            message: format!("it cannot serve the request now (HTTP status {status})").into(),
            hint: "try again later",
        })
    }

    fn unreachable(&self, error: &TransportError) -> CredentialError {
        let hint = match error {
            TransportError::NotSent(dial) => dial.hint(),
            _ => "check the network, and try again",
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

/// The client by which `oauth2` sends its requests.
impl<'c> AsyncHttpClient<'c> for Authority {
    type Error = CredentialError;
    type Future = BoxFuture<'c, Result<HttpResponse, CredentialError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.post(request))
    }
}

/// The number in Microsoft Entra's messages: `AADSTS7000215: Invalid client secret provided. …`
///
/// Source: <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>
pub(super) fn entra_code(text: &str) -> Option<u32> {
    let digits = text.split_once("AADSTS")?.1;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end)?.parse().ok()
}

/// The first line, without control characters and without the secret, cut short.
pub(super) fn presentable(text: &str, secret: &str) -> Box<str> {
    let line = text.lines().next().unwrap_or_default();
    let line = if secret.is_empty() { line.to_owned() } else { line.replace(secret, "(secret)") };
    line.chars().filter(|c| !c.is_control()).take(LONGEST_MESSAGE).collect::<String>().into()
}
