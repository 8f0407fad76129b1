//! Sends requests over pooled connections, and reports what happened to a request that got no answer.
//!
//! The client is hyper's own ([`hyper_util::client::legacy`]) rather than a layer over it. It puts a path on
//! the wire byte for byte, where a URL library would write `'` as `%27` and `/a/../b` as `/b`; it says
//! whether there was a connection when a request failed; and it lets the dialler check the address that it
//! dials. It never follows a redirect and never sends a request twice: see [`Transport::new`].
//!
//! A server may close an idle connection just as a request is written to it. Then it is unknown whether the
//! request was processed. For a read that is harmless, but not for a change. So there are two pools: reads
//! use any idle connection; requests that must not be sent twice use one that was in use a moment ago
//! ([`RECENT`]), or else a new one. Both pools close an idle connection before the server does, if the server
//! says when it will: see `keep_alive`.

use std::error::Error as StdError;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::poll_fn;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::rt::TokioTimer;
use std::task::Poll;
use tokio::time::Instant;

mod batch;
mod dial;
mod dial_error;
mod error;
mod keep_alive;
mod link;
mod payload;
mod proxies;
#[cfg(test)]
mod tests;
mod tls;

use batch::{Batch, Underway};
use dial::{Dialler, Reach};
pub use dial_error::DialError;
pub use error::TransportError;
use payload::{Payload, Taken};
use proxies::Proxies;

/// How long making a connection may take, including name resolution and TLS.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long making a connection to a metadata service may take. It is short because such a service is always
/// nearby.
const METADATA_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an idle connection is kept for reads. Azure's front ends close theirs after about 120 s to 240 s.
/// By closing first, we never write a request to a dead connection.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);
/// How recently a connection must have been used to carry a request that must not be sent twice. Servers keep
/// idle connections for at least a second, most for much longer.
pub const RECENT: Duration = Duration::from_millis(500);
/// The default number of concurrent calls. With fewer idle connections, concurrent calls would close each
/// other's.
const IDLE_PER_ORIGIN: usize = 128;
/// An HTTP/2 server that stays silent this long with a request in flight is considered dead.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(15);

type Pool = Client<Dialler, Payload>;

/// Two pools of connections: see the [module](self). Clones share them.
#[derive(Clone)]
pub struct Transport {
    any: Pool,
    recent: Pool,
    underway: Underway,
}

/// Which idle connections a request may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reuse {
    /// Any: the request may be sent again.
    Any,
    /// One that was in use a moment ago ([`RECENT`]).
    Recent,
}

/// The sender of a request. It is asked before the request leaves, and told when it does.
pub(super) trait Departure: Send {
    /// Whether the request may still leave. This is asked repeatedly until there is a connection, and a last
    /// time right before the request is handed to it.
    fn may_leave(&mut self) -> bool;

    /// Called when bytes of the request may be on the wire from now on.
    fn leaves(&mut self);
}

/// A sender that always lets the request leave.
struct Unwatched;

impl Departure for Unwatched {
    fn may_leave(&mut self) -> bool {
        true
    }

    fn leaves(&mut self) {}
}

impl Transport {
    /// Creates the pools for one connection profile. `loopback` says whether this machine may be dialled by
    /// its own names. Proxies are taken from `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, or from the
    /// platform's settings if these are unset. Requests to this machine never use a proxy.
    #[must_use]
    pub fn new(loopback: bool) -> Self {
        Self::over(&Dialler::new(Reach::Public { loopback }, Proxies::of_system()))
    }

    /// A transport to a platform's metadata service: only to this link or this machine, never through a
    /// proxy, and with a short connection timeout.
    pub(super) fn to_metadata() -> Self {
        Self::over(&Dialler::new(Reach::Metadata, Proxies::none()))
    }

    fn over(dialler: &Dialler) -> Self {
        let underway = Underway::default();
        let pool = |idle| {
            Client::builder(Batch(underway.clone()))
                .timer(TokioTimer::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(idle)
                .pool_max_idle_per_host(IDLE_PER_ORIGIN)
                .http2_adaptive_window(true)
                .http2_keep_alive_interval(PING_INTERVAL)
                .http2_keep_alive_timeout(PING_TIMEOUT)
                // A pooled connection may close while a request waits in its queue. hyper then hands the
                // request back unwritten, and it goes out on another connection. Once taken from the queue, a
                // request is never handed back (hyper's `TrySendError::take_message`), so nothing is sent
                // twice. The tests close the connection at every point.
                .retry_canceled_requests(true)
                .build(dialler.clone())
        };
        Self { any: pool(IDLE_TIMEOUT), recent: pool(RECENT), underway }
    }

    /// Sends a request at most once, and returns the head of the reply. `until` limits the wait for it.
    ///
    /// # Errors
    /// There is no reply; the error says whether the server may have processed the request.
    pub async fn send(
        &self,
        request: Request<Full<Bytes>>,
        until: Instant,
    ) -> Result<Response<Incoming>, TransportError> {
        self.send_watched(request, Reuse::Recent, until, &mut Unwatched).await
    }

    /// Like [`Transport::send`], for a request that may be sent again: it uses any idle connection, even one
    /// that the server may be closing.
    ///
    /// # Errors
    /// As [`Transport::send`].
    pub async fn send_repeatable(
        &self,
        request: Request<Full<Bytes>>,
        until: Instant,
    ) -> Result<Response<Incoming>, TransportError> {
        self.send_watched(request, Reuse::Any, until, &mut Unwatched).await
    }

    /// Like [`Transport::send`], but fails if the request may no longer leave once there is a connection
    /// ([`TransportError::Withheld`]).
    pub(super) async fn send_watched(
        &self,
        request: Request<Full<Bytes>>,
        reuse: Reuse,
        until: Instant,
        departure: &mut impl Departure,
    ) -> Result<Response<Incoming>, TransportError> {
        let _counted = self.underway.count();
        let taken = Taken::default();
        let mut request = request.map(|body| Payload::new(body, &taken));
        let connection = capture_connection(&mut request);
        let left = || connection.connection_metadata().is_some();
        let pool = if reuse == Reuse::Any { &self.any } else { &self.recent };
        let mut reply = pin!(pool.request(request));
        // The pool hands the request to a connection only within one of these polls.
        let exchange = poll_fn(|context| {
            if left() {
                return reply.as_mut().poll(context).map_err(|error| TransportError::of(&error, &taken));
            }
            if !departure.may_leave() {
                return Poll::Ready(Err(TransportError::Withheld));
            }
            let polled = reply.as_mut().poll(context);
            if left() {
                departure.leaves();
            }
            polled.map_err(|error| TransportError::of(&error, &taken))
        });
        match tokio::time::timeout_at(until, exchange).await {
            Ok(reply) => reply.inspect(|reply| note_keep_alive(reply, &connection)),
            Err(_) => Err(TransportError::Timeout { sent: left() }),
        }
    }
}

fn note_keep_alive(reply: &Response<Incoming>, connection: &CaptureConnection) {
    let connection = connection.clone();
    keep_alive::note(reply, move || {
        if let Some(connection) = &*connection.connection_metadata() {
            connection.poison();
        }
    });
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transport")
    }
}

/// Returns the first error of this type in the chain of causes.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The message of the last cause, which is closest to what happened.
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
