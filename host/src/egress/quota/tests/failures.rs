//! A store that fails for a while.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::store::{Claim, Work};

/// A store in memory that fails on demand, and otherwise behaves like a blocking, shared one.
#[derive(Debug, Default)]
struct Flaky {
    inner: MemoryStore,
    fails: AtomicBool,
}

impl Store for Flaky {
    fn transact(&self, partition: &str, work: &mut Work<'_>) -> Result<(), StoreError> {
        if self.fails.load(Ordering::SeqCst) {
            let source = Arc::new(std::io::Error::other("out of order"));
            return Err(StoreError::Full { location: "nowhere".to_owned(), source });
        }
        self.inner.transact(partition, work)
    }

    fn claim(&self, name: &str) -> Result<Option<Claim>, StoreError> {
        self.inner.claim(name)
    }
}

fn world() -> (World, Arc<Flaky>) {
    let store = Arc::new(Flaky::default());
    (World { store: store.clone(), clock: Arc::new(TestClock::new(start())) }, store)
}

/// Waits, in real time, for something to happen on other threads.
async fn eventually(what: impl AsyncFn() -> bool) {
    for _ in 0..2000 {
        if what().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("it did not happen");
}

#[tokio::test]
async fn nothing_is_sent_uncounted() {
    let (world, store) = world();
    let quota = world.quota(1, 60);
    store.fails.store(true, Ordering::SeqCst);
    let error = quota.admit("list", &[], None).await.unwrap_err();
    assert!(matches!(error, QuotaError::Store(StoreError::Full { .. })), "{error:?}");
    assert!(quota.usage().await.is_err());
}

#[tokio::test]
async fn those_who_wait_hear_of_a_failure() {
    let (world, store) = world();
    let quota = world.quota(1, 60);
    quota.admit("list", &[], None).await.unwrap().complete().await;
    let waiting = {
        let quota = quota.clone();
        tokio::spawn(async move { quota.admit("list", &[], None).await })
    };
    eventually(async || quota.usage().await.unwrap().waiting == 1).await;
    eventually(async || world.clock.next_wake().is_some()).await;
    store.fails.store(true, Ordering::SeqCst);
    eventually(async || {
        world.clock.advance(SECOND);
        waiting.is_finished()
    })
    .await;
    assert!(matches!(waiting.await.unwrap(), Err(QuotaError::Store(_))));

    // Its place in the queue could not be released then, but is released later.
    store.fails.store(false, Ordering::SeqCst);
    eventually(async || {
        world.clock.advance(SECOND);
        quota.usage().await.unwrap().waiting == 0
    })
    .await;
}

#[tokio::test]
async fn a_completion_that_failed_is_made_up_for() {
    let (world, store) = world();
    let quota = world.quota(1, 60);
    let permit = quota.admit("list", &[], None).await.unwrap();
    store.fails.store(true, Ordering::SeqCst);
    permit.complete().await;
    store.fails.store(false, Ordering::SeqCst);
    assert_eq!(quota.usage().await.unwrap().frees_at, None, "nobody knows that it was completed");
    eventually(async || {
        world.clock.advance(Duration::from_millis(100));
        quota.usage().await.unwrap().frees_at == Some(start().saturating_add(MINUTE))
    })
    .await;
}
