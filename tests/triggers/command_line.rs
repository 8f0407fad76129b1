//! `connector watch` and `connector events`, as their user sees them.

use std::process::Stdio;
use std::time::Duration;

use defender_simulator::{Effect, Fault, NewActivity};

use super::world::{SECRETS, alerts, answer, api, events, home, ids, lines, receiver};
use crate::support::home::{Home, Outcome};

/// Runs a command without holding up the servers of the test.
pub(super) async fn run(home: &Home, words: &[&str]) -> Outcome {
    let mut command = home.command(words);
    command.env("HOOK_SECRET", SECRETS[0]).env("OLD_HOOK_SECRET", SECRETS[1]).env("NO_SECRET", "open sesame");
    tokio::task::spawn_blocking(move || command.output().expect("the command starts").into())
        .await
        .expect("it ends")
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_lines_and_come_once() {
    let (api, home) = {
        let api = api().await;
        (api.clone(), home(&api))
    };
    let start = api.clock().now();
    let since = start.to_string();
    let watch = ["watch", "new-alerts", "--to", "-", "--once", "--since", &since];

    let none = run(&home, &watch).await.done();
    assert_eq!(none.stdout, "");
    let expected = alerts(&api, start, 0..5);
    let first = run(&home, &watch).await.done();
    assert_eq!(ids(&lines(&first.stdout)), expected);
    assert!(first.stderr.contains("5 new events, 5 delivered"), "{first:?}");
    let event = &lines(&first.stdout)[0];
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["type"], "defender-atp.new-alerts");
    assert_eq!(event["source"], "/defender-atp/default/new-alerts");
    assert_eq!((&event["subject"], &event["data"]["id"]), (&event["id"], &event["id"]));
    assert_eq!(event["time"], event["data"]["alertCreationTime"]);
    assert_eq!(event["datacontenttype"], "application/json");

    assert_eq!(run(&home, &watch).await.done().stdout, "", "nothing comes twice");
    let more = alerts(&api, start, 5..7);
    let second = run(&home, &["watch", "new-alerts", "--to", "-", "--once"]).await.done();
    assert_eq!(ids(&lines(&second.stdout)), more, "it goes on where it left off");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_nobody_listens_to_goes_on() {
    let api = api().await;
    let home = home(&api);
    let start = api.clock().now();
    let expected = alerts(&api, start, 0..5);
    let since = start.to_string();
    let mut command = home.command(&["watch", "new-alerts", "--to", "-", "--once", "--since", &since]);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    // Whoever read what it says has gone.
    drop(child.stderr.take());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().expect("it ends"));
    let outcome = Outcome::from(output.await.expect("it ends")).done();
    assert_eq!(ids(&lines(&outcome.stdout)), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_is_from_now_on() {
    let api = api().await;
    let home = home(&api);
    let watch = ["watch", "new-alerts", "--to", "-", "--once"];
    assert_eq!(run(&home, &watch).await.done().stdout, "", "what was there before is not reported");
    let id = api.add_alert(Default::default());
    assert_eq!(ids(&lines(&run(&home, &watch).await.done().stdout)), [id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn remediation_activities_are_watched_as_well() {
    let api = api().await;
    let home = home(&api);
    let watch = ["watch", "new-remediation-activities", "--to", "-", "--once"];
    assert_eq!(run(&home, &watch).await.done().stdout, "", "what was there before is not reported");
    let expected: Vec<String> = (1..=3)
        .map(|number| {
            let activity = NewActivity { title: Some(format!("Update {number}")), ..NewActivity::default() };
            let id = api.add_remediation_activity(activity);
            api.clock().advance(Duration::from_millis(1));
            id
        })
        .collect();
    let got = lines(&run(&home, &watch).await.done().stdout);
    assert_eq!(ids(&got), expected);
    assert_eq!(got[2]["type"], "defender-atp.new-remediation-activities");
    assert_eq!(got[2]["source"], "/defender-atp/default/new-remediation-activities");
    assert_eq!((&got[2]["data"]["id"], &got[2]["data"]["title"]), (&got[2]["id"], &"Update 3".into()));
    assert_eq!(run(&home, &watch).await.done().stdout, "", "nothing comes twice");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_program_acknowledges_by_its_exit_code() {
    let api = api().await;
    let home = home(&api);
    let start = api.clock().now();
    let since = start.to_string();
    let expected = alerts(&api, start, 0..3);
    let file = home.path().join("got");
    // Fails at the second event, but only the first time.
    let script = home.path().join("script");
    let text = "read -r line; case $line in *alert-000001*) [ -e failed ] || { : > failed; echo 'not now' >&2; exit 3; };; \
                esac; printf '%s\\n' \"$line\" >> got; env > environment";
    std::fs::write(&script, text).expect("the temporary directory can be written");
    let to = format!("exec:sh -c 'cd {}; . ./script'", home.path().display());
    let outcome = run(&home, &["watch", "new-alerts", "--to", &to, "--once", "--since", &since]).await.done();
    assert!(outcome.stderr.contains("attempt 1") && outcome.stderr.contains("not now"), "{outcome:?}");
    let got = std::fs::read_to_string(file).expect("the program ran");
    assert_eq!(ids(&lines(&got)), expected);
    let environment = std::fs::read_to_string(home.path().join("environment")).expect("the program ran");
    assert!(!environment.contains(api.client_secret()), "the program got the connection's secret");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_does_not_take_waits() {
    let api = api().await;
    let home = home(&api);
    let start = api.clock().now();
    let since = start.to_string();
    alerts(&api, start, 0..2);
    let hang = "exec:sh -c 'sleep 100 & sleep 100'";
    let words = [
        "watch",
        "new-alerts",
        "--to",
        hang,
        "--once",
        "--since",
        &since,
        "--timeout",
        "100ms",
        "--output",
        "json",
    ];
    let outcome = run(&home, &words).await;
    assert_eq!(outcome.code, 7, "{outcome:?}");
    let error = outcome.error();
    assert!(error["error"]["message"].as_str().unwrap_or_default().contains("2 wait"), "{error}");
    assert!(error["error"]["message"].as_str().unwrap_or_default().contains("did not end within"), "{error}");

    let pending = run(&home, &["events", "pending", "--output", "json"]).await.done().json();
    assert_eq!(pending[0]["attempts"], 3);
    assert_eq!((&pending[0]["id"], &pending[1]["id"]), (&"alert-000000".into(), &"alert-000001".into()));
    let table = run(&home, &["events", "list"]).await.done().stdout;
    assert!(table.contains("defender-atp/default/new-alerts") && table.contains("idle"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_ends_the_watch_for_good() {
    let api = api().await;
    let home = home(&api);
    let start = api.clock().now();
    let since = start.to_string();
    let expected = alerts(&api, start, 0..2);
    let receiver = receiver(410).await;
    let to = receiver.origin();
    let words = ["watch", "new-alerts", "--to", &to, "--since", &since, "--allow-loopback-http"];
    // Without --once: it ends by itself.
    let outcome = run(&home, &words).await;
    assert_eq!(outcome.code, 6, "{outcome:?}");
    assert!(outcome.stderr.contains("410 Gone") && outcome.stderr.contains("events resume"), "{outcome:?}");
    assert_eq!(receiver.received().len(), 1);
    answer(&receiver, 200, &[]);
    let once = [&words[..], &["--once"]].concat();
    assert_eq!(run(&home, &once).await.code, 6, "it stays stopped");
    assert!(receiver.received().is_empty());
    run(&home, &["events", "resume", "new-alerts"]).await.done();
    run(&home, &once).await.done();
    assert_eq!(ids(&events(&receiver.received())), expected, "nothing was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_is_kept_and_can_be_replayed() {
    let api = api().await;
    let home = home(&api);
    let start = api.clock().now();
    let since = start.to_string();
    alerts(&api, start, 0..1);
    let receiver = receiver(500).await;
    let to = receiver.origin();
    let words = ["watch", "new-alerts", "--to", &to, "--once", "--since", &since, "--allow-loopback-http"];
    let short = [&words[..], &["--give-up", "1ms"]].concat();
    let outcome = run(&home, &short).await.done();
    assert!(outcome.stderr.contains("1 dead"), "{outcome:?}");
    let dead = run(&home, &["events", "dead", "new-alerts", "--output", "json"]).await.done().json();
    assert_eq!(dead[0]["id"], "alert-000000");
    assert!(dead[0]["reason"].as_str().unwrap_or_default().contains("500"), "{dead}");
    assert_eq!(dead[0]["data"]["id"], "alert-000000");

    let wrong = run(&home, &["events", "replay", "new-alerts", "alert-000001"]).await;
    assert_eq!(wrong.code, 2, "{wrong:?}");
    run(&home, &["events", "replay", "new-alerts", "alert-000000"]).await.done();
    receiver.received();
    answer(&receiver, 204, &[]);
    run(&home, &words).await.done();
    assert_eq!(ids(&events(&receiver.received())), ["alert-000000"]);
    let list = run(&home, &["events", "list", "--output", "json"]).await.done().json();
    assert_eq!(
        list[0]["failingSince"],
        serde_json::Value::Null,
        "a delivery that succeeds ends what an earlier run noted: {list}"
    );
    assert_eq!(
        run(&home, &["events", "dead", "--output", "json"]).await.done().json(),
        serde_json::json!([])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_at_a_time_watches() {
    let api = api().await;
    let home = home(&api);
    let mut first = home
        .command(&["watch", "new-alerts", "--to", "-"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the command starts");
    let running = loop {
        let list = run(&home, &["events", "list", "--output", "json"]).await.done().json();
        if list[0]["state"] == "running" {
            break list;
        }
    };
    assert_eq!(running[0]["watch"], "defender-atp/default/new-alerts");
    let second = run(&home, &["watch", "new-alerts", "--to", "-"]).await;
    assert_eq!(second.code, 6, "{second:?}");
    assert!(second.stderr.contains("watched already"), "{second:?}");
    let forget = run(&home, &["events", "forget", "new-alerts"]).await;
    assert_eq!(forget.code, 2, "{forget:?}");
    first.kill().and_then(|()| first.wait()).expect("it can be killed");
    // What killed it gave the watch back.
    run(&home, &["watch", "new-alerts", "--to", "-", "--once"]).await.done();
    run(&home, &["events", "forget", "default/new-alerts"]).await.done();
    assert_eq!(
        run(&home, &["events", "list", "--output", "json"]).await.done().json(),
        serde_json::json!([])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told_before_anything_is_sent() {
    let api = api().await;
    let home = home(&api);
    for (words, hint) in [
        (&["watch", "new-alert", "--to", "-"][..], "did you mean `new-alerts`?"),
        (&["watch", "new-alerts", "--to", "http://127.0.0.1:9/"], "--allow-loopback-http"),
        (&["watch", "new-alerts", "--to", "http://example.com/"], "https address"),
        (&["watch", "new-alerts", "--to", "https://10.0.0.1/"], "https address"),
        (&["watch", "new-alerts", "--to", "ftp://example.com/"], "absolute address"),
        (&["watch", "new-alerts", "--to", "exec:'"], "exec:program"),
        (&["watch", "new-alerts", "--to", "-", "--binary"], "leave them out"),
        (&["watch", "new-alerts", "--to", "-", "--since", "soon"], "2030-01-31"),
        (&["watch", "new-alerts", "--to", "-", "--format", "cloud"], "`cloudevent` or `body`"),
        (
            &["watch", "new-alerts", "--to", "https://example.com/", "--format", "body", "--binary"],
            "leave --binary",
        ),
        (&["watch", "new-alerts", "--to", "https://example.com/", "--secret-env", "NO_SECRET"], "whsec_"),
        (&["watch", "new-alerts", "--to", "-", "--overlap", "2d", "--once"], ""),
    ] {
        let outcome = run(&home, words).await;
        assert_eq!(outcome.code, 2, "{words:?} {outcome:?}");
        assert!(outcome.stderr.contains(hint) && !outcome.stderr.contains("open sesame"), "{outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_fails_for_a_while_is_waited_for() {
    let api = api().await;
    let home = home(&api);
    let start = api.clock().now();
    let since = start.to_string();
    let watch = ["watch", "new-alerts", "--to", "-", "--once", "--since", &since];
    api.revoke_role("Alert.Read.All");
    api.revoke_role("Alert.ReadWrite.All");
    let refused = run(&home, &watch).await;
    assert_eq!(refused.code, 3, "{refused:?}");
    api.grant_role("Alert.Read.All");
    api.faults().add(Fault::new(Effect::Drop).on("GetAlerts").times(2));
    let expected = alerts(&api, start, 0..2);
    assert_eq!(ids(&lines(&run(&home, &watch).await.done().stdout)), expected);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_reads_is_not_said_to_be_delivered() {
    let api = api().await;
    let home = home(&api);
    let start = api.clock().now();
    let since = start.to_string();
    let expected = alerts(&api, start, 0..3);
    let words = ["watch", "new-alerts", "--to", "-", "--once", "--since", &since];
    let mut command = home.command(&words);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let closed = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().expect("the command starts");
        drop(child.stdout.take());
        child.wait_with_output().expect("it ends")
    });
    let outcome: Outcome = closed.await.expect("it ends").into();
    assert_eq!(outcome.code, 7, "{outcome:?}");
    assert!(outcome.stderr.contains("3 wait") && outcome.stderr.contains("closed"), "{outcome:?}");
    assert_eq!(ids(&lines(&run(&home, &words).await.done().stdout)), expected, "nothing is lost");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_was_cut_off_in_a_file_spoils_no_other() {
    let api = api().await;
    let home = home(&api);
    let start = api.clock().now();
    let since = start.to_string();
    let file = home.path().join("events.ndjson");
    std::fs::write(&file, "{\"id\":\"cut o").expect("the home can be written");
    for round in 0..2 {
        alerts(&api, start, round * 2..round * 2 + 2);
        let out = std::fs::OpenOptions::new().append(true).open(&file).expect("it is there");
        let mut command = home.command(&["watch", "new-alerts", "--to", "-", "--once", "--since", &since]);
        let status = tokio::task::spawn_blocking(move || command.stdout(out).status().expect("it starts"));
        assert!(status.await.expect("it ends").success());
    }
    let text = std::fs::read_to_string(&file).expect("it is there");
    let (torn, whole) = text.split_once('\n').expect("there are lines");
    assert_eq!((torn, lines(whole).len()), ("{\"id\":\"cut o", 4), "{text}");
}
