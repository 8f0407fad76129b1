//! Threads for what waits for a store.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinError;

/// How many there are: transactions go one after another anyhow.
const THREADS: usize = 8;

/// They are a store's alone: threads that anything may take may all be held up by a program that does not read, or by a
/// name that is not resolved, and then nothing could be stored, though the disk is fine.
static ALONE: LazyLock<Option<Runtime>> = LazyLock::new(|| {
    Builder::new_current_thread().thread_name("store").max_blocking_threads(THREADS).build().ok()
});

/// Runs what may block where it holds up nobody. If the wait is given up, it is done nevertheless.
pub(crate) async fn aside<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R, JoinError> {
    match &*ALONE {
        Some(threads) => threads.spawn_blocking(work).await,
        None => tokio::task::spawn_blocking(work).await,
    }
}
