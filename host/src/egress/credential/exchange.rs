//! A single request for a token: limited in time and size, and never redirected.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use secrecy::zeroize::Zeroizing;
use tokio::time::Instant;

use crate::egress::transport::{Transport, TransportError};

/// The largest reply that is read, in bytes.
pub(super) const LARGEST_REPLY: usize = 1 << 20;

/// Why there is no readable reply.
#[derive(Debug)]
pub(super) enum ExchangeError {
    /// No reply came, or only part of one.
    Transport(TransportError),
    /// The reply cannot be read.
    Unreadable(String),
}

/// Sends the request once and reads the reply, which may hold a token.
pub(super) async fn exchange(
    transport: &Transport,
    request: Request<Bytes>,
    timeout: Duration,
) -> Result<Response<Zeroizing<Vec<u8>>>, ExchangeError> {
    let until = Instant::now() + timeout;
    let request = request.map(Full::new);
    let response = transport.send(request, until).await.map_err(ExchangeError::Transport)?;
    let (parts, body) = response.into_parts();
    if parts.status.is_redirection() {
        return Err(ExchangeError::Unreadable("it redirects, which is not followed".into()));
    }
    let body = tokio::time::timeout_at(until, Limited::new(body, LARGEST_REPLY).collect());
    match body.await {
        Ok(Ok(body)) => Ok(Response::from_parts(parts, Zeroizing::new(body.to_bytes().into()))),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(ExchangeError::Unreadable(format!("it is larger than {LARGEST_REPLY} bytes")))
        }
        Ok(Err(_)) => {
            Err(ExchangeError::Transport(TransportError::Broken("in the middle of its reply".into())))
        }
        Err(_) => Err(ExchangeError::Transport(TransportError::Timeout { sent: true })),
    }
}
