//! Events as a stream, for programs that prefer to pull them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::channel::{mpsc, oneshot};
use futures::future::BoxFuture;
use futures::{FutureExt as _, SinkExt as _, Stream, StreamExt as _};

use super::builder::WatchBuilder;
use super::callback::{Callback, Outcome};
use super::cloudevent::Event;
use super::error::WatchError;
use super::watch::Ended;

/// The events of a watch, one after another. The watch runs while the stream is polled, and ends when the
/// stream is dropped.
pub struct Events {
    run: Option<BoxFuture<'static, Result<Ended, WatchError>>>,
    deliveries: mpsc::Receiver<Delivery>,
}

/// An event that has to be acknowledged. If it is dropped without an answer, it is delivered again.
#[derive(Debug)]
pub struct Delivery {
    event: Event,
    answer: oneshot::Sender<Outcome>,
}

impl Delivery {
    /// Returns the event.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Acknowledges the event: it will not be needed again.
    pub fn acknowledge(self) {
        self.answer(Outcome::Acknowledged);
    }

    /// Answers with the outcome of the delivery.
    pub fn answer(self, outcome: Outcome) {
        // If the stream is gone, the event is delivered again.
        let _ = self.answer.send(outcome);
    }
}

impl WatchBuilder {
    /// Builds the watch and returns its events as a stream. The next event comes once the previous one was
    /// acknowledged.
    ///
    /// # Errors
    /// Those of [`WatchBuilder::build`].
    pub fn stream(self) -> Result<Events, WatchError> {
        let (sender, deliveries) = mpsc::channel(0);
        let watch = self.to_shared(Arc::new(Handing(sender))).build()?;
        let run = async move { watch.run().await }.boxed();
        Ok(Events { run: Some(run), deliveries })
    }
}

/// Hands events over to the consumer of the stream.
struct Handing(mpsc::Sender<Delivery>);

impl Callback for Handing {
    fn deliver(&self, event: Event) -> BoxFuture<'_, Outcome> {
        let mut sender = self.0.clone();
        async move {
            let (answer, answered) = oneshot::channel();
            if sender.send(Delivery { event, answer }).await.is_err() {
                return Outcome::Closed;
            }
            answered.await.unwrap_or_else(|_| Outcome::retry("it was not acknowledged"))
        }
        .boxed()
    }
}

impl Stream for Events {
    type Item = Result<Delivery, WatchError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(run) = &mut self.run else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(ended) = run.poll_unpin(context) {
            self.run = None;
            return Poll::Ready(ended.err().map(Err));
        }
        match self.deliveries.poll_next_unpin(context) {
            Poll::Ready(Some(delivery)) => Poll::Ready(Some(Ok(delivery))),
            // The sender is in the watch, which runs.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events")
    }
}
