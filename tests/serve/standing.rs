//! What the server tells of itself, and what it refuses to begin with.

use std::time::Duration;

use super::world::{Serving, by_hand, configure, metric, notification, pushed, until};
use crate::triggers::world::{self, alerts, api, events, home, ids, receiver};

/// A table of a polled trigger.
fn polled(name: &str, to: &str, more: &str) -> String {
    let loopback = to.starts_with("http");
    format!(
        "[triggers.{name}]\ntrigger = \"new-alerts\"\nto = \"{to}\"\nallow-loopback-http = {loopback}\n{more}\n"
    )
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn metrics_tell_how_it_stands() {
    let api = api().await;
    let (home, receiver) = (home(&api), receiver(503).await);
    let since = format!("since = \"{}\"\ninterval = \"50ms\"", api.clock().now());
    let expected = alerts(&api, api.clock().now(), 0..3);
    configure(&home, &polled("soc", &receiver.origin(), &since));
    let serving = Serving::start(&home, &[], &[]).await;
    serving.ready().await;
    assert!(serving.address.is_empty() || !serving.stderr().contains("received at"), "nothing is pushed");
    until("a delivery is tried", || !receiver.received().is_empty()).await;

    let began = std::time::Instant::now();
    let failed = "connector_deliveries_total{trigger=\"soc\",outcome=\"failed\"}";
    let metrics = loop {
        let (status, text) = serving.ask("/metrics").await;
        assert_eq!(status, 200, "{text}");
        if metric(&text, failed).is_some_and(|count| count >= 1.0) {
            break text;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{text}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    for (line, least) in [
        ("connector_polls_total{trigger=\"soc\",outcome=\"answered\"}", 1.0),
        ("connector_events_found_total{trigger=\"soc\"}", 3.0),
        ("connector_backlog_events{trigger=\"soc\"}", 3.0),
        ("connector_quota_used_calls{connection=\"default\"}", 0.0),
        ("connector_quota_limit_calls{connection=\"default\"}", 1_000_000.0),
        ("connector_quota_waiting_calls{connection=\"default\"}", 0.0),
        ("connector_trigger_ready{trigger=\"soc\"}", 1.0),
        ("connector_dead_events{trigger=\"soc\"}", 0.0),
    ] {
        let value = metric(&metrics, line).unwrap_or_else(|| panic!("{line} is not in\n{metrics}"));
        assert!(value >= least, "{line} {value}");
    }
    assert!(metric(&metrics, "connector_backlog_age_seconds{trigger=\"soc\"}").is_some_and(|age| age > 0.0));
    parses(&metrics);

    world::answer(&receiver, 200, &[]);
    receiver.received();
    let mut got = Vec::new();
    until("all arrive", || {
        got.extend(events(&receiver.received()));
        got.len() >= expected.len()
    })
    .await;
    assert_eq!(ids(&got)[got.len() - 3..], expected);
    let (code, said) = serving.end().await;
    assert_eq!(code, Some(0), "{said}");
}

/// Checks that text is what Prometheus reads: each line is a comment on a metric, or a name, labels and a number.
fn parses(text: &str) {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let mut known = Vec::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let words: Vec<&str> = comment.splitn(3, ' ').collect();
            assert!(matches!(words[..], ["HELP" | "TYPE" | "UNIT", name, _] if is_name(name)), "{line}");
            known.push(words[1].to_owned());
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap_or_default();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        assert!(is_name(name) && labels.ends_with('}'), "{line}");
        assert!(known.iter().any(|known| name.starts_with(known.as_str())), "{line} is not announced");
        for label in labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty()) {
            let (name, value) = label.split_once('=').unwrap_or_default();
            assert!(
                is_name(name) && value.len() > 1 && value.starts_with('"') && value.ends_with('"'),
                "{line}"
            );
        }
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_is_finished_at_the_end() {
    let api = api().await;
    let home = home(&api);
    // A program that takes its time.
    let file = home.path().join("got");
    let to = format!("exec:sh -c 'cat > {0}.part; sleep 1; mv {0}.part {0}'", file.display());
    configure(&home, &by_hand("alerts", &to));
    let serving = Serving::start(&home, &[], &[]).await;
    serving.ready().await;
    let taken = serving.notify("alerts", &notification("a1")).await.expect("it answers");
    assert_eq!(taken.status(), 200);
    let begun = file.with_extension("part");
    until("the program runs", || begun.exists()).await;
    let (code, said) = serving.end().await;
    assert_eq!(code, Some(0), "{said}");
    assert!(file.exists(), "the delivery was broken off");
    let pending = home.run(&["events", "pending", "--output", "json"]).done();
    assert_eq!(pending.json(), serde_json::json!([]), "it was acknowledged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_cannot_be_is_refused() {
    let api = api().await;
    let home = home(&api);
    let original = std::fs::read_to_string(home.config()).expect("there is a configuration");
    let hook = "https://soar.example.com/hook";
    for (tables, expected) in [
        (String::new(), "has no triggers"),
        (polled("soc", hook, "intervall = \"5s\""), "unknown key `intervall`"),
        (polled("soc", hook, "interval = \"soon\""), "triggers.soc: the value of `interval`"),
        (polled("soc", hook, "since = \"yesterday\""), "triggers.soc: `since` is wrong: `yesterday`"),
        (polled("soc", hook, "quota-share = 0"), "triggers.soc: the value of `quota-share`"),
        (
            polled("soc", hook, "verify-env = [\"X\"]"),
            "`verify-env` is for triggers with `source = \"push\"`",
        ),
        (pushed("soc", hook, "overlap = \"1h\""), "`overlap` is for triggers with `source = \"poll\"`"),
        (polled("\"so c\"", hook, ""), "the name may have lower-case letters"),
        (polled("a", hook, "") + &polled("b", hook, ""), "triggers.b: it is the same trigger"),
        (polled("soc", hook, "connection = \"other\""), "no connection \"other\""),
        (
            "[triggers.soc]\ntrigger = \"new-alert\"\nto = \"-\"".into(),
            "triggers.soc: the connector has no trigger",
        ),
        ("[triggers.soc]\ntrigger = \"new-alerts\"".into(), "the key `to` is missing"),
        (polled("soc", "http://soar.example.com/hook", ""), "triggers.soc: events may not be sent"),
        (polled("soc", hook, "secret-env = [\"NOT_SET\"]"), "NOT_SET"),
        (
            pushed("soc", hook, "path-secret-env = \"SHORT\""),
            "triggers.soc: the secret in SHORT must have at least",
        ),
    ] {
        home.configure(&format!("{original}\n{tables}"));
        let mut command = home.command(&["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        let output = command.env("SHORT", "abc").output().expect("the command starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{tables}: {said}");
        assert!(said.contains(expected) && said.contains("hint: "), "{tables}: {said}");
    }
}
