//! Subscriptions of a server that ends: by itself, before its time, or for good.

use std::time::{Duration, Instant};

use defender_simulator::{Effect, Fault};

use super::subscriptions::{asked, logging_api, subscriptions};
use super::world::{Serving, configure, pushed, until};
use crate::triggers::world::{home, receiver};

/// An address that stays the same, as it does behind a proxy.
const PUBLIC: [&str; 2] = ["--public-url", "http://127.0.0.1:9"];

fn fault(path: &str, effect: Effect) -> Fault {
    Fault { method: Some("POST".into()), path: Some(path.into()), ..Fault::new(effect) }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_is_ended_only_if_that_is_asked_for() {
    let api = logging_api().await;
    let (home, receiver) = (home(&api), receiver(200).await);
    configure(&home, &pushed("alerts", &receiver.origin(), ""));
    for _ in 0..2 {
        let serving = Serving::start(&home, &PUBLIC, &[]).await;
        serving.ready().await;
        assert_eq!(serving.end().await.0, Some(0));
    }
    assert_eq!((subscriptions(&api).await.len(), asked(&api)), (1, 1), "the one from before is used again");
    let serving = Serving::start(&home, &[&PUBLIC[..], &["--unsubscribe"]].concat(), &[]).await;
    serving.ready().await;
    assert_eq!(serving.end().await.0, Some(0));
    assert_eq!(subscriptions(&api).await.len(), 0);
    let list = home.run(&["events", "list", "--output", "json"]).done().json();
    assert_eq!(list, serde_json::json!([]), "nothing was ever received");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_sent_when_it_ends_is_known_not_to_be() {
    let api = logging_api().await;
    let (home, receiver) = (home(&api), receiver(200).await);
    configure(&home, &pushed("alerts", &receiver.origin(), ""));
    api.faults().add(Fault::new(Effect::Latency { milliseconds: 60_000 }).on("Token"));
    let serving = Serving::start(&home, &PUBLIC, &[]).await;
    until("it asks for a token", || api.log().iter().any(|arrival| arrival.operation == Some("Token"))).await;
    let began = Instant::now();
    let (code, said) = serving.end().await;
    assert_eq!(code, Some(0), "{said}");
    assert!(began.elapsed() < Duration::from_secs(8), "it waited for what it need not wait for");
    api.faults().clear();
    let serving = Serving::start(&home, &PUBLIC, &[]).await;
    serving.ready().await;
    assert_eq!((subscriptions(&api).await.len(), asked(&api)), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_now_may_be_granted_later() {
    let api = logging_api().await;
    let (home, receiver) = (home(&api), receiver(200).await);
    configure(&home, &pushed("alerts", &receiver.origin(), ""));
    let forbidden = Effect::Status { status: 403, body: None, content_type: None, retry_after: None };
    api.faults().add(fault("/subscriptions", forbidden).times(1));
    let serving = Serving::start(&home, &PUBLIC, &[]).await;
    until("it says so", || serving.stderr().contains("warning: alerts: ")).await;
    let (status, text) = serving.ask("/readyz").await;
    assert!(status == 503 && text.contains("not subscribed: "), "{text}");
    serving.ready().await;
    assert_eq!(asked(&api), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_no_trigger_takes_is_told_of() {
    let api = logging_api().await;
    let (home, receiver) = (home(&api), receiver(200).await);
    let original = std::fs::read_to_string(home.config()).expect("there is a configuration");
    configure(&home, &pushed("alerts", &receiver.origin(), ""));
    let serving = Serving::start(&home, &PUBLIC, &[]).await;
    serving.ready().await;
    assert!(!serving.stderr().contains("warning: defender-atp"), "{}", serving.stderr());
    serving.kill();
    let other = "[triggers.tasks]\ntrigger = \"new-remediation-activities\"\nto = \"-\"\n";
    home.configure(&format!("{original}\n{other}"));
    let serving = Serving::start(&home, &PUBLIC, &[]).await;
    let said = serving.stderr();
    assert!(said.contains("the API notifies http://127.0.0.1:9"), "{said}");
    assert!(said.contains("events forget"), "{said}");
    serving.kill();
    let forgotten = home.run(&["events", "forget", "defender-atp/default/new-alerts/pushed"]).done();
    assert!(forgotten.stderr.contains("goes on notifying"), "{forgotten:?}");
    let serving = Serving::start(&home, &PUBLIC, &[]).await;
    assert!(!serving.stderr().contains("is subscribed at"), "{}", serving.stderr());
}

#[cfg(debug_assertions)]
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_around_a_subscription_leaves_none_that_nobody_knows_of() {
    // Before it is noted that it is asked for, after that, after it was granted, and after that was noted.
    for (point, known, granted) in [
        ("before-subscription:1", true, 0),
        ("after-subscription:1", false, 0),
        ("before-subscription:2", false, 1),
        ("after-subscription:2", true, 1),
    ] {
        let api = logging_api().await;
        let (home, receiver) = (home(&api), receiver(200).await);
        configure(&home, &pushed("alerts", &receiver.origin(), ""));
        let mut serving = Serving::start(&home, &PUBLIC, &[("CONNECTOR_FAIL_POINT", point)]).await;
        until("it dies", || serving.child.try_wait().expect("it is a child").is_some()).await;
        drop(serving);
        assert_eq!(subscriptions(&api).await.len(), granted, "{point}");
        let serving = Serving::start(&home, &PUBLIC, &[]).await;
        if known {
            serving.ready().await;
        } else {
            let told = || serving.stderr().contains("start with --resubscribe alerts");
            until("it says that nobody knows", told).await;
            serving.kill();
            Serving::start(&home, &[&PUBLIC[..], &["--resubscribe", "alerts"]].concat(), &[])
                .await
                .ready()
                .await;
        }
        let held = subscriptions(&api).await.len();
        assert_eq!(held, if known { 1 } else { granted + 1 }, "{point}");
    }
}
