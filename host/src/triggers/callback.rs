//! Where events go.

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

/// Takes events.
///
/// An async closure from an [`Event`] to `()`, a [`Result`] or an [`Outcome`] is one.
pub trait Callback: Send + Sync {
    /// Delivers an event. An event that is not acknowledged is delivered again. After a crash, so may one be that was.
    fn deliver(&self, event: Event) -> BoxFuture<'_, Outcome>;
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The event has arrived, and will not be needed again.
    Acknowledged,
    /// The event has not arrived, and is to be delivered again.
    Retry {
        /// Why.
        reason: String,
        /// The least time to wait first.
        after: Option<Duration>,
    },
    /// The receiver wants neither this event nor others, until somebody resumes the watch.
    Stop {
        /// Why.
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
