//! What the callers of a door hold: permits, and places to wait in. Dropped, they are given back aside.

use std::sync::Arc;

use super::door::Door;
use super::held::{Claim, Queued};

/// The right to send one request, until it is completed.
///
/// Hold it from before the request leaves until the last byte of its answer has come, or the request has been given
/// up. Right before the request leaves, ask whether the permit still [holds](Permit::holds), and say that the request
/// [leaves](Permit::leaves); say so when it has [arrived](Permit::arrived), or turns out not to have left. Dropping the
/// permit completes it, without blocking: at once, or where the request left and nobody knows whether it arrived, a
/// lease (10 s) later, since the API may see it until then.
#[derive(Debug)]
#[must_use = "a request counts as completed when its permit is dropped"]
pub struct Permit {
    /// None: the quota has no limits.
    held: Option<(Arc<Door>, Claim)>,
    under_way: bool,
}

impl Permit {
    pub(super) fn free() -> Self {
        Self { held: None, under_way: false }
    }

    pub(super) fn new(door: &Arc<Door>, claim: Claim) -> Self {
        Self { held: Some((Arc::clone(door), claim)), under_way: false }
    }

    /// Whether the slot is still this request's. A process that was suspended, or could not write to the store, may
    /// have lost it to another: then the request must not leave, and asks for admission again.
    #[must_use]
    pub fn holds(&self) -> bool {
        match &self.held {
            Some((_, claim)) => claim.holds(),
            _ => true,
        }
    }

    /// Notes that from now on bytes of the request may be under way.
    pub fn leaves(&mut self) {
        self.under_way = true;
    }

    /// Notes that the API has seen the request, or never will.
    pub fn arrived(&mut self) {
        self.under_way = false;
    }

    fn end(&mut self) -> Option<(Arc<Door>, Claim)> {
        let (door, mut claim) = self.held.take()?;
        claim.end(self.under_way);
        Some((door, claim))
    }

    /// Completes it, and waits until that is written down.
    pub async fn complete(mut self) {
        if let Some((door, claim)) = self.end() {
            door.worker.run(move || drop(claim)).await;
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some((door, claim)) = self.end() {
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
