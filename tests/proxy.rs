//! The proxy as another engine meets it: what gets through, what it becomes on the way, and what is turned away.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use connector_host::proxy::Proxy;
use defender_simulator::{Effect, Fault};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::connect;
use crate::support::home::{Home, Outcome, simulator};
use crate::support::server::{Answer, End, Server};

mod origins;

/// The token that only the API may see.
const TOKEN: &str = "canary-5a1e90-token";
const MACHINE: &str = defender_simulator::names::DESKTOP.id;

#[tokio::test(flavor = "multi_thread")]
async fn the_component_does_all_its_work_through_a_proxy() {
    let simulator = simulator(json!({
        "settings": { "nextLinkAfter": 10 }, "generate": { "machines": 25 }, "limits": { "mode": "off" }
    }))
    .await;
    let home = Home::of(&simulator);
    let proxy = Running::start(&home, &[]);
    let engine = proxy.client();

    let machines = engine.run(&["call", "list-machines", "--all", "--output", "json"]).done().json();
    let machines = machines["value"].as_array().map_or(0, Vec::len);
    assert!(machines >= 25, "{machines} machines came over links to a next page");
    let words =
        ["call", "isolate-machine", "--machine-id", MACHINE, "--comment", "x", "--isolation-type", "full"];
    assert_eq!(engine.run(&words).done().json()["status"], "Pending");
    let again = engine.run(&words);
    assert_eq!((again.code, again.stderr.contains("ActiveRequestAlreadyExists")), (6, true), "{again:?}");

    let calls = simulator.log().into_iter().filter(|arrival| arrival.path.starts_with("/api/"));
    let calls: Vec<_> = calls.collect();
    assert!(calls.len() >= 5, "{}", calls.len());
    let host = simulator.url().trim_start_matches("http://").to_owned();
    assert!(calls.iter().all(|call| call.header("host") == Some(&*host)));
    let (code, stderr) = proxy.stop();
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains(&format!("sent {} requests", calls.len())), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_the_one_that_it_is_without_a_proxy() {
    let read: &[&str] = &["call", "get-machine", "--machine-id", MACHINE];
    let change: &[&str] =
        &["call", "tag-machine", "--machine-id", MACHINE, "--value", "x", "--action", "add"];
    let quota = "[connections.default.quota]\ncalls = 1\nperiod-seconds = 3600\nwhen-exceeded = \"fail\"\n";
    let effects = [None, Some(Effect::Drop), Some(Effect::CutOff), Some(Effect::NoTvmLicense)];
    for effect in effects {
        let simulator = simulator(json!({})).await;
        let home = Home::of(&simulator);
        let proxy = Running::start(&home, &[]);
        let engine = proxy.client();
        if let Some(effect) = effect.clone() {
            for operation in ["GetSingleMachine", "MachineTag"] {
                simulator.faults().add(Fault::new(effect.clone()).on(operation));
            }
        } else {
            simulator.shutdown().await;
        }
        for words in [read, change] {
            let direct = home.run(&[words, &["--output", "json"]].concat()).error();
            let through = engine.run(&[words, &["--output", "json"]].concat()).error();
            assert_eq!(direct["error"]["case"], through["error"]["case"], "{effect:?} {direct} {through}");
        }
    }
    let simulator = simulator(json!({})).await;
    let home = Home::with(&simulator, quota);
    let proxy = Running::start(&home, &[]);
    let engine = proxy.client();
    engine.run(read).done();
    let throttled = engine.run(&[change, &["--output", "json"]].concat());
    assert_eq!((throttled.code, &throttled.error()["error"]["case"]), (5, &json!("throttled")));
    let seconds = throttled.error()["error"]["retryAfterSeconds"].as_u64();
    assert!(seconds.is_some_and(|seconds| (3500..=3600).contains(&seconds)), "{throttled:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leaves_has_the_connections_token_and_nothing_of_the_clients() {
    let (server, proxy) = serving().await;
    let client = client();
    let url = proxy.url().expose_secret().to_owned();
    let reply = client
        .post(format!("{url}/api/a%2Fb'/../c?$filter=x%20eq%20'y'"))
        .header("authorization", "Bearer stolen")
        .header("proxy-authorization", "Basic stolen")
        .header("cookie", "a=b")
        .header("referer", &url)
        .header("accept-encoding", "gzip")
        .header("content-type", "application/json")
        .body("{}")
        .send()
        .await
        .expect("the proxy answers");
    assert_eq!(reply.text().await.expect("a body"), "{}");
    let received = server.received();
    assert_eq!(received.len(), 1);
    let sent = &received[0];
    assert_eq!((sent.method.as_str(), &*sent.body), ("POST", &b"{}"[..]));
    // The client has taken the dots for directions; all else arrives as it was written.
    assert_eq!(sent.target, "/api/c?$filter=x%20eq%20%27y%27");
    assert_eq!(sent.headers["authorization"], format!("Bearer {TOKEN}"));
    assert_eq!(sent.headers["host"], server.host());
    let names: Vec<&str> = sent.headers.keys().map(String::as_str).collect();
    assert_eq!(names, ["accept", "authorization", "content-length", "content-type", "host", "user-agent"]);
    let key = proxy.key().expose_secret();
    assert!(!format!("{sent:?}").contains(key));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_sent_once_and_a_read_again() {
    let (server, proxy) = serving().await;
    server.answer(Answer { end: End::BeforeReply, ..Answer::default() });
    for (method, times) in [("POST", 1), ("PATCH", 1), ("DELETE", 1), ("GET", 3)] {
        let path = format!("/{}/api/x", proxy.key().expose_secret());
        let reply = raw(&proxy, &format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", here(&proxy))).await;
        assert!(reply.starts_with("HTTP/1.1 502 "), "{method}: {reply}");
        assert!(reply.contains(r#""code":"NoReply""#), "{method}: {reply}");
        assert_eq!(server.received().len(), times, "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_turned_away_before_anything_is_sent() {
    let (server, proxy) = serving().await;
    let (key, here) = (proxy.key().expose_secret().to_owned(), here(&proxy));
    let elsewhere = server.host();
    let cases = [
        (format!("GET /api/x HTTP/1.1\r\nhost: {here}\r\n"), "401", "ProxyKey"),
        (format!("GET /{}x/api/x HTTP/1.1\r\nhost: {here}\r\n", key), "401", "ProxyKey"),
        (
            format!("GET /api/x HTTP/1.1\r\nhost: {here}\r\nauthorization: Bearer {TOKEN}\r\n"),
            "401",
            "ProxyKey",
        ),
        (format!("GET /{key}/api/x HTTP/1.1\r\nhost: rebound.example.com\r\n"), "403", "ProxyHost"),
        (format!("GET /{key}/api/x HTTP/1.1\r\nhost: {elsewhere}\r\n"), "403", "ProxyHost"),
        (format!("GET /{key}/api/x HTTP/1.1\r\n"), "403", "ProxyHost"),
        (format!("GET http://{here}/{key}/api/x HTTP/1.1\r\nhost: {here}\r\n"), "400", "ProxyTarget"),
        (format!("GET http://{elsewhere}/api/x HTTP/1.1\r\nhost: {here}\r\n"), "400", "ProxyTarget"),
        (format!("CONNECT {elsewhere} HTTP/1.1\r\nhost: {here}\r\n"), "400", "ProxyTarget"),
        (format!("OPTIONS /{key}/api/x HTTP/1.1\r\nhost: {here}\r\n"), "405", "ProxyMethod"),
        (format!("TRACE /{key}/api/x HTTP/1.1\r\nhost: {here}\r\n"), "405", "ProxyMethod"),
        (
            format!("POST /{key}/api/x HTTP/1.1\r\nhost: {here}\r\ncontent-length: 99999999999\r\n"),
            "400",
            "RequestTooLarge",
        ),
    ];
    for (request, status, code) in cases {
        let reply = raw(&proxy, &request).await;
        assert!(reply.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {reply}");
        assert!(reply.contains(code), "{request}: {reply}");
        assert!(!reply.contains(&key) && !reply.contains(TOKEN), "{reply}");
    }
    assert_eq!(server.received(), []);
    assert!(here.starts_with("127.0.0.1:"), "{here}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_key_keeps_nobody_out_and_is_let_go() {
    let (_server, proxy) = serving().await;
    let client = client();
    let url = format!("{}/api/x", proxy.url().expose_secret());
    let mut idle = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect(here(&proxy)).await.expect("the proxy accepts");
        stream.write_all(b"GET /").await.expect("it reads");
        idle.push(stream);
    }
    let began = std::time::Instant::now();
    let reply = client.get(&url).timeout(Duration::from_secs(4)).send().await;
    assert!(reply.expect("there is a place").status().is_success(), "{:?}", began.elapsed());
    let mut last = idle.pop().expect("there are some");
    let end = tokio::time::timeout(Duration::from_secs(30), last.read_to_end(&mut Vec::new())).await;
    assert!(end.is_ok(), "it is still connected after {:?}", began.elapsed());
    // Who has shown the key stays.
    client.get(&url).send().await.expect("it answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_does_not_answer_delays_the_start_no_longer_than_told() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback is there");
    let home = Home::with_secret("s");
    let at = format!("http://{}", silent.local_addr().expect("it is bound"));
    home.configure(&format!(
        "[connections.default]\napi-url = \"{at}\"\ntenant-id = \"t\"\nallow-loopback-http = true\n\
         [connections.default.auth]\nkind = \"client-secret\"\nclient-id = \"c\"\nauthority = \"{at}\"\n\
         client-secret-env = \"{}\"\n",
        crate::support::home::SECRET
    ));
    let began = std::time::Instant::now();
    let test = home.run(&["connections", "test", "--deadline", "1s"]);
    assert_eq!(test.code, 7, "{test:?}");
    assert!(test.stderr.contains("within 1.0 s") && test.stderr.contains("hint: "), "{test:?}");
    let (code, stderr) = Running::start(&home, &["--deadline", "1s"]).stop();
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("warning: no token was obtained within 1.0 s"), "{stderr}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn links_of_the_api_and_of_any_region_of_it_lead_to_where_the_client_came_in() {
    let (server, proxy) = serving().await;
    let body = format!(r#"{{"value":[],"@odata.nextLink":"{}/api/machines?$skip=1"}}"#, server.origin());
    let json = vec![("content-type".to_owned(), "application/json".to_owned())];
    server.answer(Answer { status: 200, headers: json.clone(), body: body.into_bytes(), end: End::Whole });
    let client = client();
    let link = async |request: reqwest::RequestBuilder| {
        let text = request.send().await.expect("the proxy answers").text().await.expect("a body");
        let value: Value = serde_json::from_str(&text).expect("it is JSON");
        value["@odata.nextLink"].as_str().unwrap_or_default().to_owned()
    };
    let url = proxy.url().expose_secret().to_owned();
    assert_eq!(link(client.get(format!("{url}/api/machines"))).await, format!("{url}/api/machines?$skip=1"));
    let origin = proxy.origin();
    let by_token = client.get(format!("{origin}/api/machines")).bearer_auth(proxy.key().expose_secret());
    assert_eq!(link(by_token).await, format!("{origin}/api/machines?$skip=1"));

    let regional = "https://api-eu3.securitycenter.microsoft.com/api/machines?$skip=1";
    for (given, seen) in [
        (regional, format!("{url}/api/machines?$skip=1")),
        (
            "https://elsewhere.test/api/machines?$skip=1",
            "https://elsewhere.test/api/machines?$skip=1".to_owned(),
        ),
    ] {
        let body = format!(r#"{{"value":[],"@odata.nextLink":"{given}"}}"#).into_bytes();
        server.answer(Answer { status: 200, headers: json.clone(), body, end: End::Whole });
        assert_eq!(link(client.get(format!("{url}/api/machines"))).await, seen);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_pass_both_ways_and_a_broken_one_is_seen_to_be() {
    let (server, proxy) = serving().await;
    let client = client();
    let url = format!("{}/api/x", proxy.url().expose_secret());
    let large = format!(r#"{{"value":"{}"}}"#, "x".repeat(32 << 20)).into_bytes();
    let json = vec![("content-type".to_owned(), "application/json".to_owned())];
    server.answer(Answer { status: 200, headers: json.clone(), body: large.clone(), end: End::Whole });
    let reply = client.post(&url).body(large.clone()).send().await.expect("the proxy answers");
    assert!(reply.bytes().await.expect("a body") == large);
    assert!(server.received()[0].body == large);
    server.answer(Answer { status: 200, headers: json, body: large, end: End::AmidBody });
    let reply = client.get(&url).send().await.expect("the head arrives");
    assert!(reply.bytes().await.is_err(), "a reply that broke off must not look whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_flight_ends_before_the_proxy_does() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let proxy = Running::start(&home, &["-v"]);
    simulator.faults().add(Fault::new(Effect::Latency { milliseconds: 1500 }).on("GetSingleMachine"));
    let url = format!("{}/api/machines/{MACHINE}", proxy.known["url"].as_str().expect("an address"));
    let client = client();
    let call = tokio::spawn(async move { client.get(url).send().await?.text().await });
    while !simulator.log().iter().any(|arrival| arrival.path.starts_with("/api/machines/")) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (code, stderr) = proxy.stop();
    assert_eq!(code, Some(0), "{stderr}");
    let text = call.await.expect("no panic").expect("the reply arrives whole");
    assert!(text.contains(MACHINE), "{text}");
    assert!(stderr.contains("action=\"proxy\"") && stderr.contains("method=\"GET\""), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_cannot_work_does_not_start() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let wrong = home.command(&["proxy"]).env(crate::support::home::SECRET, "wrong").output();
    let wrong = Outcome::from(wrong.expect("the command starts"));
    assert_eq!((wrong.code, &*wrong.stdout), (3, ""), "{wrong:?}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback is there");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let refused = home.run(&["proxy", "--port", &port]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains(&port) && refused.stderr.contains("hint:"), "{}", refused.stderr);
}

/// A server and, in this process, a proxy of a connection to it.
async fn serving() -> (Server, Proxy) {
    let server = Server::start().await.expect("loopback is there");
    server.answer(Answer { status: 200, body: b"{}".to_vec(), ..Answer::default() });
    let proxy = Proxy::start(connect(&server.origin(), TOKEN), 0, Duration::from_secs(60)).await;
    (server, proxy.expect("loopback has a free port"))
}

fn client() -> reqwest::Client {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

fn here(proxy: &Proxy) -> String {
    proxy.origin().trim_start_matches("http://").to_owned()
}

/// Sends a head, and reads to the end.
async fn raw(proxy: &Proxy, head: &str) -> String {
    let mut stream = TcpStream::connect(here(proxy)).await.expect("the proxy is there");
    let head = format!("{head}connection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("it reads");
    let mut reply = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut reply)).await;
    // A connection that is reset after the reply has said all the same.
    let _ = read.unwrap_or_else(|_| panic!("no answer in time to {head}"));
    String::from_utf8_lossy(&reply).into_owned()
}

/// `connector proxy` in a process of its own.
struct Running {
    child: Child,
    stderr: Option<ChildStderr>,
    known: Value,
}

impl Running {
    fn start(home: &Home, words: &[&str]) -> Self {
        let mut command: Command = home.command(&[&["proxy", "--output", "json"], words].concat());
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("it is text");
        let stderr = child.stderr.take();
        let known = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self { child, stderr, known }
    }

    /// The home of an engine that knows the proxy and its key, and nothing of the connection behind it.
    fn client(&self) -> Home {
        let home = Home::with_secret(self.known["key"].as_str().expect("a key"));
        home.configure(&format!(
            "[connections.default]\napi-url = {}\nallow-loopback-http = true\n[connections.default.auth]\n\
             kind = \"token\"\ntoken-env = \"{}\"\n",
            self.known["origin"],
            crate::support::home::SECRET
        ));
        home
    }

    /// Interrupts it, and waits for its end.
    fn stop(mut self) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-INT", &pid]).status().expect("there is a kill");
        let mut stderr = String::new();
        self.stderr.take().expect("it is piped").read_to_string(&mut stderr).expect("it is text");
        (self.child.wait().expect("it ends").code(), stderr)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
