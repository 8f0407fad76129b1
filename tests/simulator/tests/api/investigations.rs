//! Investigations are read by their own id or their alert's, and started in both ways.

use defender_simulator::names;
use serde_json::{Value, json};

use crate::support::{World, assert_error};

#[tokio::test]
async fn an_investigation_is_found_by_its_id_or_its_alert() {
    let world = World::new().await;
    assert_eq!(world.ids("/api/investigations").await, names::INVESTIGATIONS);
    let (status, running) = world.get(&format!("/api/investigations/{}", names::INVESTIGATIONS[0])).await;
    assert_eq!((status, &running["state"], &running["endTime"]), (200, &json!("Running"), &Value::Null));
    let keys: Vec<_> = running.as_object().unwrap().keys().skip(1).map(String::as_str).collect();
    let expected = [
        "id",
        "startTime",
        "endTime",
        "state",
        "cancelledBy",
        "statusDetails",
        "machineId",
        "computerDnsName",
        "triggeringAlertId",
    ];
    assert_eq!(keys, expected);
    assert!(!running["startTime"].as_str().unwrap().contains('.'), "no fraction");
    let (_, same) = world.get(&format!("/api/investigations/{}", names::ALERTS[0])).await;
    assert_eq!(same, running);
    assert_error(world.get("/api/investigations/1").await, 404, "ResourceNotFound");
    assert_eq!(world.ids("/api/investigations?$filter=state eq 'Benign'").await, [names::INVESTIGATIONS[3]]);
}

#[tokio::test]
async fn one_can_be_started() {
    let world = World::new().await;
    world.simulator.clock().stop();
    let start = format!("/api/machines/{}/startInvestigation", names::DESKTOP.id);
    let (status, started) = world.post(&start, &json!({"Comment": "c"})).await;
    assert_eq!((status, &started["state"]), (201, &json!("Running")), "{started}");
    assert_eq!(started["triggeringAlertId"], names::ALERTS[0]);
    world.advance(3_000);
    let path = format!("/api/investigations/{}", started["id"].as_str().unwrap());
    let (_, ended) = world.get(&path).await;
    assert_eq!((&ended["state"], ended["endTime"].is_string()), (&json!("Benign"), true));

    let initiate = format!("/api/machines/{}/initiateInvestigation", names::DESKTOP.id);
    let (status, reply) = world.post(&initiate, &json!({"Comment": "c"})).await;
    assert_eq!(status, 200);
    assert!(reply["@odata.context"].as_str().unwrap().ends_with("#Edm.Int64"));
    let number = reply["value"].as_i64().expect("a number");
    assert_eq!(world.get(&format!("/api/investigations/{number}")).await.0, 200);
    for path in [start, initiate] {
        assert_error(world.post(&path, &json!({"comment": "c"})).await, 400, "InvalidRequestBody");
        let elsewhere = path.replace(names::DESKTOP.id, "m1");
        assert_error(world.post(&elsewhere, &json!({"Comment": "c"})).await, 404, "ResourceNotFound");
    }
}
