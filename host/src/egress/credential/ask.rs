//! Access to the vault from asynchronous code: on a thread that may wait for a disk. Waits for locks are
//! bounded, because a suspended process keeps its locks.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::vault::{Vault, VaultError, VaultLock, longer};

/// Runs an operation on the vault.
pub(super) async fn ask<T: Send + 'static>(
    vault: &Arc<dyn Vault>,
    name: &str,
    question: impl FnOnce(&dyn Vault, &str) -> Result<T, VaultError> + Send + 'static,
) -> Result<T, VaultError> {
    let (vault, name) = (vault.clone(), name.to_owned());
    let answer = tokio::task::spawn_blocking(move || question(&*vault, &name));
    answer.await.unwrap_or_else(|_| Err(cut_off()))
}

/// Takes the name's lock. Returns `None` if others hold it for longer than `patience`.
///
/// The future can be dropped at any time: no thread waits for the lock.
pub(super) async fn lock(
    vault: &Arc<dyn Vault>,
    name: &str,
    patience: Duration,
) -> Result<Option<VaultLock>, VaultError> {
    let until = Instant::now() + patience;
    let mut pause = Duration::ZERO;
    loop {
        let lock = ask(vault, name, |vault, name| vault.try_lock(name)).await?;
        if lock.is_some() || Instant::now() >= until {
            return Ok(lock);
        }
        pause = longer(pause);
        tokio::time::sleep(pause).await;
    }
}

/// The program is about to end.
fn cut_off() -> VaultError {
    VaultError::Denied { location: "the vault".into(), source: Arc::new(io::ErrorKind::Interrupted.into()) }
}
