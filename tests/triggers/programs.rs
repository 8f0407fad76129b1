//! Programs that take events, and what they leave running.

use std::path::Path;
use std::time::{Duration, Instant};

use defender_simulator::NewAlert;

use super::world::{alerts, api, home};
use crate::support::home::{Home, Outcome};

async fn watch(home: &Home, to: &str, since: &str, more: &[&str]) -> Outcome {
    let words = ["watch", "new-alerts", "--once", "--to", to, "--since", since];
    let mut command = home.command(&[&words[..], more].concat());
    tokio::task::spawn_blocking(move || command.output().expect("the command starts").into())
        .await
        .expect("it ends")
}

fn lines(file: &Path) -> usize {
    std::fs::read_to_string(file).map_or(0, |text| text.lines().count())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_leaves_a_child_with_its_pipes_behind_acknowledges_at_once() {
    let api = api().await;
    let home = home(&api);
    let start = api.clock().now();
    alerts(&api, start, 0..1);
    let log = home.path().join("log");
    let to = format!("exec:/bin/sh -c 'cat >/dev/null; sleep 30 & echo ran >> {}'", log.display());
    let began = Instant::now();
    let outcome = watch(&home, &to, &start.to_string(), &["--timeout", "20s"]).await.done();
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(lines(&log), 1, "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn background_work_of_a_handler_that_succeeded_is_done() {
    let api = api().await;
    let home = home(&api);
    let start = api.clock().now();
    alerts(&api, start, 0..3);
    let log = home.path().join("log");
    let to = format!(
        "exec:/bin/sh -c '( sleep 1; echo done >> {} ) </dev/null >/dev/null 2>&1 & exit 0'",
        log.display()
    );
    watch(&home, &to, &start.to_string(), &[]).await.done();
    let began = Instant::now();
    while lines(&log) < 3 {
        assert!(began.elapsed() < Duration::from_secs(60), "{} of 3 were done", lines(&log));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_need_not_read_an_event_that_is_larger_than_a_pipe() {
    let api = api().await;
    let home = home(&api);
    let start = api.clock().now();
    api.add_alert(NewAlert {
        title: Some("x".repeat(300_000)),
        alert_creation_time: Some(start.after(Duration::from_millis(1))),
        visible_from: Some(start),
        ..NewAlert::default()
    });
    let outcome = watch(&home, "exec:true", &start.to_string(), &["--timeout", "20s"]).await.done();
    assert!(outcome.stderr.contains("1 new event, 1 delivered"), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_gets_the_data_under_body_as_logic_apps_deliver_it() {
    let api = api().await;
    let home = home(&api);
    let start = api.clock().now();
    let expected = alerts(&api, start, 0..1);
    let file = home.path().join("got");
    let to = format!("exec:/bin/sh -c 'cat > {}'", file.display());
    watch(&home, &to, &start.to_string(), &["--format", "body"]).await.done();
    let got = std::fs::read_to_string(file).expect("the program ran");
    let got: serde_json::Value = serde_json::from_str(&got).expect("it is JSON");
    assert_eq!(got["body"]["id"], expected[0].as_str());
    assert_eq!(got.as_object().map(|object| object.len()), Some(1), "{got}");
}
