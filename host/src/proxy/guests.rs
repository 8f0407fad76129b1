//! The clients connected to a proxy: those that have shown the key, and strangers, which must not keep the
//! others out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::AbortHandle;

/// A connected client. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Guest {
    known: Arc<AtomicBool>,
}

impl Guest {
    /// Records that the client has shown the key.
    pub(super) fn is_known_now(&self) {
        self.known.store(true, Ordering::Relaxed);
    }

    fn is_known(&self) -> bool {
        self.known.load(Ordering::Relaxed)
    }

    /// Completes after `time` if the client has not shown the key by then; otherwise never completes.
    pub(super) async fn remains_a_stranger(&self, time: Duration) {
        tokio::time::sleep(time).await;
        if self.is_known() {
            std::future::pending::<()>().await;
        }
    }
}

/// The clients that were strangers at the last check, oldest first.
#[derive(Debug, Default)]
pub(super) struct Guests {
    strangers: VecDeque<(Guest, AbortHandle)>,
}

impl Guests {
    pub(super) fn admit(&mut self, guest: Guest, attending: AbortHandle) {
        self.strangers.push_back((guest, attending));
        self.forget_others();
    }

    /// Returns whether there is a stranger that can be disconnected.
    pub(super) fn has_strangers(&mut self) -> bool {
        self.forget_others();
        !self.strangers.is_empty()
    }

    pub(super) fn dismiss_oldest_stranger(&mut self) {
        self.forget_others();
        if let Some((_, attending)) = self.strangers.pop_front() {
            attending.abort();
        }
    }

    /// Forgets clients that have left or have shown the key.
    fn forget_others(&mut self) {
        self.strangers.retain(|(guest, attending)| !guest.is_known() && !attending.is_finished());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_oldest_stranger_goes_first_and_who_has_shown_the_key_stays() {
        let mut guests = Guests::default();
        let mut tasks = Vec::new();
        for _ in 0..3 {
            let task = tokio::spawn(std::future::pending::<()>());
            let guest = Guest::default();
            guests.admit(guest.clone(), task.abort_handle());
            tasks.push((guest, task));
        }
        tasks[0].0.is_known_now();
        guests.dismiss_oldest_stranger();
        assert!((&mut tasks[1].1).await.is_err_and(|error| error.is_cancelled()));
        assert!(guests.has_strangers());
        guests.dismiss_oldest_stranger();
        assert!((&mut tasks[2].1).await.is_err_and(|error| error.is_cancelled()));
        assert!(!guests.has_strangers() && !tasks[0].1.is_finished());
    }

    #[tokio::test]
    async fn who_has_shown_the_key_in_time_is_kept() {
        let (guest, time) = (Guest::default(), Duration::from_millis(1));
        guest.remains_a_stranger(time).await;
        guest.is_known_now();
        let kept = tokio::time::timeout(time * 100, guest.remains_a_stranger(time)).await;
        assert!(kept.is_err());
    }
}
