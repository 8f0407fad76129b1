//! Threads for work that waits for a store.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinError;

/// The number of threads. Transactions run one after another anyway.
const THREADS: usize = 8;

/// These threads serve only the store. Shared threads may all be blocked by a program that does not read or
/// by a name that does not resolve, and then nothing could be stored although the disk is fine.
static ALONE: LazyLock<Option<Runtime>> = LazyLock::new(|| {
    Builder::new_current_thread().thread_name("store").max_blocking_threads(THREADS).build().ok()
});

/// Runs work that may block on a thread where it holds up nobody. If the future is dropped, the work still
/// completes.
pub(crate) async fn aside<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R, JoinError> {
    match &*ALONE {
        Some(threads) => threads.spawn_blocking(work).await,
        None => tokio::task::spawn_blocking(work).await,
    }
}
