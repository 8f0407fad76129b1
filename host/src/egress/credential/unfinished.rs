//! What must not be broken off: an authority gives each refresh token once, and from its reply until the next one is in
//! the vault, it is in memory alone. A program that ended there would sign its user out.

use std::sync::LazyLock;
use std::time::Duration;

use tokio::sync::watch;

/// How many exchanges are under way in this process: it is the process whose end they must not meet.
static UNFINISHED: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// An exchange that is under way, until it is dropped.
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

/// Waits until the vault has the replacement of each refresh token that this process has used, but no longer than
/// `patience`. Returns whether it has them all.
///
/// For the end of a program, before it lets go of its runtime: renewals go on when nobody waits for them any more.
pub async fn settle(patience: Duration) -> bool {
    let mut number = UNFINISHED.subscribe();
    let settled = number.wait_for(|number| *number == 0);
    matches!(tokio::time::timeout(patience, settled).await, Ok(Ok(_)))
}
