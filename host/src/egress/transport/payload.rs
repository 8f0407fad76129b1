//! The body of a request, which reports when the connection begins to read it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;

/// Whether a connection has begun to read the body of a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Taken(Arc<AtomicBool>);

impl Taken {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// The body of a request. An empty one is never read.
pub(super) struct Payload {
    body: Full<Bytes>,
    taken: Taken,
}

impl Payload {
    pub(super) fn new(body: Full<Bytes>, taken: &Taken) -> Self {
        Self { body, taken: taken.clone() }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.taken.set();
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
