//! What the callers of a door hold: permits, and places to wait in. Dropped, they are given back aside.

use std::sync::Arc;

use super::door::Door;
use super::held::{Claim, Queued};

/// The right to send one request, until it is completed.
///
/// Hold it from before the request leaves until the last byte of its answer has come, or the request has been given
/// up. Dropping it completes it, without blocking.
#[derive(Debug)]
#[must_use = "a request counts as completed when its permit is dropped"]
pub struct Permit {
    /// None: the quota has no limits.
    held: Option<(Arc<Door>, Option<Claim>)>,
}

impl Permit {
    pub(super) fn free() -> Self {
        Self { held: None }
    }

    pub(super) fn new(door: &Arc<Door>, claim: Claim) -> Self {
        Self { held: Some((Arc::clone(door), Some(claim))) }
    }

    /// Completes it, and waits until that is written down.
    pub async fn complete(mut self) {
        if let Some((door, claim)) = &mut self.held
            && let Some(mut claim) = claim.take()
        {
            claim.end();
            door.worker.run(move || drop(claim)).await;
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some((door, claim)) = &mut self.held
            && let Some(mut claim) = claim.take()
        {
            claim.end();
            door.worker.post(move || drop(claim));
        }
    }
}

/// A place in the queue, as long as somebody waits there.
#[derive(Debug)]
pub(super) struct WaitingPlace {
    door: Arc<Door>,
    queued: Option<Queued>,
}

impl WaitingPlace {
    pub(super) fn new(door: &Arc<Door>, queued: Queued) -> Self {
        Self { door: Arc::clone(door), queued: Some(queued) }
    }

    /// Notes that the wait has come to its end.
    pub(super) fn settle(&mut self) {
        if let Some(mut queued) = self.queued.take() {
            queued.settle();
        }
    }
}

impl Drop for WaitingPlace {
    fn drop(&mut self) {
        if let Some(queued) = self.queued.take() {
            self.door.book.forget(&queued);
            self.door.worker.post(move || drop(queued));
            // Those behind move up.
            self.door.changed();
        }
    }
}
