//! What senders are answered, and what becomes of what they sent.

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::RequestBuilder;
use serde_json::json;
use standardwebhooks::Webhook;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::world::{
    PATH_SECRET, Serving, answer, by_hand, client, configure, metric, notification, pushed, until,
};
use crate::support::server::Server;
use crate::triggers::world::{self, SECRETS, api, events, home, ids, receiver, without_repeats};

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later").as_secs() as i64
}

/// Signs a request as Standard Webhooks has it.
fn signed(request: RequestBuilder, secret: &str, seconds: i64, body: &str) -> RequestBuilder {
    let key = Webhook::new(secret).expect("it is a secret");
    let signature = key.sign("msg_1", seconds, body.as_bytes()).expect("it is text");
    request
        .header("webhook-id", "msg_1")
        .header("webhook-timestamp", seconds)
        .header("webhook-signature", signature)
}

/// Sends a signed notification that is taken in.
pub(super) async fn send_signed(serving: &Serving, secret: &str, body: &str) {
    let address = format!("{}/hooks/alerts/{PATH_SECRET}", serving.address);
    let request = client().post(address).header("content-type", "application/json").body(body.to_owned());
    let answer = signed(request, secret, now(), body).send().await.expect("it answers");
    assert_eq!(answer.status(), 200);
}

/// Waits until a receiver has got that many events.
async fn arrived(receiver: &Server, count: usize) -> Vec<serde_json::Value> {
    let mut got = Vec::new();
    until("events arrive", || {
        got.extend(events(&receiver.received()));
        got.len() >= count
    })
    .await;
    got
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_notification_is_refused() {
    let api = api().await;
    let (home, receiver) = (home(&api), receiver(200).await);
    let more = "path-secret-env = \"PATH_SECRET\"\nverify-env = [\"SENDER_SECRET\"]";
    configure(&home, &pushed("alerts", &receiver.origin(), more));
    let serving = Serving::start(&home, &[], &[("SENDER_SECRET", SECRETS[0])]).await;
    serving.ready().await;
    let (client, good) = (client(), notification("a1"));
    let here = format!("{}/hooks/alerts/{PATH_SECRET}", serving.address);
    let post = |address: &str| client.post(address).header("content-type", "application/json");

    // Whoever does not know the address learns nothing, whatever is wrong with it.
    let wrong = format!("{}x", &PATH_SECRET[..PATH_SECRET.len() - 1]);
    for path in [
        "/".to_owned(),
        "/metrics".to_owned(),
        "/hooks/alerts".to_owned(),
        format!("/hooks/alerts/{wrong}"),
        format!("/hooks/others/{PATH_SECRET}"),
        "/hooks/alerts/%ff".to_owned(),
        format!("/hooks/%ff/{PATH_SECRET}"),
        format!("/hooks/alerts/{PATH_SECRET}/"),
        format!("/hooks/alerts/{}", &PATH_SECRET[1..]),
    ] {
        let request = signed(post(&format!("{}{path}", serving.address)), SECRETS[0], now(), &good);
        let refused = answer(request.body(good.clone()).send().await.expect("it answers")).await;
        assert_eq!(refused, (404, json!({ "error": "there is nothing here" })), "{path}");
    }

    let sign = |request, body: &str| signed(request, SECRETS[0], now(), body);
    let long = format!("{{\"id\":\"{}\"}}", "x".repeat(256 << 10));
    let kind = |kind: &'static str| client.post(&here).header("content-type", kind);
    let chunked = reqwest::Body::wrap_stream(futures::stream::iter([Ok::<_, std::io::Error>(long.clone())]));
    let altered = notification("a2");
    for (what, request, status) in [
        ("GET", client.get(&here), 405),
        ("PUT", sign(client.put(&here), &good).body(good.clone()), 405),
        ("no content type", sign(client.post(&here), &good).body(good.clone()), 415),
        ("text", sign(kind("text/plain"), &good).body(good.clone()), 415),
        ("Latin-1", sign(kind("application/json; charset=latin1"), &good).body(good.clone()), 415),
        ("compressed", sign(post(&here), &good).header("content-encoding", "gzip").body(good.clone()), 415),
        ("too large", sign(post(&here), &long).body(long.clone()), 413),
        ("too large, length not told", sign(post(&here), &long).body(chunked), 413),
        ("not signed", post(&here).body(good.clone()), 401),
        ("another's secret", signed(post(&here), SECRETS[1], now(), &good).body(good.clone()), 401),
        ("signed long ago", signed(post(&here), SECRETS[0], now() - 900, &good).body(good.clone()), 401),
        ("signed in future", signed(post(&here), SECRETS[0], now() + 900, &good).body(good.clone()), 401),
        ("altered", sign(post(&here), &good).body(altered), 401),
        ("empty", sign(post(&here), "").body(""), 400),
        ("not JSON", sign(post(&here), "{").body("{"), 400),
        ("a number", sign(post(&here), "1").body("1"), 400),
        ("no id", sign(post(&here), "{}").body("{}"), 400),
        ("an empty id", sign(post(&here), "{\"id\":\"\"}").body("{\"id\":\"\"}"), 400),
        ("one of two bad", sign(post(&here), "[{\"id\":\"a\"},{}]").body("[{\"id\":\"a\"},{}]"), 400),
    ] {
        let (found, body) = answer(request.send().await.expect("it answers")).await;
        assert_eq!(found, status, "{what}: {body}");
        assert!(body["error"].is_string(), "{what}: {body}");
    }
    assert_eq!(raw(&serving, &format!("x: {}\r\n", "y".repeat(20 << 10))).await, "431");
    assert_eq!(raw(&serving, &"x: y\r\n".repeat(100)).await, "431");

    // The right one is taken, and does nothing when it is replayed.
    for expected in [json!({ "new": 1, "known": 0 }), json!({ "new": 0, "known": 1 })] {
        let request = sign(post(&here), &good).body(good.clone());
        assert_eq!(answer(request.send().await.expect("it answers")).await, (200, expected));
    }
    let list = "{\"body\":[{\"id\":\"a1\"},{\"id\":\"a3\",\"machineId\":\"m3\"}]}";
    let request = sign(post(&here), list).body(list);
    let taken = answer(request.send().await.expect("it answers")).await;
    assert_eq!(taken, (200, json!({ "new": 1, "known": 1 })));
    let got = arrived(&receiver, 2).await;
    assert_eq!(ids(&got), ["a1", "a3"]);
    assert_eq!(got[0]["type"], "defender-atp.new-alerts.pushed");
    assert_eq!(got[0]["source"], "/defender-atp/default/new-alerts/pushed");
    assert_eq!(got[0]["data"], json!({ "id": "a1", "machineId": "m1" }));

    let (_, metrics) = serving.ask("/metrics").await;
    for (status, count) in [(200, 3.0), (401, 5.0), (413, 2.0)] {
        let line = format!("connector_notifications_total{{trigger=\"alerts\",status=\"{status}\"}}");
        assert_eq!(metric(&metrics, &line), Some(count), "{metrics}");
    }
    let said = serving.stderr();
    assert!(!said.contains(PATH_SECRET) && !said.contains(&SECRETS[0][6..]), "{said}");
}

/// The status of an answer to a request with further headers.
async fn raw(serving: &Serving, headers: &str) -> String {
    let place = serving.address.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(place).await.expect("it listens");
    let request = format!("POST /hooks/alerts/x HTTP/1.1\r\nhost: {place}\r\n{headers}\r\n");
    // It may answer and close before all is written.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.expect("it answers");
    String::from_utf8_lossy(&answer[9..]).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_survives_kill_9() {
    let api = api().await;
    let (home, receiver) = (home(&api), receiver(503).await);
    configure(&home, &by_hand("alerts", &receiver.origin()));
    let mut expected = Vec::new();
    for round in 0..4 {
        let serving = Serving::start(&home, &[], &[]).await;
        serving.ready().await;
        for number in 0..=round {
            let id = format!("alert-{round}-{number}");
            let taken = serving.notify("alerts", &notification(&id)).await.expect("it answers");
            assert_eq!(taken.status(), 200);
            expected.push(id);
        }
        serving.kill();
    }
    receiver.received();
    world::answer(&receiver, 200, &[]);
    let _serving = Serving::start(&home, &[], &[]).await;
    let got = arrived(&receiver, expected.len()).await;
    assert_eq!(without_repeats(ids(&got)), expected, "nothing is lost, and the order is kept");
}

#[cfg(debug_assertions)]
#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_accepted_can_be_sent_again() {
    let api = api().await;
    let (home, receiver) = (home(&api), receiver(200).await);
    configure(&home, &by_hand("alerts", &receiver.origin()));
    for (point, kept) in [("before-receive", 0), ("before-receipt", 0), ("after-receive", 1)] {
        let serving = Serving::start(&home, &[], &[("CONNECTOR_FAIL_POINT", point)]).await;
        serving.ready().await;
        let body = notification(point);
        let answered = serving.notify("alerts", &body).await;
        assert!(answered.is_err(), "{point}: it died before it answered");
        drop(serving);
        let serving = Serving::start(&home, &[], &[]).await;
        serving.ready().await;
        let again = answer(serving.notify("alerts", &body).await.expect("it answers")).await;
        assert_eq!(again, (200, json!({ "new": 1 - kept, "known": kept })), "{point}");
        // One from before may come again: the process was killed before its delivery was noted.
        let mut got = Vec::new();
        until("it arrives", || {
            got.extend(ids(&events(&receiver.received())));
            got.iter().any(|id| id == point)
        })
        .await;
    }
}

#[ignore = "takes ten seconds"]
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_too_slow_is_let_go() {
    let api = api().await;
    let home = home(&api);
    configure(&home, &by_hand("alerts", "-"));
    let serving = Serving::start(&home, &[], &[]).await;
    serving.ready().await;
    let place = serving.address.trim_start_matches("http://");
    let head = format!("POST /hooks/alerts/{PATH_SECRET} HTTP/1.1\r\nhost: {place}\r\n");
    let body = "content-type: application/json\r\ncontent-length: 40\r\n\r\n{\"id\":";
    for (sent, expected) in [(head.clone(), ""), (head + body, "HTTP/1.1 408 ")] {
        let mut stream = tokio::net::TcpStream::connect(place).await.expect("it listens");
        stream.write_all(sent.as_bytes()).await.expect("it listens");
        let mut answer = String::new();
        // It closes the connection, so this ends.
        stream.read_to_string(&mut answer).await.expect("it answers in text");
        assert!(answer.starts_with(expected) && (!answer.is_empty() || expected.is_empty()), "{answer}");
    }
}
