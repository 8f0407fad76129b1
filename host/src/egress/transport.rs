//! Pooled connections, and what became of a request that got no answer.
//!
//! The client is hyper's own ([`hyper_util::client::legacy`]) and not a layer over it: it puts a path on the wire byte
//! for byte, where a URL library would write `'` as `%27` and `/a/../b` as `/b`; it says whether a connection was at
//! hand when a request failed; and it lets the dialler check the address that it dials. It never follows a redirect
//! and never sends a request twice: see [`Transport::new`].
//!
//! A server may close an idle connection just as a request is written to it. Then it cannot be known whether the
//! request was processed. A read does not mind; a change does. So there are two pools: reads use any idle connection;
//! whatever must not be sent twice uses one that was in use a moment ago ([`RECENT`]), or else a new one. Both give up
//! an idle connection before the server does, where the server says when that is: see `keep_alive`.

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

/// How long a connection may take, name resolution and TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection to a metadata service may take: where there is one, it is near.
const METADATA_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an idle connection is kept for reads. Azure's front ends close theirs after some 120 s to 240 s; the
/// side that closes first decides whether a request is ever written to a dead connection.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);
/// How long ago a connection may have been used last for a request that must not be sent twice. Servers keep idle
/// connections for a second at least, most for much longer.
pub const RECENT: Duration = Duration::from_millis(500);
/// As many as calls run at a time unless told otherwise: with fewer, those that run together close each other's.
const IDLE_PER_ORIGIN: usize = 128;
/// A server that is silent for these on HTTP/2, with a request in flight, is taken for dead.
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

/// The sender of a request, who is asked before it leaves, and told when it does.
pub(super) trait Departure: Send {
    /// Whether the request may still leave. Asked until there is a connection, the last time right before the request
    /// is handed to it.
    fn may_leave(&mut self) -> bool;

    /// From now on, bytes of the request may be under way.
    fn leaves(&mut self);
}

/// A sender who always lets it go.
struct Unwatched;

impl Departure for Unwatched {
    fn may_leave(&mut self) -> bool {
        true
    }

    fn leaves(&mut self) {}
}

impl Transport {
    /// Pools for one connection profile. `loopback` says whether this machine may be dialled, by its own names.
    /// Proxies are the system's: `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, and where these are unset the platform's
    /// settings. What goes to this machine goes there directly.
    #[must_use]
    pub fn new(loopback: bool) -> Self {
        Self::over(&Dialler::new(Reach::Public { loopback }, Proxies::of_system()))
    }

    /// A way to a platform's metadata service: to this link or this machine, never through a proxy, and soon given up.
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
                // A pooled connection may close while a request waits in its queue. hyper then hands the request back,
                // unwritten, and it goes out on another connection. Once taken from the queue it is never handed back
                // (hyper's `TrySendError::take_message`), so nothing is sent twice; the tests close at every point.
                .retry_canceled_requests(true)
                .build(dialler.clone())
        };
        Self { any: pool(IDLE_TIMEOUT), recent: pool(RECENT), underway }
    }

    /// Sends a request, at most once, and returns the head of the reply. `until` bounds the wait for it.
    ///
    /// # Errors
    /// Says whether the server may have processed the request.
    pub async fn send(
        &self,
        request: Request<Full<Bytes>>,
        until: Instant,
    ) -> Result<Response<Incoming>, TransportError> {
        self.send_watched(request, Reuse::Recent, until, &mut Unwatched).await
    }

    /// The same, for a request that may be sent again: it uses any idle connection, even one that its server may be
    /// closing.
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

    /// The same, unless it turns out, when there is a connection, that the request may no longer leave
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
        // The pool hands the request to a connection within one of these polls, and nowhere else.
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
