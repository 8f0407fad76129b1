//! The controls over HTTP.

use defender_simulator::{LogOptions, Options, names};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, World, answer};

async fn admin(world: &World, method: Method, path: &str, body: Option<Value>) -> Answer {
    answer(world.send(method, &format!("/_simulator{path}"), body.as_ref()).await).await
}

#[tokio::test]
async fn the_overview_tells_where_to_go() {
    let world = World::new().await;
    for path in ["", "/"] {
        let (status, overview) = admin(&world, Method::GET, path, None).await;
        assert_eq!((status, &overview["url"]), (200, &json!(world.simulator.url())));
        assert_eq!((&overview["machines"], &overview["alerts"]), (&json!(12), &json!(15)));
    }
    assert_eq!(admin(&world, Method::GET, "/nothing", None).await.0, 404);
}

#[tokio::test]
async fn the_log_hides_secrets() {
    let world = World::new().await;
    world.get("/api/alerts?$top=1").await;
    let (_, log) = admin(&world, Method::GET, "/log", None).await;
    let text = log.to_string();
    assert!(!text.contains(&world.token) && !text.contains(world.simulator.client_secret()), "{text}");
    let arrivals = log["arrivals"].as_array().unwrap();
    assert_eq!(arrivals.len(), 2, "the administration itself is not logged");
    assert_eq!(
        (&arrivals[0]["operation"], &arrivals[1]["operation"]),
        (&json!("Token"), &json!("GetAlerts"))
    );
    assert_eq!((&arrivals[1]["query"], &arrivals[1]["status"]), (&json!("$top=1"), &json!(200)));
    assert!(
        arrivals[1]["headers"].as_array().unwrap().contains(&json!(["authorization", "Bearer <redacted>"]))
    );
    let (_, later) = admin(&world, Method::GET, "/log?after=1&operation=GetAlerts", None).await;
    assert_eq!(later["arrivals"].as_array().unwrap().len(), 1);
    assert_eq!(admin(&world, Method::DELETE, "/log", None).await.0, 204);
    assert!(world.simulator.log().is_empty());

    let log = LogOptions { secrets: true, capacity: 2, ..LogOptions::default() };
    let world = World::with(Options { log, ..Options::default() }).await;
    for _ in 0..3 {
        world.get("/api/alerts?$top=1").await;
    }
    let (_, log) = admin(&world, Method::GET, "/log", None).await;
    assert_eq!(log["arrivals"].as_array().unwrap().len(), 2, "the oldest are forgotten");
    assert!(log.to_string().contains(&world.token));
}

#[tokio::test]
async fn everything_can_be_set_over_http() {
    let world = World::new().await;
    let fault = json!({"operation": "GetAlerts", "count": 1, "effect": {"kind": "status", "status": 503}});
    let (status, faults) = admin(&world, Method::POST, "/faults", Some(json!([fault]))).await;
    assert_eq!((status, faults.as_array().unwrap().len()), (200, 1), "{faults}");
    assert_eq!(world.get("/api/alerts").await.0, 503);
    assert_eq!(admin(&world, Method::GET, "/faults", None).await.1, json!([]));
    assert_eq!(
        admin(&world, Method::POST, "/faults", Some(json!({"effect": {"kind": "magic"}}))).await.0,
        422
    );

    let (_, settings) = admin(&world, Method::PATCH, "/settings", Some(json!({"nextLinkAfter": 5}))).await;
    assert_eq!(
        (&settings["nextLinkAfter"], &settings["actionRunningMilliseconds"]),
        (&json!(5), &json!(2000))
    );
    assert_eq!(world.ids("/api/alerts").await.len(), 5);
    assert_eq!(admin(&world, Method::PATCH, "/settings", Some(json!({"nothing": 5}))).await.0, 422);

    let changes = json!(["stop", {"set": "2040-01-01T00:00:00Z"}, {"advanceMilliseconds": 1500}]);
    let (_, clock) = admin(&world, Method::POST, "/clock", Some(changes)).await;
    assert_eq!(clock, json!({"now": "2040-01-01T00:00:01.5Z"}));

    let alert =
        json!({"title": "t", "severity": "High", "alertCreationTime": "2039-12-31T23:59:59.1234567Z"});
    let (status, added) = admin(&world, Method::POST, "/alerts", Some(alert)).await;
    assert_eq!((status, added["ids"].as_array().unwrap().len()), (201, 1));
    let (status, added) = admin(&world, Method::POST, "/remediation-activities", Some(json!([{}, {}]))).await;
    assert_eq!((status, added["ids"].as_array().unwrap().len()), (201, 2));

    let behaviour = format!("/machines/{}/behaviour", names::MAC.name);
    assert_eq!(admin(&world, Method::PUT, &behaviour, Some(json!("offline"))).await.0, 204);
    assert_eq!(admin(&world, Method::PUT, "/machines/m1/behaviour", Some(json!("fails"))).await.0, 404);
    let (_, roles) = admin(&world, Method::POST, "/roles", Some(json!({"revoke": ["Machine.Scan"]}))).await;
    assert!(!roles.as_array().unwrap().contains(&json!("Machine.Scan")));
    let (_, limits) = admin(&world, Method::PUT, "/limits", Some(json!({"perMinute": 7}))).await;
    assert_eq!((&limits["options"]["perMinute"], &limits["windows"][0]["limit"]), (&json!(7), &json!(7)));
    assert_eq!(admin(&world, Method::GET, "/events", None).await.1.as_array().unwrap().len(), 4);
    let (_, subscriptions) = admin(&world, Method::GET, "/subscriptions", None).await;
    assert_eq!(subscriptions, json!({"subscriptions": [], "deliveries": []}));
    assert_eq!(admin(&world, Method::DELETE, "/tokens", None).await.0, 204);
}

#[tokio::test]
async fn a_population_comes_and_a_reset_goes_back() {
    let mut world = World::new().await;
    let population = json!({"machines": 100, "alerts": 1000});
    assert_eq!(admin(&world, Method::PUT, "/population", Some(population)).await.0, 204);
    assert_eq!(world.ids("/api/machines").await.len(), 112);
    assert_eq!(world.ids("/api/alerts").await.len(), 1015);
    assert_eq!(admin(&world, Method::DELETE, "/tokens", None).await.0, 204);
    assert_eq!(world.get("/api/alerts").await.0, 401);
    world.renew().await;
    assert_eq!(admin(&world, Method::POST, "/reset", None).await.0, 204);
    assert_eq!(world.ids("/api/alerts").await, names::ALERTS);
}
