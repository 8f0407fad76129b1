//! Exchanges that must not be interrupted. An authority issues each refresh token only once, and from its
//! reply until the token is in the vault, it exists in memory alone. If the program ended in between, its
//! user would be signed out.

use std::sync::LazyLock;
use std::time::Duration;

use tokio::sync::watch;

/// The number of exchanges in progress in this process. It is global because the process must not end while
/// there are any.
static UNFINISHED: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// Marks an exchange as in progress until it is dropped.
pub(super) struct Unfinished(());

impl Unfinished {
    pub(super) fn begin() -> Self {
        UNFINISHED.send_modify(|number| *number += 1);
        Self(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        UNFINISHED.send_modify(|number| *number -= 1);
    }
}

/// Waits until the vault holds the replacement of each refresh token that this process has used, for
/// `patience` at most. Returns whether all have been stored.
///
/// Call it at the end of a program, before the runtime is dropped: renewals continue even if nobody waits for
/// them any more.
pub async fn settle(patience: Duration) -> bool {
    let mut number = UNFINISHED.subscribe();
    let settled = number.wait_for(|number| *number == 0);
    matches!(tokio::time::timeout(patience, settled).await, Ok(Ok(_)))
}
