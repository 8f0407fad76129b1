//! Deviations from the documentation that clients in the field make are accepted and logged.

use defender_simulator::names;
use serde_json::json;

use crate::support::{World, assert_error};

/// The deviations that the log records for the last request.
fn notes(world: &World) -> Vec<String> {
    world.simulator.log().last().expect("a request arrived").lenient().to_vec()
}

#[tokio::test]
async fn a_slash_at_the_end_of_a_path() {
    let world = World::new().await;
    assert_eq!(world.ids("/api/alerts/").await, world.ids("/api/alerts").await);
    assert_eq!(notes(&world), Vec::<String>::new());
    let single = format!("/api/alerts/{}/", names::ALERTS[0]);
    assert_eq!(world.get(&single).await.1["id"], names::ALERTS[0]);
    assert_eq!(notes(&world), ["the slash at the end of the path"]);
}

#[tokio::test]
async fn parameters_of_the_clients_own() {
    let world = World::new().await;
    let all = world.ids("/api/machines").await;
    assert_eq!(world.ids("/api/machines?pageSize=5&top=3&api-version=1").await, all);
    let ignored = |name: &str| format!("the query parameter `{name}`, which is ignored");
    assert_eq!(notes(&world), [ignored("pageSize"), ignored("top"), ignored("api-version")]);
    assert_error(world.get("/api/machines?$pageSize=5").await, 400, "ODataError");
}

#[tokio::test]
async fn one_alert_with_its_evidence_expanded() {
    let world = World::new().await;
    let plain = format!("/api/alerts/{}", names::ALERTS[0]);
    let expanded = world.get(&format!("{plain}?$expand=evidence")).await;
    assert_eq!(expanded, world.get(&plain).await);
    assert!(expanded.1["evidence"].is_array(), "{expanded:?}");
    assert_error(world.get(&format!("{plain}?$expand=nothing")).await, 400, "ODataError");
}

#[tokio::test]
async fn undocumented_members_of_a_machine_action_and_nulls_in_them() {
    let world = World::new().await;
    let isolate = format!("/api/machines/{}/isolate", names::DESKTOP.id);
    let body = json!({
        "Comment": "c", "IsolationType": "Full", "ExternalId": "case-1", "Title": null, "RequestSource": null
    });
    assert_eq!(world.post(&isolate, &body).await.0, 201);
    let member = |name: &str| format!("the member `{name}`, which is undocumented");
    assert_eq!(notes(&world), [member("Title"), member("ExternalId"), member("RequestSource")]);
}

#[tokio::test]
async fn spaces_of_a_filter_that_were_encoded_twice() {
    let world = World::new().await;
    let path = |space: &str| format!("/api/alerts?$filter=severity{space}eq{space}'High'");
    assert_eq!(world.ids(&path("%2B")).await, world.ids(&path("+")).await);
    assert!(world.ids(&path("%2B")).await.len() < world.ids("/api/alerts").await.len());
    world.get(&path("%2B")).await;
    assert_eq!(notes(&world), ["plus signs for spaces in `$filter`"]);
    // A plus sign that is meant as one is kept.
    let offset = "/api/alerts?$filter=alertCreationTime lt 2000-01-01T00:00:00%2B01:00";
    assert_eq!(world.ids(offset).await, Vec::<String>::new());
}
