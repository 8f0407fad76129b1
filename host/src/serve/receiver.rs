//! Tracks whether the receiver of a trigger's events accepts them.

use std::sync::{Mutex, PoisonError};

use crate::triggers::News;

/// The number of consecutive failed deliveries after which a receiver counts as failing. Fewer may just be a
/// restart or an interrupted reply.
const FAILURES: u32 = 3;

/// The outcome of the latest deliveries.
#[derive(Debug, Default)]
pub(super) struct Receiver(Mutex<Failures>);

/// The failures since the last delivery that succeeded.
#[derive(Debug, Default)]
struct Failures {
    count: u32,
    reason: String,
}

impl Receiver {
    pub(super) fn note(&self, news: &News) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match news {
            News::Delivered { .. } => *failures = Failures::default(),
            // Earlier attempts at the event count too, so the state of the receiver is known even after a
            // restart.
            News::DeliveryFailed { attempts, reason, .. } => {
                let count = failures.count.saturating_add(1).max(*attempts);
                *failures = Failures { count, reason: reason.clone() };
            }
            News::Died { reason, .. } => {
                *failures = Failures { count: failures.count.saturating_add(1), reason: reason.clone() };
            }
            _ => {}
        }
    }

    /// Describes how deliveries fail, if they do.
    pub(super) fn failing(&self) -> Option<String> {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (failures.count >= FAILURES)
            .then(|| format!("the last {} deliveries failed: {}", failures.count, failures.reason))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn failed(attempts: u32) -> News {
        News::DeliveryFailed { id: "a".into(), attempts, reason: "503".into(), next: Duration::ZERO }
    }

    #[test]
    fn a_receiver_fails_after_several_deliveries_and_works_after_one() {
        let receiver = Receiver::default();
        receiver.note(&failed(1));
        receiver.note(&failed(2));
        assert_eq!(receiver.failing(), None);
        receiver.note(&failed(3));
        assert_eq!(receiver.failing().as_deref(), Some("the last 3 deliveries failed: 503"));
        receiver.note(&News::Died { id: "a".into(), reason: "gone".into() });
        assert!(receiver.failing().is_some_and(|reason| reason.contains("gone")));
        receiver.note(&News::Delivered { id: "b".into(), after: Duration::ZERO });
        assert_eq!(receiver.failing(), None);
        receiver.note(&failed(7));
        assert!(receiver.failing().is_some(), "it failed before a restart");
    }
}
