//! The door for other engines: a server on loopback that sends on what it receives, with the connection's credential.
//!
//! An engine that runs a connector's component, but cannot add a header to its requests, points the component at a
//! [`Proxy`] in place of the API. What arrives there leaves as it would from this host's own sandbox: the destination
//! is the connection's API and no other, the token is added here, the quota is kept, what may be sent again is, and
//! each attempt leaves its line in the audit. The component sees neither the token nor the API's address.
//!
//! Only the method tells the proxy what a request is for. `GET` and `HEAD` are reads ([RFC 9110, section 9.2.1]); every
//! other request counts as a change and is sent again only when it provably was not processed, even where the action
//! behind it only reads. The connection's quota holds; the API's own limits on single actions do not, since no request
//! names its action.
//!
//! A page in a browser may use it only if its origin was named ([`ProxyBuilder::allow_origin`]).
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

/// How long a request through a proxy may take unless told otherwise, waiting for the quota and all attempts included:
/// a little less than what components commonly wait for the first byte of a reply, so that it is the proxy that says
/// what happened.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(200);

/// How many clients may be connected at a time. A further one takes the place of the oldest that has not shown the key;
/// where all have, it waits to be accepted.
const CONNECTIONS: usize = 256;
/// How long a client may take to show the key: to send the head of its first request.
const STRANGER_TIME: Duration = Duration::from_secs(5);
/// How long the head of a further request may take, and how long an idle client is kept that has shown the key.
const HEAD_TIME: Duration = Duration::from_secs(75);
/// The largest head of a request, in bytes: a filter or a link to the next page may be long.
const HEAD_BYTES: usize = 128 << 10;
/// The pause after a client could not be accepted, for want of file descriptors for example.
const PAUSE: Duration = Duration::from_millis(100);

/// A running proxy of one connection, on 127.0.0.1. Dropping it breaks off what is in flight; [`Proxy::stop`] does not.
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
    /// The port is taken, or this user may not have it.
    #[error("cannot serve on 127.0.0.1:{port}: {error}")]
    Bind {
        /// The port that was asked for; 0 stands for any.
        port: u16,
        /// Why not.
        error: io::Error,
    },
    /// The operating system gives no random numbers, so there can be no key.
    #[error("there are no random numbers for a key: {0}")]
    Random(getrandom::Error),
}

impl Proxy {
    /// Serves the connection on a port of 127.0.0.1, 0 being any that is free. `deadline` is for each request: waiting
    /// for the quota and being sent again included.
    ///
    /// # Errors
    /// The port cannot be had.
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

    /// The address without the key, such as `http://127.0.0.1:9100`. Requests to it need the key as their bearer token.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address that needs nothing else: the key is its path. Whoever has it can use the connection, so it is a
    /// secret for as long as the proxy runs. Links to a next page, which results have in them, hold the key too.
    #[must_use]
    pub fn url(&self) -> SecretString {
        format!("{}/{}", self.origin(), self.key.secret().expose_secret()).into()
    }

    /// The key, new in each run, for requests that carry it as their bearer token in place of in their path.
    #[must_use]
    pub fn key(&self) -> &SecretString {
        self.key.secret()
    }

    /// Accepts nothing more, and waits for what is in flight, but not longer than that: what remains is broken off.
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
    // Dropped with this task, and then all of them end.
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
    // Small replies should not wait for more to send.
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
    // A sender that is gone says the same.
    let _ = stopping.wait_for(|stop| *stop).await;
}
