//! Who is refused, and who may wait.

use super::*;

#[tokio::test]
async fn a_deadline_before_the_turn_is_refused_at_once() {
    let world = World::new();
    let quota = world.quota(1, 60);
    drop(admit(&quota).await);
    world.advance(Duration::from_millis(10_500)).await;
    let soon = world.clock.now().saturating_add(SECOND);
    let refused = throttled(&quota, &[], Some(soon)).await;
    assert_eq!(refused.retry_after, 50 * SECOND, "49.5 s, rounded up");
    assert_eq!((refused.limit, &refused.scope), (limit(1, 60), &Scope::Bucket("bucket".to_owned())));
    assert_eq!(
        refused.to_string(),
        "the limit of 1 call in 60 s for the quota `bucket` is used up; try again in 50 s"
    );

    let first = ask(&quota, "list", &[]);
    world.settle().await;
    let after_one = world.clock.now().saturating_add(MINUTE);
    assert_eq!(throttled(&quota, &[], Some(after_one)).await.retry_after, 110 * SECOND, "behind another");
    let after_two = world.clock.now().saturating_add(2 * MINUTE);
    let mut second = quota.admit("list", &[], Some(after_two)).boxed();
    assert!((&mut second).now_or_never().is_none());
    assert_eq!(quota.usage().await.unwrap().waiting, 2);

    // The first takes longer than expected, so the second would come after its deadline. It is told as soon
    // as that is known.
    world.advance(50 * SECOND).await;
    let permit = first.await.unwrap();
    world.advance(30 * SECOND).await;
    drop(permit);
    world.advance(30 * SECOND).await;
    match second.await {
        Err(QuotaError::Throttled(throttled)) => assert_eq!(throttled.retry_after, 30 * SECOND),
        other => panic!("{other:?}"),
    }
    assert_eq!(quota.usage().await.unwrap().waiting, 0);
}

#[tokio::test]
async fn a_turn_at_the_deadline_is_waited_for() {
    let world = World::new();
    let quota = world.quota(1, 60);
    drop(admit(&quota).await);
    let turn = world.clock.now().saturating_add(MINUTE);
    let just_before = turn.saturating_sub(Duration::from_micros(1));
    assert_eq!(throttled(&quota, &[], Some(just_before)).await.retry_after, MINUTE);
    let mut waiting = quota.admit("list", &[], Some(turn)).boxed();
    assert!((&mut waiting).now_or_never().is_none());
    world.advance(MINUTE).await;
    drop(waiting.await.unwrap());
}

#[tokio::test]
async fn fail_refuses_whoever_would_wait() {
    let world = World::new();
    let quota = world.quota_of("bucket", Some(limit(1, 60)), WhenExceeded::Fail);
    let permit = admit(&quota).await;
    assert_eq!(throttled(&quota, &[], None).await.retry_after, MINUTE);
    drop(permit);
    world.advance(59 * SECOND).await;
    assert_eq!(throttled(&quota, &[], Some(Timestamp::MAX)).await.retry_after, SECOND);
    world.advance(SECOND).await;
    drop(admit(&quota).await);
}

#[tokio::test]
async fn who_need_not_wait_goes_at_once_past_those_whom_their_action_holds_up() {
    let world = World::new();
    let quota = world.quota(9, 60);
    let own = [limit(1, 600)];
    drop(quota.admit("hunt", &own, None).await.unwrap());
    let hunt = ask(&quota, "hunt", &own);
    world.settle().await;
    assert_eq!(quota.usage().await.unwrap().waiting, 1);
    let soon = Some(world.clock.now().saturating_add(SECOND));
    drop(quota.admit("list", &[], soon).now_or_never().expect("there is a slot").unwrap());
    let impatient = world.quota_of("bucket", Some(limit(9, 60)), WhenExceeded::Fail);
    drop(impatient.admit("list", &[], None).now_or_never().expect("there is a slot").unwrap());
    hunt.abort();
}

#[tokio::test]
async fn no_calls_at_all_is_refused_even_to_the_patient() {
    let world = World::new();
    let quota = world.quota(0, 60);
    match quota.admit("list", &[], None).await {
        Err(QuotaError::Throttled(throttled)) => assert_eq!(throttled.retry_after, MINUTE),
        other => panic!("{other:?}"),
    }
}
