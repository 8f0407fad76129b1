//! A proxy for other engines: a loopback server that forwards requests to the API with the connection's
//! credential.
//!
//! An engine that runs a connector's component, but cannot add a header to its requests, points the component
//! at a [`Proxy`] in place of the API. A request to the proxy is sent as if from this host's own sandbox: it
//! can only go to the connection's API, the token is added here, the quota is observed, a request that may be
//! repeated is retried, and each attempt is recorded in the audit log. The component sees neither the token
//! nor the API's address.
//!
//! Only the method tells the proxy what a request is for. `GET` and `HEAD` are reads ([RFC 9110, section
//! 9.2.1]); every other request counts as a change and is sent again only when it provably was not processed,
//! even if the action behind it only reads. The connection's quota applies, but the API's limits on single
//! actions do not, because a request does not name its action.
//!
//! A page in a browser may use the proxy only if its origin was allowed ([`ProxyBuilder::allow_origin`]).
//!
//! [RFC 9110, section 9.2.1]: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

mod admission;
mod answer;
mod builder;
mod exchange;
mod guests;
mod key;
mod links;
mod pages;

use crate::call::Connection;
pub use builder::ProxyBuilder;
use exchange::Exchange;
use guests::{Guest, Guests};
use key::Key;
use pages::Pages;

/// The default time limit of a request through a proxy, including waits for the quota and all attempts. It is
/// slightly shorter than components commonly wait for the first byte of a reply, so that the proxy is the one
/// to report what happened.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(200);

/// The maximum number of clients connected at a time. A further client replaces the oldest one that has not
/// shown the key; if all have shown it, the client waits to be accepted.
const CONNECTIONS: usize = 256;
/// How long a client may take to show the key, that is, to send the head of its first request.
const STRANGER_TIME: Duration = Duration::from_secs(5);
/// How long the head of a further request may take, and how long an idle client that has shown the key stays
/// connected.
const HEAD_TIME: Duration = Duration::from_secs(75);
/// The maximum size of a request's head, in bytes: a filter or a link to the next page may be long.
const HEAD_BYTES: usize = 128 << 10;
/// The pause after a client could not be accepted, for example for lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// A running proxy of one connection, on 127.0.0.1. Dropping it aborts requests in flight; [`Proxy::stop`]
/// lets them finish.
///
/// ```no_run
/// use connector_host::proxy::{DEFAULT_DEADLINE, Proxy};
/// # async fn example(connection: connector_host::Connection) -> Result<(), Box<dyn std::error::Error>> {
/// let proxy = Proxy::start(connection, 0, DEFAULT_DEADLINE).await?;
/// // What the other engine gives its component as the API's address:
/// let api_url = proxy.url();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    key: Arc<Key>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

/// Why a proxy cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The port is in use, or this user may not bind it.
    #[error("cannot serve on 127.0.0.1:{port}: {error}")]
    Bind {
        /// The port that was asked for; 0 stands for any.
        port: u16,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The operating system provides no random numbers, so no key can be generated.
    #[error("there are no random numbers for a key: {0}")]
    Random(getrandom::Error),
}

impl Proxy {
    /// Serves the connection on a port of 127.0.0.1; 0 picks any free port. `deadline` limits each request,
    /// including waits for the quota and retries.
    ///
    /// # Errors
    /// [`ProxyError`] if the port cannot be bound, or no key can be generated.
    pub async fn start(connection: Connection, port: u16, deadline: Duration) -> Result<Self, ProxyError> {
        Self::builder(connection).port(port).deadline(deadline).start().await
    }

    async fn serve(settled: ProxyBuilder) -> Result<Self, ProxyError> {
        let ProxyBuilder { connection, port, deadline, pages } = settled;
        let bound = async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let (listener, address) = bound.await.map_err(|error| ProxyError::Bind { port, error })?;
        let key = Arc::new(Key::random().map_err(ProxyError::Random)?);
        let exchange = Arc::new(Exchange::new(connection, address, key.clone(), deadline, Pages::new(pages)));
        let (stop, stopping) = watch::channel(false);
        let serving = tokio::spawn(serve(listener, exchange, stopping));
        Ok(Self { address, key, stop, serving })
    }

    /// Returns the proxy's address without the key, such as `http://127.0.0.1:9100`. Requests to it need the
    /// key as their bearer token.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the address with the key as its path, which is all that a client needs. Whoever has it can use
    /// the connection, so it is a secret for as long as the proxy runs. Links to a next page in results
    /// contain the key too.
    #[must_use]
    pub fn url(&self) -> SecretString {
        format!("{}/{}", self.origin(), self.key.secret().expose_secret()).into()
    }

    /// Returns the key, for requests that carry it as their bearer token instead of in their path. Each run
    /// has a new key.
    #[must_use]
    pub fn key(&self) -> &SecretString {
        self.key.secret()
    }

    /// Stops accepting requests, and waits up to `patience` for those in flight; the rest are aborted.
    pub async fn stop(mut self, patience: Duration) {
        let _ = self.stop.send(true);
        if tokio::time::timeout(patience, &mut self.serving).await.is_err() {
            tracing::warn!("requests are broken off: they took too long to end");
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, exchange: Arc<Exchange>, mut stopping: watch::Receiver<bool>) {
    // Dropped with this task, which ends all of the clients.
    let mut clients = JoinSet::new();
    let mut guests = Guests::default();
    loop {
        let full = clients.len() >= CONNECTIONS && !guests.has_strangers();
        tokio::select! {
            accepted = listener.accept(), if !full => match accepted {
                Ok((client, _)) => {
                    if clients.len() >= CONNECTIONS {
                        guests.dismiss_oldest_stranger();
                    }
                    let guest = Guest::default();
                    let attended = attend(client, exchange.clone(), guest.clone(), stopping.clone());
                    guests.admit(guest, clients.spawn(attended));
                }
                Err(error) => {
                    tracing::warn!(%error, "a client could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            },
            Some(_) = clients.join_next() => {}
            () = told_to_stop(&mut stopping) => break,
        }
    }
    drop(listener);
    while clients.join_next().await.is_some() {}
}

async fn attend(
    client: TcpStream,
    exchange: Arc<Exchange>,
    guest: Guest,
    mut stopping: watch::Receiver<bool>,
) {
    // Small replies should not wait for more data.
    let _ = client.set_nodelay(true);
    let shows_key = guest.clone();
    let service = service_fn(move |request| {
        let (exchange, guest) = (exchange.clone(), shows_key.clone());
        async move { Ok::<_, Infallible>(exchange.answer(request, || guest.is_known_now()).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(client), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = guest.remains_a_stranger(STRANGER_TIME) => {
            tracing::debug!("a client is let go that has not shown the key");
            return;
        }
        () = told_to_stop(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a client's connection ended early");
    }
}

async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    // If the sender is gone, that means stop too.
    let _ = stopping.wait_for(|stop| *stop).await;
}
