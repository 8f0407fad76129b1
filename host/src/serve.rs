//! Runs many triggers in one process, and receives the notifications of APIs.
//!
//! A [`Server`] runs its watches independently of each other, receives pushed notifications at a public
//! address, and reports its state at a private address: `/healthz`, `/readyz` and `/metrics`.
//!
//! # What a sender is answered
//!
//! `200` once the notification is on disk; also if it was already known, in which case it has no effect.
//! `404` for any path without a valid secret, `405` if the method is not POST, `415` if the body is not JSON,
//! `413` if it is too large, `408` if it arrives too slowly, `401` if the signature is not valid, `400` if
//! the connector cannot read the body as a notification, and `503` while nothing can be stored.

mod admin;
mod error;
mod exposition;
mod hooks;
mod listener;
mod metrics;
mod receiver;
mod reserve;
mod standing;
mod state;
mod supervise;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

pub use self::error::ServerError;
use self::hooks::{Hook, Hooks};
use self::metrics::Metrics;
use self::reserve::Reserve;
use self::state::Board;
use crate::call::Connection;
use crate::triggers::webhook::Inbox;
use crate::triggers::{News, Signer, Watch, WatchBuilder, WatchError};

/// The maximum number of senders connected at a time; further ones wait to be accepted.
const SENDERS: usize = 256;
/// The maximum number of connections to the private address at a time.
const ONLOOKERS: usize = 16;
/// The maximum number of polls of one quota that run at a time. A poll that waits for the quota occupies one
/// of the places that all calls share, so an exhausted quota must not occupy them all.
const POLLS: usize = 8;
/// How long the server may take to end its subscriptions when it shuts down.
const LEAVE: Duration = Duration::from_secs(10);
/// How long deliveries and notifications in progress may take after that.
const GRACE: Duration = Duration::from_secs(12);

/// Configures a [`Server`].
#[derive(Default)]
pub struct ServerBuilder {
    triggers: Vec<Served>,
    listen: Option<SocketAddr>,
    admin: Option<SocketAddr>,
    public_url: Option<String>,
    observer: Option<Arc<Observer>>,
}

/// Receives the reports on a trigger, with the trigger's name.
type Observer = dyn Fn(&str, &Report<'_>) + Send + Sync;

/// A report of a server on one of its triggers.
#[derive(Debug)]
#[non_exhaustive]
pub enum Report<'a> {
    /// News of the trigger's watch.
    News(&'a News),
    /// The trigger's watch ended with an error; it starts again after a while.
    Ended(&'a WatchError),
    /// The trigger's watch had ended, and runs again.
    BegunAgain,
    /// The trigger is subscribed at its API.
    Subscribed,
    /// The trigger could not be subscribed, or its subscription could not be ended.
    NotSubscribed(&'a crate::triggers::webhook::SubscribeError),
}

/// How a pushed trigger receives its notifications.
#[derive(Debug, Default)]
pub struct Push {
    /// Verifies the signatures of senders. Without it, only the secret in the address authenticates a sender.
    pub verifier: Option<Signer>,
    /// The secret path segment, for a sender whose address was configured by hand. Without it, the connector
    /// subscribes with a generated secret.
    pub path_secret: Option<SecretString>,
    /// Whether to subscribe even though an earlier request may have been granted.
    pub resubscribe: bool,
    /// Whether to end the subscription when the server shuts down. Otherwise the subscription is kept, and
    /// reused at the next start with the same address: events in between are notified too, for as long as the
    /// API retries.
    pub unsubscribe: bool,
}

/// A trigger that the server runs.
struct Served {
    name: Arc<str>,
    connection: Connection,
    watch: WatchBuilder,
    push: Option<(Inbox, Push)>,
}

/// A server whose addresses are bound. Nothing runs until [`Server::run_until`] is called.
pub struct Server {
    watches: Vec<(Arc<str>, Watch)>,
    standing: Vec<standing::Standing>,
    hooks: Hooks,
    listener: Option<TcpListener>,
    admin: Option<TcpListener>,
    board: Arc<Board>,
    metrics: Arc<Metrics>,
    observer: Arc<Observer>,
}

impl ServerBuilder {
    /// Adds a polled trigger under a name.
    #[must_use]
    pub fn polled(mut self, name: &str, connection: &Connection, watch: WatchBuilder) -> Self {
        let (name, connection) = (name.into(), connection.clone());
        self.triggers.push(Served { name, connection, watch, push: None });
        self
    }

    /// Adds a pushed trigger under a name, which is part of the trigger's address: letters, digits and
    /// hyphens.
    #[must_use]
    pub fn pushed(mut self, name: &str, inbox: Inbox, watch: WatchBuilder, push: Push) -> Self {
        let (name, connection) = (name.into(), inbox.trigger().connection().clone());
        self.triggers.push(Served { name, connection, watch, push: Some((inbox, push)) });
        self
    }

    /// Sets the address at which notifications are received.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = Some(address);
        self
    }

    /// Sets the address at which the server reports its state. It must not be public.
    #[must_use]
    pub fn admin(mut self, address: SocketAddr) -> Self {
        self.admin = Some(address);
        self
    }

    /// Sets the public URL of the address at which notifications are received, such as
    /// `https://hooks.example.com`. The default is that address itself, over `http`.
    #[must_use]
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// Sets a function to call with all reports, and with the name of the trigger of each. The function must
    /// not block.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(&str, &Report<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Builds the watches and binds the addresses.
    ///
    /// # Errors
    /// See [`ServerError`].
    pub async fn bind(self) -> Result<Server, ServerError> {
        let (listener, admin) = (bind(self.listen).await?, bind(self.admin).await?);
        let local = listener.as_ref().and_then(|listener| listener.local_addr().ok());
        let base = self.public_url.or_else(|| local.map(|address| format!("http://{address}")));
        let observer = self.observer.unwrap_or_else(|| Arc::new(|_, _| {}));
        let mut board = Board::default();
        let metrics = Arc::new(Metrics::new());
        let (mut watches, mut standing, mut hooks) = (Vec::new(), Vec::new(), Hooks::default());
        let mut turns: HashMap<String, Arc<Semaphore>> = HashMap::new();
        for Served { name, connection, watch, push } in self.triggers {
            let bucket = connection.profile().quota().bucket.clone();
            let turns = turns.entry(bucket).or_insert_with(|| Arc::new(Semaphore::new(POLLS)));
            let watch = watch.turns(Arc::clone(turns));
            let entry = board.add(&name, connection, watch.name(), push.is_some());
            let counts = metrics.of(&name);
            if let Some((inbox, push)) = push {
                let base = base.as_deref().ok_or_else(|| ServerError::NoListener(name.to_string()))?;
                let address = format!("{}/hooks/{name}", base.trim_end_matches('/'));
                standing.push(standing::Standing {
                    name: Arc::clone(&name),
                    inbox: inbox.clone(),
                    address,
                    path_secret: push.path_secret,
                    resubscribe: push.resubscribe,
                    unsubscribe: push.unsubscribe,
                    entry: Arc::clone(&entry),
                    observer: Arc::clone(&observer),
                });
                let (heard, named) = (Arc::clone(&observer), Arc::clone(&name));
                let tell = Box::new(move |news: &News| heard(&named, &Report::News(news)));
                let (verifier, entry) = (push.verifier, Arc::clone(&entry));
                let (metrics, counts) = (Arc::clone(&metrics), metrics.of(&name));
                hooks.add(&name, Hook { inbox, verifier, metrics, counts, entry, tell });
            }
            let (heard, named) = (Arc::clone(&observer), Arc::clone(&name));
            let watch = watch.keep_trying(true).observe(move |news| {
                counts.note(news);
                entry.note(news);
                if matches!(news, News::Began { .. }) && entry.begins_again() {
                    heard(&named, &Report::BegunAgain);
                }
                heard(&named, &Report::News(news));
            });
            let watch = watch
                .build()
                .map_err(|error| ServerError::Watch { name: name.to_string(), error: Box::new(error) })?;
            watches.push((name, watch));
        }
        let board = Arc::new(board);
        Ok(Server { watches, standing, hooks, listener, admin, board, metrics, observer })
    }
}

async fn bind(address: Option<SocketAddr>) -> Result<Option<TcpListener>, ServerError> {
    let Some(address) = address else { return Ok(None) };
    let bound = TcpListener::bind(address).await;
    bound.map(Some).map_err(|source| ServerError::Listen { address, source })
}

impl Server {
    /// Starts building a server.
    #[must_use]
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// Returns the address at which notifications are received, if there is one.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Returns the address at which the server reports its state, if there is one.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Runs until `stop` completes. Then the server ends the subscriptions that have to be ended, while it
    /// still receives notifications; stops polling; and lets work in progress finish, all within about 20 s.
    /// Events that are not delivered by then are kept.
    pub async fn run_until(self, stop: impl Future<Output = ()>) {
        let (leaving, left) = watch::channel(false);
        let (asked, told) = watch::channel(false);
        let mut onlookers = JoinSet::new();
        if let Some(admin) = self.admin {
            let router = admin::router(Arc::clone(&self.board), self.metrics);
            onlookers.spawn(listener::serve(
                admin,
                router,
                ONLOOKERS,
                Some(Reserve::default()),
                told.clone(),
            ));
        }
        let mut work = JoinSet::new();
        if let Some(listener) = self.listener {
            work.spawn(listener::serve(listener, self.hooks.router(), SENDERS, None, told.clone()));
        }
        for (name, watch) in self.watches {
            let entry = self.board.entry(&name);
            let observer = Arc::clone(&self.observer);
            work.spawn(supervise::run(name, watch, entry, observer, told.clone()));
        }
        let mut subscriptions = JoinSet::new();
        for standing in self.standing {
            subscriptions.spawn(standing.keep(left.clone()));
        }
        stop.await;
        self.board.leave();
        leaving.send_replace(true);
        let _ = tokio::time::timeout(LEAVE, finished(&mut subscriptions)).await;
        asked.send_replace(true);
        // Work that has not ended by then is aborted, which loses nothing.
        let _ = tokio::time::timeout(GRACE, finished(&mut work)).await;
    }
}

/// Completes when the server has to end, or has been dropped.
async fn asked(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn finished(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}

impl std::fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerBuilder").field("triggers", &self.triggers.len()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("triggers", &self.watches.len()).finish_non_exhaustive()
    }
}
