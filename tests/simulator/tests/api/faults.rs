//! All the faults.

use std::time::{Duration, Instant};

use defender_simulator::{Effect, Fault, names};
use reqwest::Method;
use serde_json::json;

use crate::support::{World, answer, assert_error};

fn once(world: &World, effect: Effect) {
    world.simulator.faults().add(Fault::new(effect).times(1));
}

async fn raw(world: &World) -> reqwest::Result<reqwest::Response> {
    let url = format!("{}/api/alerts?$top=1", world.simulator.url());
    world.client.get(url).bearer_auth(&world.token).send().await
}

async fn body(world: &World) -> Vec<u8> {
    raw(world).await.unwrap().bytes().await.unwrap().to_vec()
}

fn header<'a>(response: &'a reqwest::Response, name: &str) -> &'a str {
    response.headers()[name].to_str().expect("a header of text")
}

#[tokio::test]
async fn other_statuses() {
    let world = World::new().await;
    let body = Some("{\"x\":1}".to_owned());
    once(&world, Effect::Status { status: 418, body, content_type: None, retry_after: Some("7".to_owned()) });
    let response = raw(&world).await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "retry-after")), (418, "7"));
    assert_eq!(answer(response).await.1, json!({"x": 1}));

    once(&world, Effect::InternalError);
    let message = assert_error(world.get("/api/alerts").await, 500, "InternalServerError");
    assert_eq!(message, "");
    once(&world, Effect::AccountInactive);
    let message = assert_error(world.get("/api/alerts").await, 401, "Unauthorized");
    assert_eq!(message, "Unauthorized request - reason of failure: Account mode is inactive");
    once(&world, Effect::NoTvmLicense);
    let message = assert_error(world.get("/api/remediationtasks").await, 401, "Unauthorized");
    assert_eq!(message, "Unauthorized request - reason of failure: No Tvm license");
    once(&world, Effect::Unavailable { retry_after: Some("3".to_owned()) });
    let response = raw(&world).await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "retry-after")), (503, "3"));
    once(&world, Effect::Redirect { location: "https://elsewhere.example/x".to_owned(), status: None });
    let response = raw(&world).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), header(&response, "location")),
        (307, "https://elsewhere.example/x")
    );
    once(&world, Effect::NoContent);
    assert_eq!(raw(&world).await.unwrap().status(), 204);
    assert_eq!(raw(&world).await.unwrap().status(), 200, "each of them once");
}

#[tokio::test]
async fn other_bodies() {
    let world = World::new().await;
    let good = body(&world).await;
    once(&world, Effect::TruncatedJson);
    assert_eq!(body(&world).await, good[..good.len() / 2]);
    once(&world, Effect::ByteOrderMark);
    assert_eq!(body(&world).await, [b"\xef\xbb\xbf", good.as_slice()].concat());
    once(&world, Effect::Padded { bytes: 3_000_000 });
    assert_eq!(body(&world).await.len(), 3_000_000);
    once(&world, Effect::DeepJson { depth: 10_000 });
    assert_eq!(body(&world).await.len(), 20_000);
    once(&world, Effect::Html { status: 502 });
    let response = raw(&world).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), header(&response, "content-type")),
        (502, "text/html; charset=utf-8")
    );
    once(&world, Effect::ContentType { value: "text/plain".to_owned() });
    assert_eq!(raw(&world).await.unwrap().headers()["content-type"], "text/plain");
    once(&world, Effect::Drip { bytes: 400, milliseconds: 5 });
    let started = Instant::now();
    assert_eq!(body(&world).await, good);
    assert!(started.elapsed() > Duration::from_millis(15));
}

#[tokio::test]
async fn broken_connections() {
    let world = World::new().await;
    once(&world, Effect::Drop);
    assert!(raw(&world).await.is_err());
    once(&world, Effect::CutOff);
    assert!(raw(&world).await.unwrap().bytes().await.is_err());
    once(&world, Effect::ContentLength { value: "twelve".to_owned() });
    assert!(raw(&world).await.is_err());
    once(&world, Effect::ContentLength { value: "99999999".to_owned() });
    assert!(raw(&world).await.unwrap().bytes().await.is_err());
    assert_eq!(raw(&world).await.unwrap().status(), 200, "a new connection is a good one");
}

#[tokio::test]
async fn odd_headers() {
    let world = World::new().await;
    once(&world, Effect::NonUtf8Header);
    let response = raw(&world).await.unwrap();
    assert!(response.headers()["x-legacy-name"].to_str().is_err());
    once(&world, Effect::Headers { headers: Vec::new() });
    let response = raw(&world).await.unwrap();
    assert_eq!(response.headers().get_all("x-ms-tag").iter().count(), 2);
}

#[tokio::test]
async fn a_write_may_have_happened_all_the_same() {
    let world = World::new().await;
    let isolate = format!("/api/machines/{}/isolate", names::DESKTOP.id);
    let body = json!({"Comment": "c", "IsolationType": "Full"});
    let send = async || {
        let request =
            world.client.post(format!("{}{isolate}", world.simulator.url())).bearer_auth(&world.token);
        request.header("content-type", "application/json").body(body.to_string()).send().await
    };
    let count = async || world.ids("/api/machineactions").await.len();
    let before = count().await;
    world.simulator.faults().add(Fault::new(Effect::Drop).on("IsolateMachine").times(1));
    assert!(send().await.is_err());
    assert_eq!(count().await, before, "dropped before it took effect");
    world.simulator.faults().add(Fault::new(Effect::Drop).on("IsolateMachine").times(1).once_processed());
    assert!(send().await.is_err());
    assert_eq!(count().await, before + 1, "dropped after it took effect");
}

#[tokio::test]
async fn latency_and_token_faults() {
    let world = World::new().await;
    world.simulator.faults().add(Fault::new(Effect::Latency { milliseconds: 120 }).on("GetAlerts"));
    let started = Instant::now();
    world.get("/api/alerts?$top=1").await;
    assert!(started.elapsed() >= Duration::from_millis(120));
    let arrivals = world.simulator.log();
    let last = arrivals.last().unwrap();
    let took = last.completion().unwrap().completed - last.arrived;
    assert!(took >= Duration::from_millis(120), "the log knows how long it took: {took:?}");
    world.simulator.faults().clear();
    world.simulator.faults().add(Fault::new(Effect::InternalError).on("Token"));
    let form = crate::support::form(&world.simulator, "https://api.securitycenter.microsoft.com/.default");
    let url = format!("{}/{}/oauth2/v2.0/token", world.simulator.url(), world.simulator.tenant_id());
    assert_eq!(crate::support::request_token(&world.client, &url, form).await.0, 500);
    assert_eq!(world.send(Method::GET, "/api/alerts", None).await.status(), 200);
}
