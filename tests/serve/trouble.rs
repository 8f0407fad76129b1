//! What a server tells when it cannot do what it should, and what it hides.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use connector_host::serve::{Push, Report, Server};
use connector_host::triggers::{Event, News};

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
    assert!(text.contains("connector_delivery_lag_seconds_count{trigger=\"alerts\"}"), "{text}");
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
        ("since = \"2 moons\"", "the value of `since`"),
    ] {
        home.configure(&format!("{original}\n{table}\n{line}\n"));
        let refused = home.run(&["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        assert!(refused.code == 2 && refused.stderr.contains(expected), "{refused:?}");
    }
    let words = ["watch", "new-alerts", "--to", "-", "--once", "--overlap", "25h"];
    let refused = home.run(&words);
    assert!(refused.code == 2 && refused.stderr.contains("more than a day"), "{refused:?}");
    home.configure(&format!("{original}\n{table}\nsince = \"2h\"\noverlap = \"24h\"\npage-size = 100\n"));
    let serving = Serving::start(&home, &[], &[]).await;
    serving.ready().await;
    assert!(serving.stderr().contains("serving 1 trigger;"), "{}", serving.stderr());
}
