//! Call limits, as a client sees them.

use defender_simulator::{LimitMode, LimitOptions, Options, RetryAfter, Wording, names};
use reqwest::Method;
use serde_json::json;

use crate::support::{World, answer};

async fn world(limits: LimitOptions) -> World {
    World::with(Options { limits, ..Options::default() }).await
}

#[tokio::test]
async fn the_call_after_the_last_is_refused() {
    let world = world(LimitOptions { per_minute: 3, ..LimitOptions::default() }).await;
    for _ in 0..3 {
        assert_eq!(world.get("/api/machines?$top=1").await.0, 200);
    }
    let response = world.send(Method::GET, "/api/alerts", None).await;
    let seconds: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((45..=60).contains(&seconds), "{seconds}");
    let (status, body) = answer(response).await;
    assert_eq!((status, &body["error"]["code"]), (429, &json!("429")));
    assert_eq!(body["error"]["target"], world.simulator.tenant_id());
    let expected = format!(
        "API calls quota exceeded! Maximum allowed 3 per 00:01:00 for the key Destination+TenantID+AppID. \
         You can send requests again in {seconds} seconds."
    );
    assert_eq!(body["error"]["message"], expected);
    world.advance(60_000);
    assert_eq!(world.get("/api/alerts").await.0, 200, "a minute later");
    let report = &world.simulator.limits().report()[0];
    assert_eq!((report.most_admitted, report.most_arrivals, report.refused), (3, 4, 1));
}

#[tokio::test]
async fn an_operation_can_be_scarcer_than_the_rest() {
    let world = world(LimitOptions { wording: Wording::Short, ..LimitOptions::default() }).await;
    let path = format!("/api/machineactions/{}/getPackageUri", names::ACTIONS[2]);
    assert_eq!(world.get(&path).await.0, 200);
    assert_eq!(world.get(&path).await.0, 200);
    let (status, body) = world.get(&path).await;
    assert_eq!(
        (status, &body["error"]["message"]),
        (429, &json!("API calls quota exceeded! maximum allowed 2 per 00:01:00"))
    );
    assert_eq!(world.get("/api/alerts").await.0, 200);
}

#[tokio::test]
async fn the_wait_can_be_told_in_other_ways() {
    for (retry_after, shown) in
        [(RetryAfter::HttpDate, Some(" GMT")), (RetryAfter::Junk, Some("maybe")), (RetryAfter::Absent, None)]
    {
        let world = world(LimitOptions { per_minute: 1, retry_after, ..LimitOptions::default() }).await;
        world.get("/api/alerts").await;
        let response = world.send(Method::GET, "/api/alerts", None).await;
        let value = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        match shown {
            Some(part) => assert!(value.is_some_and(|value| value.ends_with(part))),
            None => assert_eq!(value, None),
        }
    }
}

#[tokio::test]
async fn limits_can_be_short_watched_or_off() {
    let world =
        world(LimitOptions { per_minute: 1, minute_milliseconds: 20_000, ..LimitOptions::default() }).await;
    assert_eq!(world.get("/api/alerts").await.0, 200);
    assert_eq!(world.get("/api/alerts").await.0, 429);
    world.advance(20_000);
    assert_eq!(world.get("/api/alerts").await.0, 200);

    let limits = world.simulator.limits();
    limits.configure(LimitOptions { per_minute: 1, mode: LimitMode::Observe, ..LimitOptions::default() });
    assert_eq!(world.get("/api/alerts").await.0, 200);
    assert_eq!(world.get("/api/alerts").await.0, 200);
    assert_eq!((limits.report()[0].most_arrivals, limits.report()[0].refused), (2, 1));
    limits.configure(LimitOptions { per_minute: 1, mode: LimitMode::Off, ..LimitOptions::default() });
    assert_eq!(world.get("/api/alerts").await.0, 200);
    assert_eq!(world.get("/api/alerts").await.0, 200);
    assert_eq!(limits.report()[0].most_arrivals, 0);
}
