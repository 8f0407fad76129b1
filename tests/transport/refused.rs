//! What becomes of requests that an HTTP/2 server turns away: RFC 9113 says of some that they were not processed, and of
//! others nothing.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::http2::{Http2, NO_LAST, React, Request};
use crate::support::home::{Home, Outcome};

const ISOLATE: &[&str] = &[
    "call",
    "isolate-machine",
    "--machine-id",
    "6c1f09a2d47be83550b1c6f2a97d3e04518bca6f",
    "--comment",
    "case 42",
    "--isolation-type",
    "full",
    "--deadline",
    "20s",
    "--output",
    "json",
];

fn done() -> React {
    React::Answer(
        r#"{"id":"5f0c3a86-9b1d-4e27-8a64-d1f2c07be935","type":"Isolate","status":"Pending"}"#.into(),
    )
}

/// Runs a command against a server, and returns what came of it, with what arrived there.
async fn run(
    words: &[&str],
    script: impl Fn(&Request) -> Vec<React> + Send + Sync + 'static,
) -> (Outcome, Vec<Request>) {
    let server = Http2::start(script).await;
    let home = home(&server);
    let mut command = home.command(words);
    command.env("TEST_TOKEN", "t0ken");
    let outcome =
        tokio::task::block_in_place(|| server.trusted(&mut command).output()).expect("the command starts");
    (outcome.into(), server.arrived())
}

pub(super) fn home(server: &Http2) -> Home {
    let home = Home::empty();
    home.configure(&format!(
        "[connections.default]\napi-url = \"{}\"\nallow-loopback-http = true\n\
         [connections.default.auth]\nkind = \"token\"\ntoken-env = \"TEST_TOKEN\"\n\
         [connections.default.quota]\ncalls = 100000\nperiod-seconds = 1\naction-limits = false\n",
        server.origin()
    ));
    home
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_stream_was_refused_is_sent_again() {
    let number = AtomicUsize::new(0);
    let (outcome, arrived) = run(ISOLATE, move |_| match number.fetch_add(1, Ordering::SeqCst) {
        0 => vec![React::Refuse],
        _ => vec![done()],
    })
    .await;
    assert_eq!(outcome.done().json()["status"], "Pending");
    assert_eq!(arrived.len(), 2, "{arrived:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_above_the_last_stream_of_a_goaway_is_sent_again_on_another_connection() {
    let (outcome, arrived) = run(ISOLATE, |request| match request.connection {
        1 => vec![React::GoAway { last: 0 }, React::Close],
        _ => vec![done()],
    })
    .await;
    assert_eq!(outcome.done().json()["status"], "Pending");
    let connections: Vec<_> = arrived.iter().map(|request| request.connection).collect();
    assert_eq!(connections, [1, 2]);
}

/// The error that comes of it may read like that of the streams above the last one.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_at_or_below_the_last_stream_of_a_goaway_stays_unknown_and_is_sent_once() {
    for last in [1, 3, NO_LAST] {
        let (outcome, arrived) = run(ISOLATE, move |_| vec![React::GoAway { last }, React::Close]).await;
        assert_eq!(outcome.code, 8, "{last}: {outcome:?}");
        assert_eq!(outcome.error()["error"]["case"], "permanent-outcome-unknown");
        assert_eq!(arrived.len(), 1, "{last}: {arrived:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_refused_each_time_is_unavailable() {
    for reaction in [React::Refuse, React::GoAway { last: 0 }] {
        let (outcome, arrived) = run(ISOLATE, move |_| vec![reaction.clone()]).await;
        assert_eq!(outcome.code, 7, "{outcome:?}");
        let error = outcome.error();
        assert_eq!(error["error"]["case"], "unavailable");
        let message = error["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains("turned the request away"), "{error}");
        assert_eq!(arrived.len(), 6, "{arrived:?}");
    }
}

/// As a stock nginx does with `keepalive_requests`: of those that are under way when a connection has had its share,
/// the rest is turned away.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_its_connections_after_some_requests_costs_hardly_a_change() {
    const EACH: u32 = 20;
    let last = 2 * EACH - 1;
    let server = Http2::start(move |request| match request.stream {
        stream if stream < last => vec![done()],
        stream if stream == last => vec![done(), React::GoAway { last }],
        _ => vec![],
    })
    .await;
    let outcomes = through_proxy(&server, 300, 30).await;
    let tally = |status| outcomes.values().filter(|(other, _)| *other == status).count();
    // Of a request whose connection ends in the moment between its head and its body, nobody can tell: it stays unknown.
    assert_eq!(tally(201) + tally(503) + tally(502), 300, "{outcomes:?}");
    assert!(tally(201) >= 290, "{outcomes:?}");
    let mut processed = HashMap::<String, usize>::new();
    for request in server.arrived().into_iter().filter(|request| request.stream <= last) {
        *processed.entry(request.body).or_default() += 1;
    }
    for (body, (status, _)) in &outcomes {
        assert_eq!(processed.get(body), (*status == 201).then_some(&1), "{body} {status}");
    }
}

/// A server that says early that it is about to go, and processes all that still arrives: nothing is sent twice, and
/// what is said to be unsent is.
#[tokio::test(flavor = "multi_thread")]
async fn a_goaway_without_a_last_stream_costs_no_change_a_second_time() {
    let server = Http2::start(|request| match request.stream {
        1 => vec![React::GoAway { last: NO_LAST }, done()],
        _ => vec![done()],
    })
    .await;
    let outcomes = through_proxy(&server, 300, 30).await;
    let mut processed = HashMap::<String, usize>::new();
    for request in server.arrived() {
        *processed.entry(request.body).or_default() += 1;
    }
    assert!(processed.values().all(|times| *times == 1), "{processed:?}");
    for (body, (status, code)) in &outcomes {
        let processed = processed.contains_key(body);
        assert!(processed || *status != 201, "{body} {status} {code}");
        assert!(!processed || code != "RequestNotSent", "{body} {status} {code}");
    }
}

/// A proxy that ends with the test.
struct Proxy(Child);

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Makes that many changes through `connector proxy`, some at a time: the status and code that each got, by its body.
async fn through_proxy(server: &Http2, changes: usize, at_a_time: usize) -> HashMap<String, (u16, String)> {
    use futures::StreamExt as _;
    let home = home(server);
    let mut command = home.command(&["proxy", "--output", "json"]);
    server.trusted(&mut command).env("TEST_TOKEN", "t0ken").stdout(Stdio::piped()).stderr(Stdio::null());
    let mut proxy = Proxy(command.spawn().expect("the command starts"));
    let mut line = String::new();
    BufReader::new(proxy.0.stdout.take().expect("it is piped")).read_line(&mut line).expect("it is text");
    let known: serde_json::Value = serde_json::from_str(&line).expect("it is JSON");
    // Another test may have been faster.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client without TLS");
    let address = format!("{}/api/machines/m1/isolate", known["url"].as_str().expect("an address"));
    futures::stream::iter(0..changes)
        .map(|number| {
            let (client, address) = (client.clone(), address.clone());
            async move {
                let body = format!("{{\"Comment\":\"{number}\"}}");
                let reply = client.post(address).body(body.clone()).send().await.expect("the proxy answers");
                let status = reply.status().as_u16();
                let text = reply.text().await.unwrap_or_default();
                let error: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
                (body, (status, error["error"]["code"].as_str().unwrap_or_default().to_owned()))
            }
        })
        .buffer_unordered(at_a_time)
        .collect()
        .await
}
