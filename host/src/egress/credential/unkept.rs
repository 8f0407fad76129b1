//! A renewed login that the vault cannot take, because the disk is full, say. The authority takes the old refresh token no
//! more, so that the new one must not be lost: it stays in memory, serves the next renewal, and keeping it is tried again.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::kept::{Login, Place};
use super::unfinished::Unfinished;
use crate::vault::VaultLock;

/// The pauses between tries at once: no longer, all together, than a program waits at its end. Further tries come with
/// further renewals.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(600),
    Duration::from_secs(1),
];

/// Such logins of this process, by their ids. A new login has a new id.
static UNKEPT: LazyLock<Mutex<HashMap<String, Login>>> = LazyLock::new(Mutex::default);

/// The login as it was renewed last. Says whether the vault has an older form.
pub(super) fn newest(kept: Login) -> (Login, bool) {
    match all().get(kept.id()) {
        Some(newer) => (newer.clone(), true),
        None => (kept, false),
    }
}

/// Keeps the renewed login. While that fails, nobody else can take the lock and use the old form.
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
