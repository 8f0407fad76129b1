//! The webhook: subscribe, be notified, unsubscribe.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use defender_simulator::{NewAlert, names};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{World, answer, assert_error};

#[derive(Clone, Default)]
struct Inbox {
    received: Arc<Mutex<Vec<Value>>>,
    /// How many more callbacks to refuse.
    refusals: Arc<AtomicU16>,
}

async fn receive(State(inbox): State<Inbox>, body: String) -> StatusCode {
    if inbox.refusals.load(Ordering::SeqCst) > 0 {
        inbox.refusals.fetch_sub(1, Ordering::SeqCst);
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    inbox.received.lock().unwrap().push(serde_json::from_str(&body).unwrap());
    StatusCode::ACCEPTED
}

impl Inbox {
    async fn open(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/callback?sig=abc", listener.local_addr().unwrap());
        let router = Router::new().route("/callback", post(receive)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    async fn wait_for(&self, count: usize) -> Vec<Value> {
        for _ in 0..1000 {
            let received = self.received.lock().unwrap().clone();
            if received.len() >= count {
                return received;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no callback came");
    }
}

fn request(url: &str) -> Value {
    json!({"clientState": "flow", "changeType": "created", "resource": "alerts",
        "expirationDateTime": "2038-09-20T12:00:00Z", "notificationUrl": url})
}

#[tokio::test]
async fn subscribers_hear_of_new_alerts() {
    let world = World::new().await;
    let inbox = Inbox::default();
    let url = inbox.open().await;
    let response = world.send(Method::POST, "/subscriptions", Some(&request(&url))).await;
    assert_eq!(response.status(), 201);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let (_, subscription) = answer(response).await;
    assert!(location.ends_with(&format!("/subscriptions/{}", subscription["id"].as_str().unwrap())));
    assert_eq!(
        (&subscription["notificationUrl"], &subscription["clientState"]),
        (&json!(url), &json!("flow"))
    );

    let id = world
        .simulator
        .add_alert(NewAlert { machine: Some(names::MAC.name.to_owned()), ..NewAlert::default() });
    assert_eq!(inbox.wait_for(1).await, [json!({"id": id, "machineId": names::MAC.id})]);
    inbox.refusals.store(1, Ordering::SeqCst);
    let second = world.simulator.add_alert(NewAlert::default());
    assert_eq!(inbox.wait_for(2).await[1]["id"], second, "one repeat");
    let statuses: Vec<_> = world.simulator.deliveries().iter().map(|delivery| delivery.status).collect();
    assert_eq!(statuses[..2], [Some(202), Some(503)]);

    let path = location.strip_prefix(world.simulator.url()).unwrap().to_owned();
    assert_eq!(world.send(Method::DELETE, &path, None).await.status(), 200);
    assert_error(answer(world.send(Method::DELETE, &path, None).await).await, 404, "ResourceNotFound");
}

#[tokio::test]
async fn a_late_alert_is_told_of_when_it_appears() {
    let world = World::new().await;
    let inbox = Inbox::default();
    let url = inbox.open().await;
    assert_eq!(world.post("/subscriptions", &request(&url)).await.0, 201);
    let later = world.simulator.clock().now().after(Duration::from_secs(3600));
    let late = NewAlert { visible_from: Some(later), ..NewAlert::default() };
    let late = world.simulator.add_alert(late);
    let now = world.simulator.add_alert(NewAlert::default());
    assert_eq!(inbox.wait_for(1).await[0]["id"], now);
    world.simulator.clock().advance(Duration::from_secs(3600));
    assert_eq!(inbox.wait_for(2).await[1]["id"], late);
}

#[tokio::test]
async fn odd_subscriptions_are_refused() {
    let world = World::new().await;
    let mut body = request("http://127.0.0.1:1/");
    body["resource"] = json!("machines");
    assert_error(world.post("/subscriptions", &body).await, 400, "InvalidRequestBody");
    assert_error(world.post("/subscriptions", &request("not a url")).await, 400, "InvalidInput");
    assert_error(world.post("/subscriptions", &request("file:///etc/hosts")).await, 400, "InvalidInput");
}
