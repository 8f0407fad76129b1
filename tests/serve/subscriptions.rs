//! Subscribing and unsubscribing, by the stand-in API's own notifications.

use std::collections::BTreeMap;

use defender_simulator::{Effect, Fault, Simulator};
use serde_json::Value;

use super::world::{Serving, client, configure, pushed, until};
use crate::triggers::world::{api, events, home, ids, receiver};

/// The subscriptions that the API has: addresses by ids.
pub(super) async fn subscriptions(api: &Simulator) -> BTreeMap<String, String> {
    let address = format!("{}/_simulator/subscriptions", api.url());
    let text = client().get(address).send().await.expect("it answers").text().await.expect("it is text");
    let view: Value = serde_json::from_str(&text).expect("it is JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = view["subscriptions"].as_array().cloned().unwrap_or_default();
    rows.iter().map(|row| (text(&row["id"]), text(&row["notificationUrl"]))).collect()
}

/// How many times it was asked for a subscription.
pub(super) fn asked(api: &Simulator) -> usize {
    let log = api.log();
    log.iter().filter(|arrival| arrival.method == "POST" && arrival.path == "/subscriptions").count()
}

pub(super) async fn logging_api() -> std::sync::Arc<Simulator> {
    let options = serde_json::json!({ "limits": { "mode": "off" } });
    std::sync::Arc::new(crate::support::home::simulator(options).await)
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_new_alert_arrives_by_its_own_subscription() {
    let api = api().await;
    let (home, receiver) = (home(&api), receiver(200).await);
    configure(&home, &pushed("alerts", &receiver.origin(), ""));
    let serving = Serving::start(&home, &[], &[]).await;
    serving.ready().await;
    let held = subscriptions(&api).await;
    assert_eq!(held.len(), 1);
    let address = held.values().next().cloned().unwrap_or_default();
    assert!(address.starts_with(&format!("{}/hooks/alerts/", serving.address)), "{address}");
    let secret = address.rsplit('/').next().unwrap_or_default().to_owned();
    let id = api.add_alert(Default::default());
    let mut got = Vec::new();
    until("the alert arrives", || {
        got.extend(events(&receiver.received()));
        !got.is_empty()
    })
    .await;
    assert_eq!(ids(&got), [id]);

    let (code, said) = serving.end().await;
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(subscriptions(&api).await, held, "it is kept for the next start");
    assert!(!said.contains(&secret), "{said}");
    let state = std::fs::read(home.path().join("state/connector.sqlite3")).expect("there is a store");
    let kept = state.windows(secret.len()).any(|bytes| bytes == secret.as_bytes());
    assert!(!kept, "the secret part of the address is in the store");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_leaves_no_stray_subscription() {
    let api = logging_api().await;
    let (home, receiver) = (home(&api), receiver(200).await);
    configure(&home, &pushed("alerts", &receiver.origin(), ""));
    // The address stays the same, as it does behind a proxy.
    let public = ["--public-url", "http://127.0.0.1:9"];
    for _ in 0..2 {
        let serving = Serving::start(&home, &public, &[]).await;
        serving.ready().await;
        serving.kill();
    }
    assert_eq!((subscriptions(&api).await.len(), asked(&api)), (1, 1), "the one from before is used again");

    // Another address: the old subscription is ended, and there is a new one.
    let serving = Serving::start(&home, &["--public-url", "http://127.0.0.1:10"], &[]).await;
    serving.ready().await;
    let held = subscriptions(&api).await;
    assert_eq!(held.len(), 1, "{held:?}");
    assert!(held.values().all(|address| address.starts_with("http://127.0.0.1:10/")), "{held:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_of_unknown_outcome_is_not_asked_for_again() {
    let api = logging_api().await;
    let (home, receiver) = (home(&api), receiver(200).await);
    configure(&home, &pushed("alerts", &receiver.origin(), ""));
    let fault = Fault {
        method: Some("POST".into()),
        path: Some("/subscriptions".into()),
        ..Fault::new(Effect::Drop)
    };
    api.faults().add(fault.times(1).once_processed());
    for _ in 0..2 {
        let serving = Serving::start(&home, &[], &[]).await;
        until("it says so", || serving.stderr().contains("may or may not be subscribed")).await;
        assert!(serving.stderr().contains("--resubscribe"), "{}", serving.stderr());
        assert_eq!(serving.ask("/readyz").await.0, 503);
        assert_eq!(serving.ask("/healthz").await.0, 200);
        serving.kill();
    }
    assert_eq!(asked(&api), 1);
    let serving = Serving::start(&home, &["--resubscribe", "alerts"], &[]).await;
    serving.ready().await;
    assert_eq!(asked(&api), 2);
}
