//! Renewed logins that the vault cannot store, for example because the disk is full. The authority no longer
//! accepts the old refresh token, so the new one must not be lost: it stays in memory, is used for the next
//! renewal, and storing it is tried again.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::kept::{Login, Place};
use super::unfinished::Unfinished;
use crate::vault::VaultLock;

/// The pauses between the immediate attempts. Together they are no longer than a program waits at its end.
/// Further attempts come with further renewals.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(600),
    Duration::from_secs(1),
];

/// The unstored logins of this process, by id. A new login has a new id.
static UNKEPT: LazyLock<Mutex<HashMap<String, Login>>> = LazyLock::new(Mutex::default);

/// Returns the latest renewal of the login, and whether the vault holds an older one.
pub(super) fn newest(kept: Login) -> (Login, bool) {
    match all().get(kept.id()) {
        Some(newer) => (newer.clone(), true),
        None => (kept, false),
    }
}

/// Stores the renewed login. While it is retried, the lock is held, so nobody else can use the old one.
pub(super) async fn keep(place: &Place, login: Login, lock: VaultLock) {
    let Err(error) = place.write(&login).await else {
        all().remove(login.id());
        return;
    };
    tracing::warn!(%error, "the renewed login cannot be kept yet; it is in memory, and keeping it is tried again");
    all().insert(login.id().to_owned(), login.clone());
    let (place, unfinished) = (place.clone(), Unfinished::begin());
    tokio::spawn(async move {
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            if place.write(&login).await.is_ok() {
                all().remove(login.id());
                return;
            }
        }
        tracing::warn!(
            "the renewed login is in memory alone: when this program ends, a new login may be needed"
        );
        drop((lock, unfinished));
    });
}

fn all() -> MutexGuard<'static, HashMap<String, Login>> {
    UNKEPT.lock().unwrap_or_else(PoisonError::into_inner)
}
