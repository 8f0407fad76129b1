//! How a call ends if it makes several requests, some of which change something.

use super::*;
use crate::door::Door;
use crate::egress::quota::WhenExceeded;
use crate::failure::{Failure, FailureCase};
use crate::manifest::Limit;

/// A call of an action that changes something, to a server that handles requests this way, with a quota of
/// this size.
async fn call(calls: u32, script: impl Fn(usize) -> Act + Send + Sync + 'static) -> (Door, Server) {
    let server = Server::start(script).await;
    let quota = Limit { calls, period_seconds: 60 };
    let profile = profile(&server).quota(quota).when_exceeded(WhenExceeded::Fail);
    (Door::new(Arc::new(door(profile, &Arc::default())), purpose(Effect::Write)), server)
}

/// Sends a request without a body, and returns the status of its reply.
async fn send(door: &Door, server: &Server, method: http::Method) -> Option<u16> {
    let request = Request::builder().method(method).uri(format!("{}/", server.origin())).body(()).unwrap();
    let reply = door.send(request, None).await.ok()?;
    let status = reply.status().as_u16();
    let _ = reply.into_body().collect().await;
    Some(status)
}

fn said(case: FailureCase) -> Failure {
    Failure::new(case, "so says the connector")
}

#[tokio::test]
async fn a_change_that_was_accepted_is_not_throttled_by_what_comes_later() {
    for later in [http::Method::POST, http::Method::GET] {
        let (door, server) = call(1, |_| Act::reply(201, "", "{}")).await;
        assert_eq!(send(&door, &server, http::Method::POST).await, Some(201));
        assert_eq!(send(&door, &server, later).await, None);
        let failure = door.failed(said(FailureCase::Throttled));
        assert_eq!(failure.case, FailureCase::PermanentOutcomeUnknown, "{failure}");
        for words in ["is used up", "the API had accepted a change of this call (201)"] {
            assert!(failure.message.contains(words), "{failure}");
        }
        assert_eq!(failure.retry_after_seconds, None, "nobody is to come again by themselves");
        assert!(door.doubts().is_none(), "the connector may know better than to fail");
    }
}

#[tokio::test]
async fn a_change_that_was_not_answered_stays_unknown_whatever_comes_later() {
    let (door, server) =
        call(9, |n| if n == 1 { Act::CloseAfter(usize::MAX) } else { Act::reply(201, "", "{}") }).await;
    assert_eq!(send(&door, &server, http::Method::POST).await, None);
    assert_eq!(send(&door, &server, http::Method::POST).await, Some(201));
    for case in [FailureCase::Unavailable, FailureCase::PermanentNotFound] {
        assert_eq!(door.failed(said(case)).case, FailureCase::PermanentOutcomeUnknown);
        assert_eq!(door.broke(said(case)).case, FailureCase::PermanentOutcomeUnknown);
        assert_eq!(door.overdue(said(case)).case, FailureCase::PermanentOutcomeUnknown);
    }
    assert_eq!(door.doubts().map(|failure| failure.case), Some(FailureCase::PermanentOutcomeUnknown));
}

#[tokio::test]
async fn a_change_that_never_left_is_merely_refused() {
    let (door, server) = call(1, |_| Act::reply(200, "", "{}")).await;
    assert_eq!(send(&door, &server, http::Method::GET).await, Some(200));
    assert_eq!(send(&door, &server, http::Method::POST).await, None);
    let failure = door.failed(said(FailureCase::PermanentRejected));
    assert_eq!(failure.case, FailureCase::Throttled, "what the door refused, it explains: {failure}");
    assert!(failure.retry_after_seconds.is_some());
    assert_eq!(door.broke(said(FailureCase::ExecutionFailed)).case, FailureCase::ExecutionFailed);
}

#[tokio::test]
async fn a_change_that_is_given_up_on_its_way_is_unknown() {
    let (door, server) = call(9, |_| Act::Hang).await;
    let sent = send(&door, &server, http::Method::POST);
    let _ = tokio::time::timeout(Duration::from_millis(200), sent).await.unwrap_err();
    assert_eq!(server.seen().len(), 1);
    assert_eq!(door.overdue(said(FailureCase::Unavailable)).case, FailureCase::PermanentOutcomeUnknown);
}

#[tokio::test]
async fn a_get_that_is_lost_changes_nothing() {
    let (door, server) = call(9, |_| Act::CloseAfter(usize::MAX)).await;
    assert_eq!(send(&door, &server, http::Method::GET).await, None);
    assert_eq!(server.seen().len(), 3);
    assert_eq!(door.failed(said(FailureCase::Unavailable)).case, FailureCase::Unavailable);
    assert_eq!(door.broke(said(FailureCase::ExecutionFailed)).case, FailureCase::ExecutionFailed);
}
