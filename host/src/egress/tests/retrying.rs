//! What is sent again, and above all what is not.

use http_body::Body as _;

use super::*;
use crate::egress::transport::DialError;

/// Sends one request, and returns the status or the error and the number of requests that the server saw.
async fn outcome(
    effect: Effect,
    script: impl Fn(usize) -> Act + Send + Sync + 'static,
) -> (Result<u16, EgressError>, usize) {
    let server = Server::start(script).await;
    let clock = Arc::<Leaping>::default();
    let door = door(profile(&server), &clock);
    let reply = door.send(&purpose(effect), post(&server, "/x")).await;
    let reply = match reply {
        Ok(reply) => {
            let status = reply.status().as_u16();
            text(reply).await.map(|_| status)
        }
        Err(error) => Err(error),
    };
    (reply, server.seen().len())
}

#[tokio::test]
async fn a_read_is_sent_three_times_at_most() {
    for status in [408, 429, 500, 502, 503, 504] {
        let (reply, seen) = outcome(Effect::Read, move |_| Act::reply(status, "", "")).await;
        assert_eq!((reply.unwrap(), seen), (status, 3), "{status}");
        let (reply, seen) =
            outcome(Effect::Read, move |n| Act::reply(if n < 3 { status } else { 200 }, "", "")).await;
        assert_eq!((reply.unwrap(), seen), (200, 3), "{status}");
    }
    for status in [200, 204, 302, 400, 401, 403, 404, 409, 501, 505] {
        let (reply, seen) = outcome(Effect::Read, move |_| Act::reply(status, "", "")).await;
        assert_eq!((reply.unwrap(), seen), (status, 1), "{status}");
    }
    for act in [Act::CloseAfter(1), Act::CloseAfter(40), Act::CloseAfter(usize::MAX), Act::Reset] {
        let (reply, seen) = outcome(Effect::Read, move |_| act.clone()).await;
        assert!(matches!(reply, Err(EgressError::Broken { .. })), "{reply:?}");
        assert_eq!(seen, 3);
    }
}

#[tokio::test]
async fn a_change_is_sent_once() {
    for effect in [Effect::Write, Effect::Disruptive] {
        for status in [408, 500, 502, 503, 504] {
            let (reply, seen) = outcome(effect, move |_| Act::reply(status, "retry-after: 0\r\n", "")).await;
            assert_eq!((reply.unwrap(), seen), (status, 1), "{status}");
        }
        let (reply, seen) =
            outcome(effect, |n| Act::reply(if n == 1 { 429 } else { 201 }, "retry-after: 7\r\n", "")).await;
        assert_eq!((reply.unwrap(), seen), (201, 2), "a 429 was not processed");
    }
}

/// A request over the limit waits, even if nothing says for how long.
#[tokio::test]
async fn too_many_requests_are_not_followed_by_another_at_once() {
    for effect in [Effect::Read, Effect::Write] {
        for (body, least, most) in
            [("", 1, 2), ("{\"message\":\"You can send requests again in 9 seconds.\"}", 9, 10)]
        {
            let server = Server::start(move |n| Act::reply(if n == 1 { 429 } else { 200 }, "", body)).await;
            let clock = Arc::<Leaping>::default();
            let reply =
                door(profile(&server), &clock).send(&purpose(effect), post(&server, "/x")).await.unwrap();
            assert_eq!((reply.status().as_u16(), server.seen().len()), (200, 2));
            let slept = clock.slept().into_iter().sum::<Duration>().as_secs_f64();
            assert!((f64::from(least) - 0.1..=f64::from(most)).contains(&slept), "{body}: {slept} s");
        }
    }
    let (reply, seen) = outcome(Effect::Write, |_| {
        Act::reply(429, "", "{\"message\":\"You can send requests again in 700 seconds.\"}")
    })
    .await;
    assert_eq!((reply.unwrap(), seen), (429, 1), "that long nobody waits here");
}

/// The connection is closed at every byte of a change, on a fresh connection and on a pooled one. In no case
/// does a request of which the server has read a byte come a second time.
#[tokio::test]
async fn a_change_is_never_sent_twice_wherever_the_connection_closes() {
    for warm in [false, true] {
        for bytes in (1..=260).chain([usize::MAX]) {
            let server = Server::start(move |n| {
                if warm && n == 1 { Act::reply(200, "", "ok") } else { Act::CloseAfter(bytes) }
            })
            .await;
            let door = door(profile(&server), &Arc::default());
            if warm {
                let reply = door.send(&purpose(Effect::Read), get(&server, "/warm")).await.unwrap();
                assert_eq!(text(reply).await.unwrap(), "ok");
            }
            let error = door.send(&purpose(Effect::Write), post(&server, "/change")).await.unwrap_err();
            assert!(error.may_have_been_processed(), "{error}");
            assert_eq!(
                server.seen().len(),
                1 + usize::from(warm),
                "after {bytes} bytes: {:?}",
                server.seen()
            );
        }
    }
}

#[tokio::test]
async fn a_connection_that_closes_before_it_is_used_costs_nothing() {
    for _ in 0..50 {
        let server = Server::start(|n| if n < 3 { Act::CloseAtOnce } else { Act::reply(201, "", "") }).await;
        let reply =
            door(profile(&server), &Arc::default()).send(&purpose(Effect::Write), post(&server, "/")).await;
        let sent = server.seen().into_iter().filter(|request| !request.is_empty()).count();
        match reply {
            // If the host knows that nothing was written, it tries again; if it cannot know, it says so.
            Ok(reply) => assert_eq!((reply.status().as_u16(), sent), (201, 1)),
            Err(error) => assert!(error.may_have_been_processed() && sent == 0, "{error}"),
        }
    }
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_not_asked_for_again() {
    for reply in ["HTTP/1.1 200 OK\r\n", "HTTP/1.1 2", "junk\r\n\r\n"] {
        let (reply, seen) = outcome(Effect::Write, move |_| Act::ReplyAndClose(reply.into())).await;
        assert!(reply.unwrap_err().may_have_been_processed());
        assert_eq!(seen, 1);
    }
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
    let (reply, seen) = outcome(Effect::Read, move |_| Act::ReplyAndClose(half.into())).await;
    assert!(matches!(reply, Err(EgressError::Broken { .. })), "{reply:?}");
    assert_eq!(seen, 1, "the head was handed over already");
}

/// Neither the bytes read ahead nor an error during that read are lost.
#[tokio::test]
async fn a_refusal_whose_body_breaks_off_stays_a_broken_body() {
    for status in [401, 429] {
        let reply = format!("HTTP/1.1 {status} X\r\ncontent-length: 20\r\n\r\nhalf of it");
        let server = Server::start(move |_| Act::ReplyAndClose(reply.clone())).await;
        let reply =
            door(profile(&server), &Arc::default()).send(&purpose(Effect::Read), get(&server, "/")).await;
        let mut body = reply.unwrap().into_body();
        assert!(!body.is_end_stream());
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first, "half of it", "{status}");
        let error = body.frame().await.unwrap().unwrap_err();
        assert!(matches!(error, EgressError::Broken { .. }), "{status}: {error:?}");
        assert!(body.frame().await.is_none() && body.is_end_stream());
    }
}

/// A GET changes nothing, whatever its action does.
#[tokio::test]
async fn a_get_of_a_change_is_sent_again() {
    let server = Server::start(|n| if n == 1 { Act::Reset } else { Act::reply(200, "", "ok") }).await;
    let reply =
        door(profile(&server), &Arc::default()).send(&purpose(Effect::Disruptive), get(&server, "/")).await;
    assert_eq!(text(reply.unwrap()).await.unwrap(), "ok");
}

/// The server closes idle connections just as requests come: a race that a pool cannot always win.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooled_connection_that_dies_costs_no_change_a_second_time() {
    let server =
        Server::start(|_| Act::ReplyAndClose("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".into())).await;
    let door = door(
        profile(&server).quota(crate::manifest::Limit { calls: 10_000, period_seconds: 60 }),
        &Arc::default(),
    );
    let (mut done, mut unknown) = (0, 0);
    for _ in 0..500 {
        match door.send(&purpose(Effect::Write), post(&server, "/change")).await {
            Ok(reply) => {
                text(reply).await.unwrap();
                done += 1;
            }
            Err(error) if error.may_have_been_processed() => unknown += 1,
            Err(error) => panic!("{error}"),
        }
    }
    let seen = server.seen().len();
    assert!(done <= seen && seen <= done + unknown, "{done} done, {unknown} unknown, {seen} seen");
}

#[tokio::test]
async fn a_refused_connection_is_tried_again_even_for_a_change() {
    let address = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let origin = format!("http://{address}");
    let clock = Arc::<Leaping>::default();
    let builder = Profile::builder().api_url(&origin).allow_loopback_http(true).anonymous();
    let door = door(builder, &clock);
    let request = Request::post(format!("{origin}/x")).body(Bytes::new()).unwrap();
    let error = door.send(&purpose(Effect::Disruptive), request).await.unwrap_err();
    let EgressError::NotSent { error: dial, .. } = &error else { panic!("{error:?}") };
    assert_eq!(**dial, DialError::Refused);
    assert!(!error.may_have_been_processed());
    assert_eq!(clock.slept().len(), 2);
    assert_eq!((door.stats().requests, door.stats().retries, door.stats().origins.len()), (0, 2, 0));
}

#[tokio::test]
async fn a_wait_is_as_long_as_the_api_asks_in_either_form() {
    let date = |seconds| httpdate::fmt_http_date(std::time::SystemTime::now() + Duration::from_secs(seconds));
    for (header, least, most) in [
        ("7".to_owned(), 7.0, 7.6),
        (" 7 ".to_owned(), 7.0, 7.6),
        ("0".to_owned(), 0.0, 0.6),
        (date(30), 28.0, 30.6),
        ("Thu, 01 Jan 1970 00:00:00 GMT".to_owned(), 0.0, 0.6),
        ("soon".to_owned(), 0.9, 2.1),
        ("-5".to_owned(), 0.9, 2.1),
        ("1.5".to_owned(), 0.9, 2.1),
    ] {
        let server = Server::start({
            let header = header.clone();
            move |n| Act::reply(if n == 1 { 429 } else { 200 }, &format!("retry-after: {header}\r\n"), "")
        })
        .await;
        let clock = Arc::<Leaping>::default();
        let reply =
            door(profile(&server), &clock).send(&purpose(Effect::Write), post(&server, "/")).await.unwrap();
        assert_eq!(reply.status(), 200);
        let slept: Duration = clock.slept().iter().sum();
        assert!((least..=most).contains(&slept.as_secs_f64()), "{header}: {slept:?}");
    }
}

#[tokio::test]
async fn a_wait_beyond_reason_or_the_deadline_is_left_to_the_caller() {
    for (header, deadline) in [("3600", None), ("99999999999999999999999", None), ("20", Some(10))] {
        let server =
            Server::start(move |_| Act::reply(429, &format!("retry-after: {header}\r\n"), "busy")).await;
        let clock = Arc::<Leaping>::default();
        let deadline = deadline.map(|seconds| clock.now().saturating_add(Duration::from_secs(seconds)));
        let purpose = Purpose { deadline, ..purpose(Effect::Read) };
        let reply = door(profile(&server), &clock).send(&purpose, get(&server, "/")).await.unwrap();
        assert_eq!(reply.headers()["retry-after"], header);
        assert_eq!((reply.status().as_u16(), text(reply).await.unwrap().as_str()), (429, "busy"));
        assert!(clock.slept().is_empty());
    }
}

#[tokio::test]
async fn no_reply_within_the_deadline_says_that_the_request_was_sent() {
    let server = Server::start(|_| Act::Hang).await;
    let clock = Arc::<Leaping>::default();
    let door = door(profile(&server), &clock);
    let deadline = Some(clock.now().saturating_add(Duration::from_millis(200)));
    let error =
        door.send(&Purpose { deadline, ..purpose(Effect::Write) }, post(&server, "/")).await.unwrap_err();
    assert!(matches!(error, EgressError::Timeout { sent: true, .. }), "{error:?}");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn backoff_grows_and_stays_within_bounds() {
    for attempt in [1, 2, 3, 10, 1000, u32::MAX] {
        let most = retry::backoff(attempt, 1.0);
        assert!(most <= Duration::from_secs(20) && retry::backoff(attempt, 0.0).is_zero());
        assert!(most >= Duration::from_millis(500));
    }
}
