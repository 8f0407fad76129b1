//! Many triggers in one process, and the address at which APIs notify us.
//!
//! A [`Server`] runs the watches that it is given, each on its own; takes pushed notifications at a public address,
//! and tells on another, which is not for the public, how it stands: `/healthz`, `/readyz` and `/metrics`.
//!
//! # What a sender is answered
//!
//! `200` when what it sent is on disk; also if it was known already, and then it has no effect. `404` for any path but
//! one with a secret that is valid, `405` for what is no POST, `415` for what is not JSON, `413` for what is too large,
//! `408` for what comes too slowly, `401` for what is not signed as it should be, `400` for what the connector does not
//! read as a notification, and `503` while nothing can be stored.

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

/// How many senders may be connected at a time; more wait to be accepted.
const SENDERS: usize = 256;
/// How many may ask how it stands at a time.
const ONLOOKERS: usize = 16;
/// How many polls of one quota run at a time. One that waits for the quota has one of the places that all calls share,
/// so a quota that is used up must not take them all.
const POLLS: usize = 8;
/// How long ending the subscriptions may take when the server ends.
const LEAVE: Duration = Duration::from_secs(10);
/// How long deliveries and notifications that are under way may take then.
const GRACE: Duration = Duration::from_secs(12);

/// Settles what a server runs.
#[derive(Default)]
pub struct ServerBuilder {
    triggers: Vec<Served>,
    listen: Option<SocketAddr>,
    admin: Option<SocketAddr>,
    public_url: Option<String>,
    observer: Option<Arc<Observer>>,
}

/// Hears the news of a trigger, by its name.
type Observer = dyn Fn(&str, &Report<'_>) + Send + Sync;

/// What a server tells of a trigger.
#[derive(Debug)]
#[non_exhaustive]
pub enum Report<'a> {
    /// News of its watch.
    News(&'a News),
    /// Its watch ended; it is begun again after a while.
    Ended(&'a WatchError),
    /// Its watch had ended, and runs again.
    BegunAgain,
    /// It is subscribed.
    Subscribed,
    /// It is not subscribed.
    NotSubscribed(&'a crate::triggers::webhook::SubscribeError),
}

/// How notifications of a pushed trigger come.
#[derive(Debug, Default)]
pub struct Push {
    /// What senders sign with. Without it, the secret in the address is all that tells who sent something.
    pub verifier: Option<Signer>,
    /// The secret path segment, for a sender that was told the address by hand. Without it, the connector subscribes
    /// with a secret of its own making.
    pub path_secret: Option<SecretString>,
    /// Whether to ask for a subscription even though an earlier request may have been granted.
    pub resubscribe: bool,
    /// Whether to end the subscription when the server ends. Without this it is kept, and used again at the next start
    /// with the same address: what happens in between is notified as well, for as long as the API tries.
    pub unsubscribe: bool,
}

/// A trigger that is served.
struct Served {
    name: Arc<str>,
    connection: Connection,
    watch: WatchBuilder,
    push: Option<(Inbox, Push)>,
}

/// A server whose addresses are bound. Nothing runs before [`Server::run_until`].
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
    /// Runs a trigger that is polled, under a name.
    #[must_use]
    pub fn polled(mut self, name: &str, connection: &Connection, watch: WatchBuilder) -> Self {
        let (name, connection) = (name.into(), connection.clone());
        self.triggers.push(Served { name, connection, watch, push: None });
        self
    }

    /// Runs a trigger that is pushed, under a name of letters, digits and hyphens: it is in its address.
    #[must_use]
    pub fn pushed(mut self, name: &str, inbox: Inbox, watch: WatchBuilder, push: Push) -> Self {
        let (name, connection) = (name.into(), inbox.trigger().connection().clone());
        self.triggers.push(Served { name, connection, watch, push: Some((inbox, push)) });
        self
    }

    /// Where notifications are received.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = Some(address);
        self
    }

    /// Where it tells how it stands. Not for the public.
    #[must_use]
    pub fn admin(mut self, address: SocketAddr) -> Self {
        self.admin = Some(address);
        self
    }

    /// How senders reach the address at which notifications are received, such as `https://hooks.example.com`; that
    /// address itself, by `http`, if left out.
    #[must_use]
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// Has a function called with all news. It must not block.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(&str, &Report<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Binds the addresses.
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
    /// Begins to settle what a server runs.
    #[must_use]
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// Where notifications are received.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Where it tells how it stands.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Runs until `stop` completes. Then the subscriptions that are to be ended are, while notifications are still received;
    /// polls end; and what is under way may end, all within some 20 s. What is not delivered by then is kept.
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
        // What has not ended by then is broken off, which loses nothing.
        let _ = tokio::time::timeout(GRACE, finished(&mut work)).await;
    }
}

/// Completes when the server is to end, or is gone.
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
