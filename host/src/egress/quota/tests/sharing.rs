//! Connections that share a bucket.

use super::*;

#[tokio::test]
async fn buckets_are_apart_and_shared_ones_together() {
    let world = World::new();
    let here = world.quota(1, 60);
    let there = world.quota_of("other", Some(limit(1, 60)), WhenExceeded::Wait);
    let too = world.quota(1, 60);
    drop(admit(&here).await);
    drop(admit(&there).await);
    assert_eq!(throttled(&too, &[], Some(world.clock.now())).await.retry_after, MINUTE);
}

#[tokio::test]
async fn a_shared_bucket_remembers_requests_for_the_longest_period_of_any_who_share_it() {
    let directory = tempfile::tempdir().unwrap();
    let file = SqliteStore::open(directory.path()).unwrap();
    let stores: [Arc<dyn Store>; 2] = [Arc::new(MemoryStore::new()), Arc::new(file)];
    for store in stores {
        let world = World { store, clock: Arc::new(TestClock::new(start())) };
        let short = world.quota(100, 10);
        let long = world.quota(3, 3600);
        let pass = async |quota: &Quota| quota.admit("list", &[], None).await.unwrap().complete().await;
        pass(&long).await;
        pass(&short).await;
        pass(&short).await;
        // Long enough for the shorter period to end and for old rows to be purged.
        for _ in 0..5 {
            world.clock.advance(30 * SECOND);
            pass(&short).await;
        }
        let refused = long.admit("list", &[], Some(world.clock.now())).await.unwrap_err();
        assert!(matches!(refused, QuotaError::Throttled(Throttled { limit: Limit { calls: 3, .. }, .. })));
    }
}

#[tokio::test]
async fn an_actions_limit_counts_what_a_connection_without_action_limits_sent() {
    let world = World::new();
    let (strict, lax) = (world.quota(100, 10), world.quota(100, 10));
    let own = [limit(2, 3600)];
    drop(strict.admit("hunt", &own, None).await.unwrap());
    for _ in 0..3 {
        world.advance(30 * SECOND).await;
        drop(lax.admit("hunt", &[], None).await.unwrap());
    }
    world.advance(30 * SECOND).await;
    drop(lax.admit("hunt", &[], None).await.unwrap());
    let refused = strict.admit("hunt", &own, Some(world.clock.now())).await.unwrap_err();
    assert!(refused.to_string().contains("the action `hunt`"), "{refused}");
}
