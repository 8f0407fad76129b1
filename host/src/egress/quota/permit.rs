//! What the callers of a door hold: permits and places in the queue. When dropped, they are released in the
//! background.

use std::sync::Arc;

use super::door::Door;
use super::held::{Claim, Queued};

/// The right to send one request, until it is completed.
///
/// Hold it from before the request leaves until the last byte of its reply has come or the request is given
/// up. Right before the request leaves, check that the permit still [holds](Permit::holds), and report that
/// the request [leaves](Permit::leaves). Report when it has [arrived](Permit::arrived), or turns out not to
/// have left. Dropping the permit completes it without blocking: at once, or, if the request left and may not
/// have arrived, one lease (10 s) later, since the API may see it until then.
#[derive(Debug)]
#[must_use = "a request counts as completed when its permit is dropped"]
pub struct Permit {
    /// `None` if the quota has no limits.
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

    /// Whether the slot still belongs to this request. A process that was suspended or could not write to the
    /// store may have lost it to another. Then the request must not leave, and must ask for admission again.
    #[must_use]
    pub fn holds(&self) -> bool {
        match &self.held {
            Some((_, claim)) => claim.holds(),
            _ => true,
        }
    }

    /// Reports that from now on, bytes of the request may be on the wire.
    pub fn leaves(&mut self) {
        self.under_way = true;
    }

    /// Reports that the API has seen the request or never will.
    pub fn arrived(&mut self) {
        self.under_way = false;
    }

    fn end(&mut self) -> Option<(Arc<Door>, Claim)> {
        let (door, mut claim) = self.held.take()?;
        claim.end(self.under_way);
        Some((door, claim))
    }

    /// Completes the request, and waits until that is stored.
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

/// A place in the queue while a request waits.
#[derive(Debug)]
pub(super) struct WaitingPlace {
    door: Arc<Door>,
    queued: Option<Queued>,
}

impl WaitingPlace {
    pub(super) fn new(door: &Arc<Door>, queued: Queued) -> Self {
        Self { door: Arc::clone(door), queued: Some(queued) }
    }

    /// Marks the wait as ended.
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
            // The requests behind it move up.
            self.door.changed();
        }
    }
}
