//! Headers, paths, sizes, addresses, audit.

use super::*;
use crate::egress::quota::QuotaError;
use crate::manifest::Limit;

async fn echo() -> Server {
    Server::start(|_| Act::reply(200, "", "ok")).await
}

#[tokio::test]
async fn the_path_and_query_reach_the_wire_byte_for_byte() {
    let server = echo().await;
    let door = door(profile(&server), &Arc::default());
    for path in [
        "/",
        "/a/../b/./c//d",
        "/%2e%2e/%2E/a%2Fb",
        "/api/machines/m7%2Funisolate%3Fx=",
        "/x?$filter=severity%20eq%20'High'&$top=5",
        "/x?a+b=c+d&e=%7B%7D|^`{}",
        "/x?",
        "/x?a=b?c=d",
        "/;a=b,c:d@e!$&'()*+",
    ] {
        let reply = door.send(&purpose(Effect::Read), get(&server, path)).await.unwrap();
        assert_eq!(text(reply).await.unwrap(), "ok");
        let seen = server.seen().pop().unwrap();
        assert!(seen.starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{seen}");
    }
    assert_eq!(server.connections(), 1, "the connection is kept");
}

#[tokio::test]
async fn headers_of_the_host_are_not_the_connectors_to_set() {
    let server = echo().await;
    let door = door(profile(&server), &Arc::default());
    let request = Request::post(format!("{}/x", server.origin()))
        .header("AUTHORIZATION", "Bearer stolen")
        .header("authorization", "Bearer stolen-too")
        .header("Proxy-Authorization", "Basic stolen")
        .header("proxy-connection", "keep-alive")
        .header("Cookie", "stolen=1")
        .header("host", "stolen.example")
        .header("connection", "close, x-drop-me, authorization")
        .header("x-drop-me", "stolen")
        .header("transfer-encoding", "chunked")
        .header("content-length", "999")
        .header("te", "trailers")
        .header("upgrade", "h2c")
        .header("expect", "100-continue")
        .header("keep-alive", "stolen")
        .header("forwarded", "for=stolen")
        .header("x-mine", "1")
        .header("x-mine", "2")
        .header("accept", "application/json")
        .body(Bytes::from_static(b"body"))
        .unwrap();
    text(door.send(&purpose(Effect::Write), request).await.unwrap()).await.unwrap();
    let seen = server.seen().pop().unwrap().to_lowercase();
    assert!(!seen.contains("stolen") && !seen.contains("999") && !seen.contains("chunked"), "{seen}");
    assert_eq!(seen.matches("\r\nauthorization: bearer canary-token\r\n").count(), 1, "{seen}");
    assert!(seen.contains(&format!("\r\nhost: 127.0.0.1:{}\r\n", server.port())), "{seen}");
    assert!(
        seen.contains("x-mine: 1\r\n")
            && seen.contains("x-mine: 2\r\n")
            && seen.contains("accept: application/json")
    );
    assert!(seen.contains("\r\ncontent-length: 4\r\n") && seen.ends_with("body"), "{seen}");
}

#[tokio::test]
async fn a_destination_that_is_not_allowed_gets_neither_token_nor_request() {
    let (allowed, other) = (echo().await, echo().await);
    let door = door(profile(&allowed).token_variable("NOT_SET"), &Arc::default());
    let error = door.send(&purpose(Effect::Read), get(&other, "/")).await.unwrap_err();
    assert!(matches!(error, EgressError::DestinationDenied(_)), "the token was not asked for: {error:?}");
    assert_eq!(other.connections(), 0);
    assert_eq!((door.stats().requests, door.stats().denied, door.stats().origins.len()), (0, 1, 0));
}

#[tokio::test]
async fn a_redirect_is_the_connectors_to_see() {
    let other = echo().await;
    let location = format!("location: {}\r\n", other.origin());
    let server = Server::start(move |_| Act::reply(302, &location, "")).await;
    let reply = door(profile(&server), &Arc::default())
        .send(&purpose(Effect::Read), get(&server, "/"))
        .await
        .unwrap();
    assert_eq!((reply.status().as_u16(), other.connections()), (302, 0));
}

#[tokio::test]
async fn a_reply_is_bounded_whether_or_not_it_says_its_size() {
    let sized = Act::reply(200, "", &"x".repeat(101));
    let unsized_ = Act::ReplyAndClose(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(101)));
    let chunked = Act::Reply(format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n65\r\n{}\r\n0\r\n\r\n",
        "x".repeat(101)
    ));
    for act in [sized, unsized_, chunked] {
        let server = Server::start(move |_| act.clone()).await;
        let small = door(profile(&server).max_reply_bytes(100), &Arc::default());
        let reply = small.send(&purpose(Effect::Read), get(&server, "/")).await.unwrap();
        assert!(matches!(text(reply).await, Err(EgressError::ReplyTooLarge { limit: 100, .. })));
        let large = door(profile(&server).max_reply_bytes(101), &Arc::default());
        let reply = large.send(&purpose(Effect::Read), get(&server, "/")).await.unwrap();
        assert_eq!(text(reply).await.unwrap().len(), 101);
    }
    let server = echo().await;
    let request = Request::post(server.origin()).body(vec![0; MAX_REQUEST_BYTES + 1].into()).unwrap();
    let error =
        door(profile(&server), &Arc::default()).send(&purpose(Effect::Read), request).await.unwrap_err();
    assert!(matches!(error, EgressError::RequestTooLarge { .. }));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_reply_that_stalls_ends_at_the_time_out() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
    let server = Server::start(move |n| if n == 1 { Act::Reply(half.into()) } else { Act::Hang }).await;
    let door = door(profile(&server).timeout(Duration::from_millis(300)), &Arc::default());
    let reply = door.send(&purpose(Effect::Read), get(&server, "/")).await.unwrap();
    assert!(matches!(text(reply).await, Err(EgressError::Timeout { sent: true, .. })));
}

#[tokio::test]
async fn a_slot_is_held_until_the_reply_is_read() {
    let server = echo().await;
    let quota = Limit { calls: 1, period_seconds: 60 };
    let clock = Arc::<Leaping>::default();
    let door = door(profile(&server).quota(quota).when_exceeded(quota::WhenExceeded::Fail), &clock);
    let unread = door.send(&purpose(Effect::Read), get(&server, "/")).await.unwrap();
    let error = door.send(&purpose(Effect::Read), get(&server, "/")).await.unwrap_err();
    assert!(matches!(error, EgressError::Quota(QuotaError::Throttled(_))), "{error:?}");
    assert!(error.retry_after_seconds().is_some_and(|seconds| seconds >= 59));
    text(unread).await.unwrap();
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_slot_is_taken_by_every_attempt() {
    let server = Server::start(|_| Act::reply(500, "", "")).await;
    let quota = Limit { calls: 2, period_seconds: 60 };
    let door = door(profile(&server).quota(quota).when_exceeded(quota::WhenExceeded::Fail), &Arc::default());
    let error = door.send(&purpose(Effect::Read), get(&server, "/")).await.unwrap_err();
    assert!(matches!(error, EgressError::Quota(QuotaError::Throttled(_))), "{error:?}");
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn the_loopback_name_leads_to_this_machine() {
    let server = echo().await;
    let origin = format!("http://localhost:{}", server.port());
    let door = door(profile(&server).api_url(&origin), &Arc::default());
    let request = Request::get(format!("{origin}/")).body(Bytes::new()).unwrap();
    assert_eq!(text(door.send(&purpose(Effect::Read), request).await.unwrap()).await.unwrap(), "ok");
    assert_eq!(door.stats().origins.iter().map(ToString::to_string).collect::<Vec<_>>(), [origin]);
}
