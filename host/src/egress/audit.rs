//! Records what was sent: one log line per attempt, and counters.
//!
//! A line contains the path and the names of the query's keys. It contains no query values, headers or
//! bodies: these may hold secrets, and search terms are private to the user.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{Method, Uri};
use tokio::time::Instant;

use super::Purpose;
use super::destination::Origin;
use super::transport::TransportError;

/// The tracing target of the lines, for filters such as `connector::audit=info`.
pub const TARGET: &str = "connector::audit";

/// What one connection has sent so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The number of requests sent to the API, counting each attempt. Requests for tokens are not included.
    pub requests: u64,
    /// The number of attempts that were not the first of their request.
    pub retries: u64,
    /// The number of requests refused by the host because their destination is not allowed.
    pub denied: u64,
    /// The number of bytes received in the bodies of replies.
    pub bytes: u64,
    /// The origins that requests were sent to.
    pub origins: Vec<Origin>,
}

/// The counters behind [`Stats`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) requests: AtomicU64,
    /// The number of attempts to send a request that have begun. It only grows.
    pub(super) begun: AtomicU64,
    pub(super) retries: AtomicU64,
    pub(super) denied: AtomicU64,
    pub(super) bytes: AtomicU64,
}

impl Counters {
    pub(super) fn stats(&self, origins: Vec<Origin>) -> Stats {
        Stats {
            requests: self.requests.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            denied: self.denied.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            origins,
        }
    }
}

/// One attempt. Its line is written when the attempt is over: when the reply has been read, dropped, or has
/// failed.
pub(super) struct Attempt {
    connection: Arc<str>,
    action: Arc<str>,
    method: Method,
    uri: Uri,
    number: u32,
    began: Instant,
    counters: Arc<Counters>,
    status: u16,
    bytes: u64,
    outcome: Outcome,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Abandoned,
    Complete,
    Unread,
    NotSent,
    Refused,
    Broken,
    TimedOut,
    TooLarge,
}

impl Outcome {
    pub(super) fn of(error: &TransportError) -> Self {
        match error {
            TransportError::NotSent(_)
            | TransportError::Withheld
            | TransportError::Timeout { sent: false } => Self::NotSent,
            TransportError::Refused(_) => Self::Refused,
            TransportError::Closing(_) | TransportError::Broken(_) => Self::Broken,
            TransportError::Timeout { sent: true } => Self::TimedOut,
        }
    }
}

impl Attempt {
    pub(super) fn begin(
        connection: &Arc<str>,
        purpose: &Purpose,
        (method, uri): (&Method, &Uri),
        number: u32,
        counters: &Arc<Counters>,
    ) -> Self {
        counters.begun.fetch_add(1, Ordering::SeqCst);
        counters.requests.fetch_add(1, Ordering::Relaxed);
        if number > 1 {
            counters.retries.fetch_add(1, Ordering::Relaxed);
        }
        Self {
            connection: connection.clone(),
            action: purpose.action.clone(),
            method: method.clone(),
            uri: uri.clone(),
            number,
            began: Instant::now(),
            counters: counters.clone(),
            status: 0,
            bytes: 0,
            outcome: Outcome::Abandoned,
        }
    }

    pub(super) fn replied(&mut self, status: u16) {
        self.status = status;
        self.outcome = Outcome::Unread;
    }

    pub(super) fn received(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// Ends the attempt.
    pub(super) fn end(mut self, outcome: Outcome) {
        self.outcome = outcome;
        if outcome == Outcome::NotSent {
            self.counters.requests.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.counters.bytes.fetch_add(self.bytes, Ordering::Relaxed);
        tracing::info!(
            target: TARGET,
            connection = &*self.connection,
            action = &*self.action,
            method = self.method.as_str(),
            address = %Address(&self.uri),
            status = self.status,
            attempt = self.number,
            milliseconds = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            bytes = self.bytes,
            outcome = %self.outcome,
            "request"
        );
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Abandoned => "abandoned",
            Self::Complete => "complete",
            Self::Unread => "unread",
            Self::NotSent => "not sent",
            Self::Refused => "turned away",
            Self::Broken => "broken",
            Self::TimedOut => "timed out",
            Self::TooLarge => "too large",
        })
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("action", &self.action)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// An address as it appears in a line: `https://api.example.com/api/alerts?$filter&$top`.
struct Address<'a>(&'a Uri);

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.0.authority().map_or("", |authority| authority.as_str());
        write!(f, "{}://{authority}{}", self.0.scheme_str().unwrap_or(""), self.0.path())?;
        let Some(query) = self.0.query() else {
            return Ok(());
        };
        let keys: BTreeSet<&str> =
            query.split('&').filter_map(|pair| pair.split_once('=')).map(|(key, _)| key).collect();
        for (index, key) in keys.into_iter().enumerate() {
            write!(f, "{}{key}", if index == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}
