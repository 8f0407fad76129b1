//! How long an abandoned request holds its slot, and what happens to a request that lost its slot.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::clock::TestClock;
use crate::egress::quota::{QuotaError, WhenExceeded};
use crate::manifest::Limit;
use crate::store::{Claim, StoreError, Work};

const ONE_A_MINUTE: Limit = Limit { calls: 1, period_seconds: 60 };
const PERIOD: u32 = 60;
/// How long the slot of a killed process counts as in flight.
const LEASE: u32 = 10;

/// An egress with one slot per minute.
fn narrow(builder: ProfileBuilder) -> Egress {
    door(builder.quota(ONE_A_MINUTE).when_exceeded(WhenExceeded::Fail), &Arc::default())
}

/// The number of seconds until the slot becomes free.
async fn frees_in(door: &Egress, server: &Server) -> u32 {
    match door.send(&purpose(Effect::Read), get(server, "/")).await {
        Err(error @ EgressError::Quota(QuotaError::Throttled(_))) => error.retry_after_seconds().unwrap(),
        other => panic!("there is a slot: {other:?}"),
    }
}

fn write_within(door: &Egress, time: Duration) -> Purpose {
    Purpose { deadline: Some(door.clock.now().saturating_add(time)), ..purpose(Effect::Write) }
}

#[tokio::test]
async fn a_request_that_is_given_up_holds_its_slot_as_a_killed_process_does() {
    let server = Server::start(|_| Act::Hang).await;
    let door = narrow(profile(&server));
    let purpose = write_within(&door, Duration::from_millis(200));
    let error = door.send(&purpose, post(&server, "/")).await.unwrap_err();
    assert!(matches!(error, EgressError::Timeout { sent: true, .. }), "{error:?}");
    assert_eq!(frees_in(&door, &server).await, PERIOD + LEASE);
}

#[tokio::test]
async fn a_call_that_is_dropped_holds_its_slot_as_a_killed_process_does() {
    let server = Server::start(|_| Act::Hang).await;
    let door = narrow(profile(&server));
    let purpose = purpose(Effect::Write);
    let call = door.send(&purpose, post(&server, "/"));
    let _ = tokio::time::timeout(Duration::from_millis(200), call).await.unwrap_err();
    assert_eq!(server.seen().len(), 1);
    assert_eq!(frees_in(&door, &server).await, PERIOD + LEASE);
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_reply_holds_its_slot_as_a_killed_process_does() {
    for act in [Act::CloseAfter(20), Act::Reset, Act::ReplyAndClose("HTTP/1.1 2".into())] {
        let server = Server::start(move |_| act.clone()).await;
        let door = narrow(profile(&server));
        let error = door.send(&purpose(Effect::Write), post(&server, "/")).await.unwrap_err();
        assert!(matches!(error, EgressError::Broken { .. }), "{error:?}");
        assert_eq!(frees_in(&door, &server).await, PERIOD + LEASE);
    }
}

#[tokio::test]
async fn a_request_that_arrived_or_never_left_holds_its_slot_no_longer_than_the_period() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
    for act in [Act::reply(200, "", "ok"), Act::ReplyAndClose(half.into())] {
        let server = Server::start(move |_| act.clone()).await;
        let door = narrow(profile(&server));
        let reply = door.send(&purpose(Effect::Write), post(&server, "/")).await.unwrap();
        drop(reply);
        assert_eq!(frees_in(&door, &server).await, PERIOD);
    }
    let server = Server::start(|_| Act::Hang).await;
    let nowhere = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let door = narrow(profile(&server).api_url(&nowhere));
    let request = Request::post(format!("{nowhere}/")).body(Bytes::new()).unwrap();
    let error = door.send(&purpose(Effect::Write), request).await.unwrap_err();
    assert_eq!(error.retry_after_seconds(), Some(PERIOD), "the second attempt has to wait: {error:?}");
}

/// A shared store at which the clock leaps once, right after the first slot is taken, as if the process had
/// been suspended.
#[derive(Debug)]
struct Suspending {
    inner: MemoryStore,
    clock: Arc<TestClock>,
    slept: AtomicBool,
}

impl Store for Suspending {
    fn transact(&self, partition: &str, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.inner.transact(partition, work)?;
        if !self.slept.swap(true, Ordering::SeqCst) {
            self.clock.advance(Duration::from_secs(30));
        }
        Ok(())
    }

    fn claim(&self, name: &str) -> Result<Option<Claim>, StoreError> {
        self.inner.claim(name)
    }
}

#[tokio::test]
async fn a_slot_whose_lease_has_ended_is_asked_for_again_before_anything_leaves() {
    let server = Server::start(|_| Act::reply(201, "", "")).await;
    let clock = Arc::new(TestClock::new(SystemClock.now()));
    let store = Suspending { inner: MemoryStore::new(), clock: clock.clone(), slept: AtomicBool::new(false) };
    let quota = Limit { calls: 2, period_seconds: 60 };
    let profile = profile(&server).quota(quota).when_exceeded(WhenExceeded::Fail);
    let profile = profile.trust(Trust::Connector).build(&manifest()).unwrap();
    let door = Egress::new(&profile, Arc::new(store), Arc::new(MemoryVault::default()), clock).unwrap();
    let reply = door.send(&purpose(Effect::Write), post(&server, "/")).await.unwrap();
    assert_eq!((reply.status().as_u16(), server.seen().len()), (201, 1));
    text(reply).await.unwrap();
    let used = door.quota().usage().await.unwrap().used;
    assert_eq!(used, 2, "the slot that was lost counts, and the one that was used");
    assert_eq!(door.stats().requests, 1);
}
