//! What a server tells when it cannot do what it should, and what it hides.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use connector_host::serve::{Push, Report, Server};
use connector_host::triggers::{Event, News};
use defender_simulator::{Effect, Fault};

use super::world::{PATH_SECRET, Serving, by_hand, client, configure, metric, notification, until};
use crate::triggers::library::{FREE, Filling, connect, on_disk};
use crate::triggers::world::{self, api, events, home, ids, receiver};

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_that_cannot_be_stored_is_told_of() {
    let api = api().await;
    let (_folder, inner) = on_disk();
    let store = Arc::new(Filling { inner, full: AtomicBool::new(false) });
    let connection = connect(&api, store.clone(), "default", FREE);
    let (inbox, watch) = connection.push_trigger("new-alerts").expect("the connector has it").open();
    let told = Arc::new(AtomicUsize::new(0));
    let heard = told.clone();
    let push = Push { path_secret: Some(PATH_SECRET.to_owned().into()), ..Push::default() };
    let server = Server::builder()
        .pushed("alerts", inbox, watch.to(|_: Event| std::future::ready(())), push)
        .listen(([127, 0, 0, 1], 0).into())
        .admin(([127, 0, 0, 1], 0).into())
        .observe(move |_, report| {
            if let Report::News(News::StoreFailed { .. }) = report {
                heard.fetch_add(1, Ordering::SeqCst);
            }
        })
        .bind()
        .await
        .expect("loopback has free ports");
    let (hooks, admin) = (server.address().expect("it listens"), server.admin_address().expect("it tells"));
    let running = tokio::spawn(server.run_until(std::future::pending()));
    let ask = async |path: &str| {
        let answer = client().get(format!("http://{admin}{path}")).send().await.expect("it answers");
        (answer.status().as_u16(), answer.text().await.expect("it is text"))
    };
    while ask("/readyz").await.0 != 200 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let send = async || {
        let request = client().post(format!("http://{hooks}/hooks/alerts/{PATH_SECRET}"));
        let request = request.header("content-type", "application/json").body(notification("a1"));
        request.send().await.expect("it answers").status().as_u16()
    };
    store.full.store(true, Ordering::SeqCst);
    assert_eq!((send().await, send().await), (503, 503));
    let (status, text) = ask("/readyz").await;
    assert!(status == 503 && text.contains("no space is left"), "{text}");
    assert!(told.load(Ordering::SeqCst) > 0);
    let (status, text) = ask("/metrics").await;
    assert_eq!(status, 200, "{text}");
    assert!(metric(&text, "connector_store_failures_total").is_some_and(|count| count >= 2.0), "{text}");
    assert!(metric(&text, "connector_trigger_ready{trigger=\"alerts\"}").is_some_and(|ready| ready == 0.0));
    assert_eq!(metric(&text, "connector_backlog_events{trigger=\"alerts\"}"), None, "nobody knows");

    store.full.store(false, Ordering::SeqCst);
    assert_eq!(send().await, 200);
    while ask("/readyz").await.0 != 200 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (_, text) = ask("/metrics").await;
    assert!(metric(&text, "connector_backlog_events{trigger=\"alerts\"}").is_some(), "{text}");
    assert!(text.contains("connector_trigger_delivery_lag_seconds_total{trigger=\"alerts\"}"), "{text}");
    running.abort();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_program_sees_no_secret_of_any_connection_or_trigger() {
    let api = api().await;
    let home = home(&api);
    let file = home.path().join("environment");
    let other = "[connections.other]\ncloud = \"public\"\ntenant-id = \"t\"\n[connections.other.auth]\n\
                 kind = \"client-secret\"\nclient-id = \"c\"\nclient-secret-env = \"OTHER\"\n\
                 [triggers.polled]\ntrigger = \"new-alerts\"\nto = \"https://soar.example.com\"\nsecret-env = [\"SIGNING\"]\n";
    let verify = "verify-env = [\"VERIFYING\"]";
    let to = format!("exec:sh -c 'env > {0}.part; mv {0}.part {0}'", file.display());
    configure(&home, &format!("{}{verify}\n{other}", by_hand("alerts", &to)));
    let secret = world::SECRETS[0];
    let variables = [("OTHER", "hidden-1"), ("SIGNING", secret), ("VERIFYING", secret), ("SHOWN", "shown")];
    let serving = Serving::start(&home, &[], &variables).await;
    super::notifications::send_signed(&serving, secret, &notification("a1")).await;
    until("the program runs", || file.exists()).await;
    let environment = std::fs::read_to_string(&file).expect("the program ran");
    assert!(environment.contains("SHOWN=shown"), "{environment}");
    for hidden in ["hidden-1", secret, PATH_SECRET, api.client_secret()] {
        assert!(!environment.contains(hidden), "{hidden} is in {environment}");
    }
}

#[ignore = "takes half a minute"]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_replayed_while_nothing_comes_is_delivered_soon() {
    let api = api().await;
    let (home, receiver) = (home(&api), receiver(503).await);
    configure(&home, &format!("{}give-up = \"1ms\"\n", by_hand("alerts", &receiver.origin())));
    let serving = Serving::start(&home, &[], &[]).await;
    serving.ready().await;
    serving.notify("alerts", &notification("a1")).await.expect("it answers");
    until("it is given up", || serving.stderr().contains("is given up")).await;
    world::answer(&receiver, 200, &[]);
    receiver.received();
    home.run(&["events", "replay", "new-alerts/pushed", "--all"]).done();
    let mut got = Vec::new();
    until("it arrives", || {
        got.extend(ids(&events(&receiver.received())));
        !got.is_empty()
    })
    .await;
    assert_eq!(got, ["a1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn how_to_look_is_settled_before_anything_runs() {
    let api = api().await;
    let home = home(&api);
    let original = std::fs::read_to_string(home.config()).expect("there is a configuration");
    let table = "[triggers.soc]\ntrigger = \"new-alerts\"\nto = \"-\"";
    for (line, expected) in [
        ("overlap = \"25h\"", "the value of `overlap` is more than a day"),
        ("page-size = 0", "the value of `page-size`"),
        ("since = \"2 moons\"", "`since` is wrong: `2 moons` is not a time"),
    ] {
        home.configure(&format!("{original}\n{table}\n{line}\n"));
        let refused = home.run(&["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        assert!(refused.code == 2 && refused.stderr.contains(expected), "{refused:?}");
    }
    let words = ["watch", "new-alerts", "--to", "-", "--once", "--overlap", "25h"];
    let refused = home.run(&words);
    assert!(refused.code == 2 && refused.stderr.contains("at most a day"), "{refused:?}");
    home.configure(&format!("{original}\n{table}\nsince = \"2h\"\noverlap = \"24h\"\npage-size = 100\n"));
    let serving = Serving::start(&home, &[], &[]).await;
    serving.ready().await;
    assert!(serving.stderr().contains("serving 1 trigger;"), "{}", serving.stderr());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_dead_makes_the_trigger_not_ready_until_it_works_again() {
    let api = api().await;
    let (home, receiver) = (home(&api), receiver(500).await);
    configure(&home, &by_hand("alerts", &receiver.origin()));
    let serving = Serving::start(&home, &[], &[]).await;
    serving.ready().await;
    serving.notify("alerts", &notification("a1")).await.expect("it answers");
    until("three deliveries fail", || serving.stderr().contains("attempt 3")).await;
    let (status, text) = serving.ask("/readyz").await;
    assert!(status == 503 && text.contains("the last 3 deliveries failed"), "{text}");
    let (_, text) = serving.ask("/metrics").await;
    assert_eq!(metric(&text, "connector_trigger_ready{trigger=\"alerts\"}"), Some(0.0), "{text}");
    world::answer(&receiver, 200, &[]);
    serving.ready().await;
    let (_, text) = serving.ask("/metrics").await;
    assert_eq!(metric(&text, "connector_trigger_ready{trigger=\"alerts\"}"), Some(1.0), "{text}");
    let said = serving.stderr();
    assert_eq!(said.matches("alerts: events are delivered again").count(), 1, "{said}");
    let timed = |line: &str| line.len() > 20 && line.as_bytes()[10] == b'T' && line.starts_with("20");
    assert!(said.lines().all(timed), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_tells_once_that_polls_are_answered_again() {
    let api = api().await;
    let home = home(&api);
    let table = "[triggers.soc]\ntrigger = \"new-alerts\"\nto = \"-\"\ninterval = \"100ms\"";
    configure(&home, table);
    let serving = Serving::start(&home, &[], &[]).await;
    serving.ready().await;
    let failing = Effect::Status { status: 400, body: None, content_type: None, retry_after: None };
    api.faults().add(Fault::new(failing).on("GetAlerts"));
    until("a poll fails", || serving.stderr().contains("soc: the poll failed")).await;
    api.faults().clear();
    until("it recovers", || serving.stderr().contains("soc: polls are answered again, after ")).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let said = serving.stderr();
    assert_eq!(said.matches("answered again").count(), 1, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_plain_text_unless_open_metrics_is_asked_for() {
    let api = api().await;
    let home = home(&api);
    configure(&home, "[triggers.soc]\ntrigger = \"new-alerts\"\nto = \"-\"");
    let serving = Serving::start(&home, &[], &[]).await;
    serving.ready().await;
    let ask = async |accept: &str| {
        let request = client().get(format!("{}/metrics", serving.admin)).header("accept", accept);
        let answer = request.send().await.expect("it answers");
        let kind = answer.headers()["content-type"].to_str().expect("it is text").to_owned();
        (kind, answer.text().await.expect("it is text"))
    };
    let (kind, text) = ask("*/*").await;
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    assert!(!text.contains("# EOF"), "{text}");
    // What promtool checks: each sample's family has a help text and a type, under the sample's own name.
    let family = |sample: &str| {
        let name = sample.split(['{', ' ']).next().unwrap_or_default().to_owned();
        ["_bucket", "_sum", "_count"]
            .iter()
            .filter_map(|suffix| name.strip_suffix(suffix))
            .find(|name| text.contains(&format!("# TYPE {name} histogram")))
            .map_or(name.clone(), str::to_owned)
    };
    for sample in text.lines().filter(|line| !line.starts_with('#')) {
        let name = family(sample);
        assert!(text.contains(&format!("# HELP {name} ")), "{name} of {sample} has no help text");
        let kind = text.lines().find_map(|line| line.strip_prefix(&format!("# TYPE {name} ")));
        assert!(kind.is_some(), "{name} has no type");
        assert_eq!(kind == Some("counter"), name.ends_with("_total"), "{name}");
    }
    let (kind, text) = ask("application/openmetrics-text; version=1.0.0").await;
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(text.ends_with("# EOF\n"), "{text}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn metrics_answer_while_no_more_files_can_be_opened_and_the_start_warns() {
    let api = api().await;
    let home = home(&api);
    configure(&home, &by_hand("alerts", "-"));
    let serving = Serving::start_with_files(&home, 66).await;
    let said = serving.stderr();
    assert!(said.contains("this process may open 66 files and connections, and 1 trigger need"), "{said}");
    serving.ready().await;
    // Senders that say nothing take all files that are left.
    let hooks = serving.address.trim_start_matches("http://").to_owned();
    let mut idle = Vec::new();
    for _ in 0..100 {
        idle.push(tokio::net::TcpStream::connect(&hooks).await.expect("it is there"));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let began = std::time::Instant::now();
    let (status, text) = serving.ask("/metrics").await;
    assert!(status == 200 && began.elapsed() < Duration::from_secs(5), "{:?} {text}", began.elapsed());
    drop(idle);
}
