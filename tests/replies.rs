//! Replies as the wire may bring them, through the whole program: the right output or a typed failure, and never
//! exit code 1, which would mean that something happened for which nobody had a name.

use std::time::{Duration, SystemTime};

use defender_simulator::{Effect, Fault, Simulator};
use serde_json::json;

use crate::support::home::{Home, simulator};

#[tokio::test(flavor = "multi_thread")]
async fn large_replies_arrive_whole() {
    let simulator = unlimited(json!({ "generate": { "machines": 9_988 } })).await;
    let home = Home::of(&simulator);
    let machines = home.run(&["call", "list-machines", "--output", "json"]).done().json();
    assert_eq!(machines["value"].as_array().map(Vec::len), Some(10_000));

    for megabytes in [30, 64] {
        simulator
            .faults()
            .add(Fault::new(Effect::Padded { bytes: megabytes << 20 }).on("GetSingleMachine").times(1));
        let padded =
            home.run(&["call", "get-machine", "--machine-id", machine(), "--output", "json"]).done().json();
        assert_eq!(padded["id"], machine(), "{megabytes} MiB");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_over_the_bound_is_a_typed_failure() {
    let simulator = unlimited(json!({})).await;
    let home = Home::of(&simulator);
    let config = std::fs::read_to_string(home.config()).expect("the home has a configuration");
    home.configure(&config.replace("allow-loopback-http", "max-reply-bytes = 1000000\nallow-loopback-http"));
    simulator.faults().add(Fault::new(Effect::Padded { bytes: 2 << 20 }).on("GetSingleMachine"));
    let outcome = home.run(&["call", "get-machine", "--machine-id", machine(), "--output", "json"]);
    assert_eq!(outcome.code, 9, "{outcome:?}");
    assert_eq!(outcome.error()["error"]["case"], "permanent-unexpected-reply");
    assert!(outcome.error().to_string().contains("1000000"), "{outcome:?}");
}

/// Each of these things takes some hundred times its two bytes.
#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_needs_too_much_memory_is_a_typed_failure() {
    let simulator = unlimited(json!({})).await;
    let home = Home::of(&simulator);
    let body = format!("{{\"value\":[{}{{}}]}}", "{},".repeat(1_400_000));
    let dense = Effect::Status {
        status: 200,
        body: Some(body),
        content_type: Some("application/json".into()),
        retry_after: None,
    };
    simulator.faults().add(Fault::new(dense).on("GetMachines"));
    let outcome = home.run(&["call", "list-machines"]);
    assert_eq!(outcome.code, 9, "{outcome:?}");
    assert!(outcome.stderr.contains("1024 MiB"), "{outcome:?}");
    assert!(
        outcome.stderr.contains("hint: ask for less at a time, with a filter or a smaller page"),
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_was_accepted_is_said_to_be_whatever_came_after() {
    let simulator = unlimited(json!({})).await;
    let home = Home::with(&simulator, "");
    let config = std::fs::read_to_string(home.config()).expect("the home has a configuration");
    home.configure(&config.replace("allow-loopback-http", "max-reply-bytes = 1000000\nallow-loopback-http"));
    let isolate =
        ["call", "isolate-machine", "--machine-id", machine(), "--comment", "x", "--isolation-type", "full"];
    for effect in [Effect::TruncatedJson, Effect::Html { status: 200 }, Effect::Padded { bytes: 2 << 20 }] {
        simulator.faults().add(Fault::new(effect.clone()).on("IsolateMachine").once_processed());
        let outcome = home.run(&isolate);
        simulator.faults().clear();
        assert_eq!(outcome.code, 9, "{effect:?}: {outcome:?}");
        assert!(outcome.stderr.contains("accepted the change"), "{effect:?}: {outcome:?}");
        assert!(
            outcome.stderr.contains("look at what has changed before calling again"),
            "{effect:?}: {outcome:?}"
        );
        simulator.reset();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_of_a_megabyte_arrives_whole() {
    let simulator = unlimited(json!({})).await;
    let home = Home::of(&simulator);
    let query = format!("DeviceInfo | where DeviceName != '{}' | take 1", "x".repeat(1 << 20));
    let input = home.path().join("query.json");
    std::fs::write(&input, json!({ "Query": query }).to_string()).expect("the home can be written");
    let input = format!("@{}", input.display());
    let found = home.run(&["call", "run-hunting-query", "--input", &input, "--output", "json"]).done().json();
    assert_eq!(found["results"].as_array().map(Vec::len), Some(1));
    let arrived = simulator.log().iter().find(|arrival| arrival.path.ends_with("/run")).cloned();
    let body: serde_json::Value =
        serde_json::from_slice(arrived.expect("it arrived").body()).expect("it is JSON");
    assert_eq!(body["Query"], query);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_api_answers_has_a_name_and_an_exit_code() {
    let simulator = unlimited(json!({})).await;
    let home = Home::of(&simulator);
    let later = httpdate(Duration::from_secs(3600));
    let faults = [
        ("429 with seconds", throttled(Some("3600")), 5),
        ("429 with a date", throttled(Some(&later)), 5),
        ("429 with junk", throttled(Some("soon")), 5),
        ("429 with nothing", throttled(None), 5),
        ("truncated JSON", Effect::TruncatedJson, 9),
        ("HTML with 200", Effect::Html { status: 200 }, 9),
        ("HTML with 404", Effect::Html { status: 404 }, 4),
        ("204", Effect::NoContent, 9),
        ("a byte order mark", Effect::ByteOrderMark, 0),
        ("10k nesting", Effect::DeepJson { depth: 10_000 }, 9),
        ("a redirect", Effect::Redirect { location: "https://example.com/".into(), status: None }, 9),
        ("a header that is not UTF-8", Effect::NonUtf8Header, 0),
        ("another content type", Effect::ContentType { value: "text/plain".into() }, 0),
        ("401 of a licence", Effect::NoTvmLicense, 3),
        ("401 of an account", Effect::AccountInactive, 3),
    ];
    for (name, effect, code) in faults {
        simulator.faults().add(Fault::new(effect).on("GetSingleMachine"));
        let call =
            ["call", "get-machine", "--machine-id", machine(), "--output", "json", "--deadline", "20s"];
        let outcome = home.run(&call);
        simulator.faults().clear();
        assert_eq!(outcome.code, code, "{name}: {outcome:?}");
        match code {
            0 => assert_eq!(outcome.json()["id"], machine(), "{name}"),
            _ => assert!(outcome.error()["error"]["message"].is_string(), "{name}: {outcome:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seconds_of_a_429_are_told() {
    let simulator = unlimited(json!({})).await;
    let home = Home::of(&simulator);
    let call = ["call", "get-machine", "--machine-id", machine(), "--output", "json"];
    simulator.faults().add(Fault::new(throttled(Some("1234"))).on("GetSingleMachine"));
    assert_eq!(home.run(&call).error()["error"]["retryAfterSeconds"], 1234);
    simulator.faults().clear();
    simulator
        .faults()
        .add(Fault::new(throttled(Some(&httpdate(Duration::from_secs(3600))))).on("GetSingleMachine"));
    let seconds = home.run(&call).error()["error"]["retryAfterSeconds"].as_u64().expect("seconds are told");
    assert!((3500..=3600).contains(&seconds), "{seconds}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_reply_is_lost_was_sent_once_and_is_of_unknown_outcome() {
    let simulator = unlimited(json!({})).await;
    let home = Home::of(&simulator);
    for effect in [Effect::Drop, Effect::CutOff, Effect::Html { status: 502 }, Effect::InternalError] {
        simulator.clear_log();
        simulator.faults().add(Fault::new(effect.clone()).on("IsolateMachine").once_processed());
        let isolate =
            ["--machine-id", machine(), "--comment", "x", "--isolation-type", "full", "--output", "json"];
        let outcome = home.run(&[&["call", "isolate-machine"], &isolate[..]].concat());
        simulator.faults().clear();
        assert_eq!(outcome.code, 8, "{effect:?}: {outcome:?}");
        assert_eq!(outcome.error()["error"]["case"], "permanent-outcome-unknown");
        let sent = simulator.log().iter().filter(|arrival| arrival.path.ends_with("/isolate")).count();
        assert_eq!(sent, 1, "{effect:?}");
        simulator.reset();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expires_is_renewed_once_and_nobody_notices() {
    let simulator = unlimited(json!({ "settings": { "nextLinkAfter": 4 } })).await;
    let home = Home::of(&simulator);
    simulator.faults().add(
        Fault::new(Effect::Status {
            status: 401,
            body: Some(r#"{"error":{"code":"Unauthorized","message":"The token is expired"}}"#.into()),
            content_type: None,
            retry_after: None,
        })
        .on("GetMachines")
        .after(1)
        .times(1),
    );
    let machines = home.run(&["call", "list-machines", "--all", "--output", "json"]).done().json();
    assert_eq!(machines["value"].as_array().map(Vec::len), Some(12));
    let tokens = simulator.log().iter().filter(|arrival| arrival.path.ends_with("/token")).count();
    assert_eq!(tokens, 2);
}

/// A stand-in API without limits: these tests are about replies.
async fn unlimited(mut options: serde_json::Value) -> Simulator {
    options["limits"] = json!({ "mode": "off" });
    simulator(options).await
}

fn machine() -> &'static str {
    defender_simulator::names::DESKTOP.id
}

fn throttled(retry_after: Option<&str>) -> Effect {
    Effect::Status {
        status: 429,
        body: Some(r#"{"error":{"code":"429","message":"API calls quota exceeded! maximum allowed 45 per 00:01:00"}}"#.into()),
        content_type: None,
        retry_after: retry_after.map(Into::into),
    }
}

/// A time from now, as HTTP writes it (RFC 9110, section 5.6.7).
fn httpdate(from_now: Duration) -> String {
    httpdate::fmt_http_date(SystemTime::now() + from_now)
}
