//! What a connector cannot do, tried by one that means harm; and a tiny one, to show that any connector runs.

use std::net::TcpListener;
use std::sync::LazyLock;
use std::time::Duration;

use connector_host::egress::quota::WhenExceeded;
use connector_host::manifest::Limit;
use connector_host::{CallError, Connection, Connector, Failure, FailureCase, Host, Profile, ProfileBuilder};
use serde_json::{Value, json};

use crate::support::guests;
use crate::support::server::{Answer, Server};

/// The token that no connector may see.
const CANARY: &str = "canary-0b5c7d3e-token";
/// More than enough for what should end by itself.
const AMPLE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_second_connector_runs_unknown_to_the_host() {
    let host = Host::builder().concurrency(4).build().expect("the engine starts");
    let connector = host.load_file(guests::build("echo-connector")).expect("it is a connector");
    let server = Server::start().await.expect("loopback is there");
    server.answer(Answer { status: 200, body: b"hello".to_vec(), ..Answer::default() });
    let profile = profile(&server).build(connector.manifest()).expect("the profile is complete");
    let connection = host.connect(&connector, profile).expect("nothing is sent yet");

    let reply = connection.call("fetch", json!({ "Path": "/a%2Fb?c=d" })).await.expect("the server answers");

    assert_eq!(reply.json(), r#"{"said":"hello"}"#);
    let received = server.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].target, "/a%2Fb?c=d");
    assert_eq!(received[0].headers["authorization"], format!("Bearer {CANARY}"));
}

/// Compilers of other languages add exports for their own use, which return no failure of the contract.
#[test]
fn an_export_that_is_no_action_does_not_keep_a_connector_from_loading() {
    let host = Host::builder().concurrency(4).build().expect("the engine starts");
    let connector = host.load_file(guests::build("echo-connector")).expect("it is a connector");
    let names: Vec<&str> = connector.actions().map(|function| function.action.name.as_str()).collect();
    assert!(names.contains(&"fetch") && !names.contains(&"init"), "{names:?}");
}

#[tokio::test]
async fn values_of_all_types_come_back_as_they_went() {
    let host = Host::builder().concurrency(4).build().expect("the engine starts");
    let connector = host.load_file(guests::build("echo-connector")).expect("it is a connector");
    let server = Server::start().await.expect("loopback is there");
    let profile = profile(&server).build(connector.manifest()).expect("the profile is complete");
    let connection = host.connect(&connector, profile).expect("nothing is sent yet");
    let mut everything = json!({
        "truth": true, "long": i64::MIN, "tiny": -128, "word": 65535, "single": 0.5, "byte": 255, "double": -1e300,
        "letter": "\u{1f984}", "short": -32768, "text": "a \"quoted\" \\ line\n\u{1}\u{e9}", "size": "very-large",
        "unsignedLong": u64::MAX, "rights": ["read", "run-as-another", "a9"], "figure": { "circle": 2.25 },
        "int": i32::MIN, "pair": [7, ""], "maybe": 1, "unsignedInt": u32::MAX, "many": ["", "one", "two"],
        "inner": [[null, []], ["point", [1, 65535]], [{ "named": "x".repeat(100) }, [0]]],
    });

    let echoed = connection.call("echo-in-memory", json!({ "everything": everything.clone() })).await;
    assert_eq!(echoed.expect("it gives back").value(), everything);

    // The second time as the option that comes after it, without what may be absent.
    let first = everything.clone();
    let fields = everything.as_object_mut().expect("it is an object");
    fields.remove("maybe");
    fields["figure"] = "point".into();
    fields["rights"] = json!([]);
    let input = json!({ "everything": first, "again": everything.clone() });
    let echoed = connection.call("echo-in-memory", input).await;
    assert_eq!(echoed.expect("it gives back").value(), everything);

    for figure in [json!(null), json!("point"), json!({ "circle": 0.125 }), json!({ "named": "it" })] {
        let input = json!({
            "truth": true, "tiny": -1, "letter": "x", "single": -0.25, "figure": figure.clone(), "text": "some",
            "rights": ["write", "write"], "long": i64::MAX, "sizes": ["small", "very-large"],
        });
        let echoed = connection.call("echo-flat", input).await.expect("it gives back").value();
        let values =
            json!([true, -1, "x", -0.25, figure, "some", ["write"], i64::MAX, ["small", "very-large"]]);
        assert_eq!(echoed, json!({ "value": values }));
    }
    assert_eq!(connection.call("nothing", json!({})).await.expect("it does").json(), r#"{"value":[]}"#);
}

#[tokio::test]
async fn an_endless_computation_ends_at_its_deadline() {
    let (connection, _server) = hostile(|profile| profile).await;
    let failure = failed(&connection, Duration::from_millis(300), "spin", json!({})).await;
    assert_eq!(failure.case, FailureCase::Unavailable);
    assert!(failure.message.contains("deadline"), "{}", failure.message);
}

#[tokio::test]
async fn memory_is_capped_and_the_cap_is_named() {
    let (connection, _server) = hostile(|profile| profile).await;
    let failure = failed(&connection, AMPLE, "exhaust-memory", json!({})).await;
    assert_eq!(failure.case, FailureCase::ExecutionFailed);
    assert!(failure.message.contains("64 MiB"), "{}", failure.message);
}

#[tokio::test]
async fn whatever_breaks_a_connector_leaves_the_host_and_the_next_call_alone() {
    let (connection, _server) = hostile(|profile| profile).await;
    for attempt in ["exhaust-stack", "panic", "exit"] {
        let failure = failed(&connection, AMPLE, attempt, json!({})).await;
        assert_eq!(failure.case, FailureCase::ExecutionFailed, "{attempt}: {failure:?}");
        assert!(connection.call("read-environment", json!({})).await.is_ok(), "after {attempt}");
    }
}

#[tokio::test]
async fn no_file_can_be_read_or_written() {
    let (connection, _server) = hostile(|profile| profile).await;
    let folder = tempfile::tempdir().expect("there is a temporary directory");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "in a file").expect("the directory can be written");
    let failure = failed(&connection, AMPLE, "read-file", json!({ "path": secret })).await;
    assert!(!failure.message.contains("in a file"), "{}", failure.message);
    let target = folder.path().join("written");
    failed(&connection, AMPLE, "write-file", json!({ "path": target })).await;
    assert!(!target.exists());
}

#[tokio::test]
async fn no_socket_can_be_opened() {
    let (connection, _server) = hostile(|profile| profile).await;
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.set_nonblocking(true).expect("a listener can be non-blocking");
    let address = listener.local_addr().expect("it is bound").to_string();
    failed(&connection, AMPLE, "open-socket", json!({ "address": address })).await;
    assert!(listener.accept().is_err(), "a connection arrived");
}

#[tokio::test]
async fn the_environment_holds_the_address_of_the_api_and_nothing_else() {
    let (connection, server) = hostile(|profile| profile).await;
    let reply = connection.call("read-environment", json!({})).await.expect("it may look");
    assert_eq!(reply.value()["value"], format!("HOSTILE_URL={} | ", server.origin()));
}

#[tokio::test]
async fn no_other_origin_can_be_reached() {
    let (connection, server) = hostile(|profile| profile).await;
    let other = Server::start().await.expect("loopback is there");
    let port = other.host().rsplit_once(':').map(|(_, port)| port.to_owned()).expect("it has a port");
    let own = server.host();
    for origin in [
        other.origin(),
        format!("http://localhost:{port}"),
        format!("http://[::1]:{port}"),
        format!("http://2130706433:{port}"),
        format!("http://0x7f.1:{port}"),
        format!("http://[::ffff:127.0.0.1]:{port}"),
        format!("http://{own}@127.0.0.1:{port}"),
        format!("https://{own}"),
        "http://169.254.169.254".to_owned(),
    ] {
        let input = json!({ "origin": origin, "path": "/latest/meta-data" });
        let failure = failed(&connection, AMPLE, "fetch-from", input).await;
        assert!(failure.case == FailureCase::PermanentRejected, "{origin}: {failure:?}");
    }
    assert!(other.received().is_empty() && server.received().is_empty());
}

#[tokio::test]
async fn headers_that_belong_to_the_host_are_the_hosts() {
    let (connection, server) = hostile(|profile| profile).await;
    for (name, value) in [
        ("Authorization", "Bearer mine"),
        ("AUTHORIZATION", "Basic bWluZQ=="),
        ("cookie", "session=mine"),
        ("proxy-authorization", "Basic bWluZQ=="),
    ] {
        let input = json!({ "path": "/x", "name": name, "value": value });
        // Whether the header is refused or dropped, it must not arrive.
        let _ = connection.call("fetch-with-header", input).await;
        for received in server.received() {
            assert_eq!(received.headers["authorization"], format!("Bearer {CANARY}"), "{name}");
            assert!(!received.headers.values().any(|value| value.contains("mine") || value.contains("bWlu")));
        }
    }
}

#[tokio::test]
async fn the_quota_counts_requests_and_not_calls() {
    let limit = Limit { calls: 5, period_seconds: 60 };
    let (connection, server) =
        hostile(|profile| profile.quota(limit).when_exceeded(WhenExceeded::Fail)).await;
    let failure = failed(&connection, AMPLE, "fetch-many", json!({ "path": "/x", "times": 20 })).await;
    assert_eq!(failure.case, FailureCase::Throttled);
    assert!(failure.retry_after_seconds.is_some_and(|seconds| (1..=60).contains(&seconds)), "{failure:?}");
    assert_eq!(server.received().len(), 5);
}

#[tokio::test]
async fn the_token_is_nowhere_in_the_memory_of_a_connector() {
    let (connection, server) = hostile(|profile| profile).await;
    server.answer(Answer { status: 200, body: b"what it may know".to_vec(), ..Answer::default() });
    let search = async |text: &str| {
        let shifted: Vec<u8> = text.bytes().map(|byte| byte.wrapping_add(1)).collect();
        let reply = connection.call("search-memory", json!({ "path": "/x", "shifted": shifted })).await;
        reply.expect("it may look").value()["value"].as_u64().expect("a number of places")
    };
    assert_eq!(search(CANARY).await, 0);
    assert!(search("what it may know").await > 0, "the search finds nothing at all");
    assert_eq!(
        server.received()[0].headers["authorization"],
        format!("Bearer {CANARY}"),
        "the token was not used"
    );
}

#[tokio::test]
async fn what_a_connector_returns_is_checked() {
    let (connection, _server) = hostile(|profile| profile).await;
    let lie = connection.call("lie-about-json", json!({})).await;
    assert!(matches!(lie, Err(CallError::Output(_))), "{lie:?}");
    let chatter = connection.call("chatter", json!({ "megabytes": 3 })).await;
    assert!(chatter.is_ok(), "{chatter:?}");
    let flood = failed(&connection, AMPLE, "flood", json!({ "megabytes": 200 })).await;
    assert_eq!(flood.case, FailureCase::ExecutionFailed);
}

/// The hostile connector, with little memory, connected to a server of its own.
async fn hostile(adjust: impl FnOnce(ProfileBuilder) -> ProfileBuilder) -> (Connection, Server) {
    static LOADED: LazyLock<(Host, Connector)> = LazyLock::new(|| {
        let host = Host::builder().concurrency(16).memory_limit(64 << 20).build().expect("the engine starts");
        let connector = host.load_file(guests::build("hostile-connector")).expect("it is a connector");
        (host, connector)
    });
    let (host, connector) = &*LOADED;
    let server = Server::start().await.expect("loopback is there");
    server.answer(Answer { status: 200, ..Answer::default() });
    // A quota of its own: the tests run side by side.
    let profile = adjust(profile(&server).bucket(server.origin())).build(connector.manifest());
    let connection = host.connect(connector, profile.expect("the profile is complete"));
    (connection.expect("nothing is sent yet"), server)
}

fn profile(server: &Server) -> ProfileBuilder {
    Profile::builder().api_url(server.origin()).allow_loopback_http(true).token(CANARY)
}

async fn failed(connection: &Connection, time: Duration, action: &str, input: Value) -> Failure {
    match connection.call_within(time, action, input).await {
        Err(CallError::Failed(failure)) => *failure,
        other => panic!("{action} was not stopped: {other:?}"),
    }
}
