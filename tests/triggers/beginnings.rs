//! From when on events count, and how a watch begins anew.

use std::time::Duration;

use defender_simulator::{Effect, Fault};

use super::world::{alerts, api, home, ids, lines};
use crate::support::home::{Home, Outcome};

const WATCH: [&str; 5] = ["watch", "new-alerts", "--to", "-", "--once"];

async fn run(home: &Home, words: &[&str]) -> Outcome {
    let mut command = home.command(words);
    tokio::task::spawn_blocking(move || command.output().expect("the command starts").into())
        .await
        .expect("it ends")
}

#[tokio::test(flavor = "multi_thread")]
async fn events_between_the_first_start_and_the_first_answered_poll_are_delivered() {
    let api = api().await;
    let home = home(&api);
    let failing =
        Fault::new(Effect::Status { status: 403, body: None, content_type: None, retry_after: None });
    api.faults().add(failing.on("GetAlerts"));
    let refused = run(&home, &WATCH).await;
    assert_ne!(refused.code, 0, "{refused:?}");
    // Created and visible before any poll is answered.
    let missed = api.add_alert(Default::default());
    tokio::time::sleep(Duration::from_millis(1100)).await;
    api.faults().clear();
    assert_eq!(ids(&lines(&run(&home, &WATCH).await.done().stdout)), [missed]);
    assert_eq!(run(&home, &WATCH).await.done().stdout, "", "and come once");
}

#[tokio::test(flavor = "multi_thread")]
async fn so_long_ago_is_counted_from_the_first_start_and_not_from_the_first_answer() {
    let api = api().await;
    let home = home(&api);
    let start = api.clock().now();
    let expected = alerts(&api, start.before(Duration::from_secs(1)), 0..1);
    let failing =
        Fault::new(Effect::Status { status: 403, body: None, content_type: None, retry_after: None });
    api.faults().add(failing.on("GetAlerts"));
    let watch = [&WATCH[..], &["--since", "3s"]].concat();
    run(&home, &watch).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    api.faults().clear();
    assert_eq!(ids(&lines(&run(&home, &watch).await.done().stdout)), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn since_is_for_a_first_start_and_restart_begins_anew() {
    let api = api().await;
    let home = home(&api);
    let start = api.clock().now();
    run(&home, &WATCH).await.done();
    let expected = alerts(&api, start.before(Duration::from_secs(7200)), 0..2);
    let ignored = run(&home, &[&WATCH[..], &["--since", "3h"]].concat()).await.done();
    assert_eq!(ignored.stdout, "");
    assert!(ignored.stderr.contains("going on where it left off (first started at 20"), "{ignored:?}");
    assert!(ignored.stderr.contains("--restart begins anew"), "{ignored:?}");
    let anew = run(&home, &[&WATCH[..], &["--since", "3h", "--restart"]].concat()).await.done();
    let got = ids(&lines(&anew.stdout));
    assert!(expected.iter().all(|id| got.contains(id)), "{got:?}");
    assert!(anew.stderr.contains("begins anew"), "{anew:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_without_a_zone_is_refused_wherever_it_is_written() {
    let api = api().await;
    let home = home(&api);
    let original = std::fs::read_to_string(home.config()).expect("there is a configuration");
    for time in ["2026-03-29T22:30:00", "2026-03-29T22:30", "2026-03-29 22:30:00"] {
        let refused = run(&home, &[&WATCH[..], &["--since", time]].concat()).await;
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.stderr.contains("has no time zone"), "{refused:?}");
        home.configure(&format!(
            "{original}\n[triggers.soc]\ntrigger = \"new-alerts\"\nto = \"-\"\nsince = \"{time}\"\n"
        ));
        let refused = run(&home, &["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]).await;
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.stderr.contains("has no time zone"), "{refused:?}");
        home.configure(&original);
    }
    for time in ["2026-03-29", "1w", "1h30m", "now", "2026-03-29T22:30:00[Europe/Berlin]"] {
        run(&home, &[&WATCH[..], &["--since", time, "--restart"]].concat()).await.done();
    }
}
