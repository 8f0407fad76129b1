//! The quota, with a clock that the tests control.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;
use proptest::prelude::*;

use super::*;
use crate::clock::TestClock;
use crate::store::{MemoryStore, SqliteStore};

mod failures;
mod leases;
mod refusals;
mod sharing;
mod window;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

type Admission = Pin<Box<dyn Future<Output = Result<Permit, QuotaError>> + Send>>;

fn limit(calls: u32, period_seconds: u32) -> Limit {
    Limit { calls, period_seconds }
}

fn start() -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000)
}

/// A store and a clock that several quotas can share.
struct World {
    store: Arc<dyn Store>,
    clock: Arc<TestClock>,
}

impl World {
    fn new() -> Self {
        Self { store: Arc::new(MemoryStore::new()), clock: Arc::new(TestClock::new(start())) }
    }

    fn quota_of(&self, bucket: &str, limit: Option<Limit>, when_exceeded: WhenExceeded) -> Quota {
        let clock: Arc<dyn Clock> = self.clock.clone();
        Quota::new(
            Arc::clone(&self.store),
            clock,
            QuotaSettings { bucket: bucket.to_owned(), limit, when_exceeded },
        )
    }

    fn quota(&self, calls: u32, period_seconds: u32) -> Quota {
        self.quota_of("bucket", Some(limit(calls, period_seconds)), WhenExceeded::Wait)
    }

    /// Runs everything that can happen without the clock moving.
    async fn settle(&self) {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }

    async fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.settle().await;
    }
}

/// Asks for admission, and waits in the background.
fn ask(quota: &Quota, action: &'static str, limits: &[Limit]) -> tokio::task::JoinHandle<Permit> {
    let (quota, limits) = (quota.clone(), limits.to_vec());
    tokio::spawn(async move { quota.admit(action, &limits, None).await.unwrap() })
}

async fn admit(quota: &Quota) -> Permit {
    quota.admit("list", &[], None).now_or_never().expect("there is a free slot").unwrap()
}

async fn throttled(quota: &Quota, limits: &[Limit], deadline: Option<Timestamp>) -> Throttled {
    match quota.admit("list", limits, deadline).now_or_never() {
        Some(Err(QuotaError::Throttled(throttled))) => throttled,
        other => panic!("not refused at once: {other:?}"),
    }
}

#[tokio::test]
async fn a_slot_frees_a_period_after_completion() {
    let world = World::new();
    let quota = world.quota(1, 60);
    let permit = admit(&quota).await;
    let next = ask(&quota, "list", &[]);
    world.settle().await;
    world.advance(50 * SECOND).await;
    permit.complete().await;
    world.advance(59 * SECOND).await;
    assert!(!next.is_finished(), "a minute after admission, but not after completion");
    world.advance(SECOND - Duration::from_micros(1)).await;
    assert!(!next.is_finished());
    world.advance(Duration::from_micros(1)).await;
    assert!(next.is_finished());
}

#[tokio::test]
async fn the_first_to_come_is_the_first_to_go() {
    let world = World::new();
    let quota = world.quota(1, 60);
    let order = Arc::new(Mutex::new(Vec::new()));
    drop(admit(&quota).await);
    for number in 0..5 {
        let (quota, order) = (quota.clone(), Arc::clone(&order));
        tokio::spawn(async move {
            let permit = quota.admit("list", &[], None).await.unwrap();
            order.lock().unwrap().push(number);
            drop(permit);
        });
        world.settle().await;
    }
    for gone in 1..=5 {
        world.advance(MINUTE).await;
        assert_eq!(*order.lock().unwrap(), (0..gone).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn an_actions_own_limit_holds_up_nobody_else() {
    let world = World::new();
    let quota = world.quota(3, 60);
    let own = [limit(1, 120), limit(100, 3600)];
    drop(quota.admit("hunt", &own, None).await.unwrap());
    let hunt = ask(&quota, "hunt", &own);
    world.settle().await;
    assert_eq!(quota.usage().await.unwrap().used, 1, "it takes nothing from the shared quota");
    let list = ask(&quota, "list", &[]);
    world.settle().await;
    let list = list.now_or_never().expect("it overtakes").unwrap();
    world.advance(119 * SECOND).await;
    assert!(!hunt.is_finished());
    world.advance(SECOND).await;
    drop(hunt.now_or_never().expect("its time has come").unwrap());
    drop(list);

    let soon = world.clock.now().saturating_add(SECOND);
    let refused = quota.admit("hunt", &own, Some(soon)).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the limit of 1 call in 120 s for the action `hunt` is used up; try again in 120 s"
    );
}

#[tokio::test]
async fn actions_have_limits_without_a_shared_one() {
    let world = World::new();
    let quota = world.quota_of("bucket", None, WhenExceeded::Wait);
    let own = [limit(2, 60), limit(3, 3600)];
    for _ in 0..2 {
        drop(quota.admit("list", &own, None).await.unwrap());
    }
    let soon = Some(world.clock.now());
    assert_eq!(throttled(&quota, &own, soon).await.limit, own[0]);
    world.advance(MINUTE).await;
    drop(quota.admit("list", &own, None).await.unwrap());
    let refused = throttled(&quota, &own, Some(world.clock.now())).await;
    assert_eq!((refused.limit, refused.retry_after), (own[1], 3540 * SECOND));
    drop(quota.admit("other", &[limit(1, 1)], None).now_or_never().expect("another action").unwrap());
}

#[tokio::test]
async fn who_leaves_the_queue_lets_those_behind_move_up() {
    let world = World::new();
    let quota = world.quota(1, 60);
    drop(admit(&quota).await);
    let first = ask(&quota, "list", &[]);
    world.settle().await;
    let second = ask(&quota, "list", &[]);
    world.settle().await;
    first.abort();
    world.settle().await;
    assert_eq!(quota.usage().await.unwrap().waiting, 1);
    world.advance(MINUTE).await;
    assert!(second.is_finished());
}

#[tokio::test]
async fn a_dropped_permit_counts_as_completed() {
    let world = World::new();
    let quota = world.quota(1, 60);
    let permit = admit(&quota).await;
    let usage = quota.usage().await.unwrap();
    assert_eq!((usage.used, usage.waiting, usage.frees_at), (1, 0, None));
    world.advance(20 * SECOND).await;
    drop(permit);
    let usage = quota.usage().await.unwrap();
    assert_eq!(usage.frees_at, Some(world.clock.now().saturating_add(MINUTE)));
    world.advance(MINUTE).await;
    drop(admit(&quota).await);
}

#[tokio::test]
async fn a_request_that_may_be_under_way_counts_for_a_lease_longer() {
    let world = World::new();
    let quota = world.quota_of("bucket", Some(limit(1, 60)), WhenExceeded::Fail);
    for (leaves, arrives, seconds) in
        [(false, false, 60), (true, true, 60), (false, true, 60), (true, false, 70)]
    {
        let mut permit = admit(&quota).await;
        assert!(permit.holds());
        if leaves {
            permit.leaves();
        }
        if arrives {
            permit.arrived();
        }
        if seconds == 70 {
            permit.complete().await;
        } else {
            drop(permit);
        }
        let usage = quota.usage().await.unwrap();
        let frees = world.clock.now().saturating_add(Duration::from_secs(seconds));
        assert_eq!((usage.used, usage.frees_at), (1, Some(frees)));
        assert_eq!(throttled(&quota, &[], None).await.retry_after, Duration::from_secs(seconds));
        world.advance(Duration::from_secs(seconds)).await;
    }
    drop(admit(&quota).await);
}

#[tokio::test]
async fn a_lowered_limit_counts_what_was_taken_before() {
    let world = World::new();
    let high = world.quota(4, 60);
    for _ in 0..4 {
        drop(admit(&high).await);
        world.advance(SECOND).await;
    }
    let low = world.quota(2, 60);
    // The slots become free at 60, 61, 62 and 63 s; at 62 s only one of them still counts.
    assert_eq!(throttled(&low, &[], Some(world.clock.now())).await.retry_after, 58 * SECOND);
    world.advance(58 * SECOND).await;
    drop(admit(&low).await);
}

#[tokio::test]
async fn a_clock_set_back_does_not_close_the_door() {
    let world = World::new();
    let quota = world.quota(1, 60);
    drop(admit(&quota).await);
    world.clock.set(start().saturating_sub(24 * 60 * MINUTE));
    let frees = world.clock.now().saturating_add(MINUTE);
    assert_eq!(quota.usage().await.unwrap().frees_at, Some(frees), "what is later than now counts as of now");
    assert_eq!(throttled(&quota, &[], Some(world.clock.now())).await.retry_after, MINUTE);
    let waiting = ask(&quota, "list", &[]);
    world.settle().await;
    world.clock.set(world.clock.now().saturating_sub(60 * MINUTE));
    world.advance(MINUTE).await;
    world.advance(MINUTE).await;
    assert!(waiting.is_finished());
}

#[tokio::test]
async fn what_no_limit_counts_any_more_is_forgotten() {
    let world = World::new();
    let quota = world.quota(10, 60);
    for round in 0..10 {
        drop(admit(&quota).await);
        if round == 5 {
            world.clock.set(start());
        }
        world.advance(2 * MINUTE).await;
    }
    let kept = world.store.run("bucket", |rows| rows.used("bucket", None, Timestamp::MIN)).unwrap();
    assert!(kept <= 2, "{kept} slots are kept");
}

#[tokio::test]
async fn whoever_asks_hears_of_waits_once() {
    let world = World::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&heard);
    let quota = world.quota(1, 60).on_wait(move |waiting| list.lock().unwrap().push(waiting.clone()));
    let permit = admit(&quota).await;
    let waiting = ask(&quota, "list", &[]);
    world.advance(SECOND).await;
    drop(permit);
    world.advance(2 * MINUTE).await;
    drop(waiting.await.unwrap());
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 1);
    assert_eq!((heard[0].action.as_str(), heard[0].wait), ("list", MINUTE));
}

#[tokio::test]
async fn without_limits_there_is_no_door() {
    let quota = Quota::unlimited();
    for _ in 0..1000 {
        std::mem::forget(quota.admit("list", &[limit(1, 60)], None).now_or_never().unwrap().unwrap());
    }
    assert_eq!(quota.usage().await.unwrap().used, 0);
}

#[test]
fn outside_a_runtime_nobody_waits_for_ever() {
    let quota = World::new().quota(1, 60);
    let first = futures::executor::block_on(quota.admit("list", &[], None)).unwrap();
    let second = futures::executor::block_on(quota.admit("list", &[], None));
    assert!(matches!(second, Err(QuotaError::Stopped)));
    drop(first);
}
