//! Callbacks: where events go.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::cloudevent::Event;

mod command;
mod http;
mod lines;

pub use command::{Command, CommandBuilder};
pub use http::{CallbackError, Http, HttpBuilder, Mode};
pub use lines::Lines;

/// Receives the events of a watch.
///
/// An async closure that takes an [`Event`] and returns `()`, a [`Result`] or an [`Outcome`] is a callback.
pub trait Callback: Send + Sync {
    /// Delivers an event. An event that is not acknowledged is delivered again. After a crash, an
    /// acknowledged event may be delivered again too.
    fn deliver(&self, event: Event) -> BoxFuture<'_, Outcome>;
}

/// The outcome of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The event has arrived, and will not be needed again.
    Acknowledged,
    /// The event has not arrived and has to be delivered again.
    Retry {
        /// Why the event was not accepted.
        reason: String,
        /// The minimum wait before the next attempt.
        after: Option<Duration>,
    },
    /// The receiver wants no more events, including this one, until somebody resumes the watch.
    Stop {
        /// Why the receiver wants no more.
        reason: String,
    },
    /// The callback can take no more while this process runs.
    Closed,
}

impl Outcome {
    pub(super) fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { reason: reason.into(), after: None }
    }
}

impl From<()> for Outcome {
    fn from((): ()) -> Self {
        Self::Acknowledged
    }
}

impl<E: fmt::Display> From<Result<(), E>> for Outcome {
    fn from(result: Result<(), E>) -> Self {
        match result {
            Ok(()) => Self::Acknowledged,
            Err(error) => Self::retry(error.to_string()),
        }
    }
}

impl<F, R> Callback for F
where
    F: Fn(Event) -> R + Send + Sync,
    R: Future<Output: Into<Outcome>> + Send + 'static,
{
    fn deliver(&self, event: Event) -> BoxFuture<'_, Outcome> {
        self(event).map(Into::into).boxed()
    }
}

impl fmt::Debug for dyn Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback")
    }
}
