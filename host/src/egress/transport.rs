//! One pooled client, and what became of a request that got no answer.
//!
//! The client is hyper's own ([`hyper_util::client::legacy`]) and not a layer over it: it puts a path on the wire byte
//! for byte, where a URL library would write `'` as `%27` and `/a/../b` as `/b`; it says whether a connection was at
//! hand when a request failed; and it lets the dialler check the address that it dials. It never follows a redirect
//! and never sends a request twice: see [`Transport::new`].

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioTimer;
use tokio::time::Instant;

mod batch;
mod dial;
mod error;
#[cfg(test)]
mod tests;
mod tls;

use batch::{Batch, Underway};
use dial::{Dialler, Reach};
pub use error::DialError;

/// How long a connection may take, name resolution and TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection to a metadata service may take: where there is one, it is near.
const METADATA_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an idle connection is kept. Azure's front ends close theirs after some 120 s to 240 s; whoever closes first
/// decides whether a request is ever written to a dead connection.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);
/// As many as calls run at a time unless told otherwise: with fewer, those that run together close each other's.
const IDLE_PER_ORIGIN: usize = 128;
/// A server that is silent for these on HTTP/2, with a request in flight, is taken for dead.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(15);

/// A pool of connections. Clones share it.
#[derive(Clone)]
pub struct Transport {
    client: Client<Dialler, Full<Bytes>>,
    underway: Underway,
}

impl Transport {
    /// A pool for one connection profile. `loopback` says whether this machine may be dialled, by its own names.
    /// Proxies are the system's: `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, and where these are unset the platform's
    /// settings. What goes to this machine goes there directly.
    #[must_use]
    pub fn new(loopback: bool) -> Self {
        Self::over(Dialler::new(Reach::Public { loopback }, Matcher::from_system()))
    }

    /// A way to a platform's metadata service: to this link or this machine, never through a proxy, and soon given up.
    pub(super) fn to_metadata() -> Self {
        Self::over(Dialler::new(Reach::Metadata, Matcher::builder().build()))
    }

    fn over(dialler: Dialler) -> Self {
        let underway = Underway::default();
        let client = Client::builder(Batch(underway.clone()))
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_PER_ORIGIN)
            .http2_adaptive_window(true)
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            // A pooled connection may close while a request waits in its queue. hyper then hands the request back,
            // unwritten, and it goes out on another connection. Once taken from the queue it is never handed back
            // (hyper's `TrySendError::take_message`), so nothing is sent twice; the tests close at every point.
            .retry_canceled_requests(true)
            .build(dialler);
        Self { client, underway }
    }

    /// Sends a request, at most once, and returns the head of the reply. `until` bounds the wait for it.
    ///
    /// # Errors
    /// Says whether the request may have reached the server.
    pub async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
        until: Instant,
    ) -> Result<Response<Incoming>, TransportError> {
        let _counted = self.underway.count();
        let connection = capture_connection(&mut request);
        match tokio::time::timeout_at(until, self.client.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(TransportError::of(&error)),
            Err(_) => Err(TransportError::Timeout { sent: connection.connection_metadata().is_some() }),
        }
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transport")
    }
}

/// A request without a reply.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// There was no connection, so the request was not sent.
    #[error("{0}")]
    NotSent(Arc<DialError>),
    /// The connection was lost, or spoke nonsense, after the request may have been sent.
    #[error("the connection was lost before the reply: {0}")]
    Broken(Arc<str>),
    /// There was no time left.
    #[error("no reply in time")]
    Timeout {
        /// Whether the request may have been sent.
        sent: bool,
    },
}

impl TransportError {
    fn of(error: &ClientError) -> Self {
        if let Some(dial) = find::<DialError>(error) {
            return Self::NotSent(Arc::new(dial.clone()));
        }
        // hyper says "canceled" of requests that it hands back unwritten, and of no others.
        let unwritten = find::<hyper::Error>(error).is_some_and(hyper::Error::is_canceled);
        if error.is_connect() || unwritten {
            return Self::NotSent(Arc::new(DialError::Closed(innermost(error))));
        }
        Self::Broken(innermost(error))
    }
}

/// The first error of that type in the chain of causes.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The last cause's message: the nearest to what happened.
fn innermost(error: &(dyn StdError + 'static)) -> Arc<str> {
    causes(error).last().map_or_else(String::new, ToString::to_string).into()
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn StdError + 'static) = *error;
        // An I/O error's source is its inner error's source: the inner error itself would be skipped.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| error.source())
    })
}
