//! Alerts: what is shown, what can be changed, and how one is created.

use defender_simulator::{NewAlert, names};
use serde_json::{Value, json};

use crate::support::{World, assert_error};

const KEYS: [&str; 30] = [
    "id",
    "incidentId",
    "investigationId",
    "assignedTo",
    "severity",
    "status",
    "classification",
    "determination",
    "investigationState",
    "detectionSource",
    "detectorId",
    "category",
    "threatFamilyName",
    "title",
    "description",
    "alertCreationTime",
    "firstEventTime",
    "lastEventTime",
    "lastUpdateTime",
    "resolvedTime",
    "machineId",
    "computerDnsName",
    "rbacGroupName",
    "aadTenantId",
    "threatName",
    "mitreTechniques",
    "relatedUser",
    "loggedOnUsers",
    "comments",
    "evidence",
];

const EVIDENCE_KEYS: [&str; 25] = [
    "entityType",
    "evidenceCreationTime",
    "sha1",
    "sha256",
    "fileName",
    "filePath",
    "processId",
    "processCommandLine",
    "processCreationTime",
    "parentProcessId",
    "parentProcessCreationTime",
    "parentProcessFileName",
    "parentProcessFilePath",
    "ipAddress",
    "url",
    "registryKey",
    "registryHive",
    "registryValueType",
    "registryValue",
    "accountName",
    "domainName",
    "userSid",
    "aadUserId",
    "userPrincipalName",
    "detectionStatus",
];

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn path(id: &str) -> String {
    format!("/api/alerts/{id}")
}

#[tokio::test]
async fn an_alert_has_all_its_properties() {
    let world = World::new().await;
    let (status, alert) = world.get(&path(names::ALERTS[0])).await;
    assert_eq!(status, 200);
    assert!(alert["@odata.context"].as_str().unwrap().ends_with("/api/$metadata#Alerts/$entity"));
    assert_eq!(keys(&alert)[1..], KEYS);
    assert_eq!(alert["aadTenantId"], world.simulator.tenant_id());
    assert_eq!(keys(&alert["evidence"][0]), EVIDENCE_KEYS);
    assert_eq!(alert["evidence"][1]["entityType"], "Url");
    let time = alert["alertCreationTime"].as_str().unwrap();
    assert!(time.ends_with(".7220239Z"), "{time}");
    let message = assert_error(world.get(&path("da1_-2")).await, 404, "ResourceNotFound");
    assert_eq!(message, "Alert da1_-2 was not found");
}

#[tokio::test]
async fn a_list_shows_evidence_only_when_expanded() {
    let world = World::new().await;
    let (_, list) = world.get("/api/alerts").await;
    assert!(list["@odata.context"].as_str().unwrap().ends_with("/api/$metadata#Alerts"));
    assert_eq!(keys(&list), ["@odata.context", "value"]);
    assert_eq!(keys(&list["value"][0]), KEYS);
    assert!(list["value"].as_array().unwrap().iter().all(|alert| alert["evidence"] == json!([])));
    assert_eq!(world.ids("/api/alerts").await, names::ALERTS, "newest first");
    let (_, list) = world.get("/api/v1.0/alerts?$expand=evidence&$top=1").await;
    assert_eq!(list["value"][0]["evidence"].as_array().unwrap().len(), 3);
    assert_error(world.get("/api/alerts?$expand=machine").await, 400, "ODataError");
}

#[tokio::test]
async fn an_update_changes_what_it_names() {
    let world = World::new().await;
    let (_, before) = world.get(&path(names::ALERTS[2])).await;
    let (status, after) = world.patch(&path(names::ALERTS[2]), &json!({"assignedTo": "b@contoso.com"})).await;
    assert_eq!((status, &after["assignedTo"]), (200, &json!("b@contoso.com")));
    assert_eq!((&after["status"], &after["comments"]), (&before["status"], &before["comments"]));
    assert_ne!(after["lastUpdateTime"], before["lastUpdateTime"]);

    let body = json!({"status": "Resolved", "classification": "FalsePositive", "determination": "NotMalicious",
        "comment": "known tool"});
    let (_, resolved) = world.patch(&path(names::ALERTS[2]), &body).await;
    assert_eq!(
        (&resolved["status"], &resolved["determination"]),
        (&json!("Resolved"), &json!("NotMalicious"))
    );
    assert!(resolved["resolvedTime"].is_string());
    let comments = resolved["comments"].as_array().unwrap();
    assert_eq!((comments.len(), &comments[1]["comment"]), (2, &json!("known tool")));
    let (_, reopened) = world.patch(&path(names::ALERTS[2]), &json!({"status": "New"})).await;
    assert_eq!(reopened["resolvedTime"], Value::Null);
    let (_, seen) = world.get(&path(names::ALERTS[2])).await;
    assert_eq!(seen, reopened);
    let (_, list) = world.get("/api/alerts").await;
    assert_eq!(list["value"][2]["status"], "New", "a list made before is not served again");
}

#[tokio::test]
async fn an_update_is_read_strictly() {
    let world = World::new().await;
    for body in [
        json!({"Status": "New"}),
        json!({"status": "Closed"}),
        json!({"status": null}),
        json!({"status": 1}),
        json!({"severity": "High"}),
    ] {
        assert_error(world.patch(&path(names::ALERTS[0]), &body).await, 400, "InvalidRequestBody");
    }
    for body in [json!({"classification": "Maybe"}), json!({"determination": "Apt"})] {
        assert_error(world.patch(&path(names::ALERTS[0]), &body).await, 400, "InvalidInput");
    }
    assert_error(world.patch(&path("none"), &json!({})).await, 404, "ResourceNotFound");
    assert_eq!(world.patch(&path(names::ALERTS[0]), &json!({})).await.0, 200);
    let response = world.send(reqwest::Method::PATCH, &path(names::ALERTS[0]), None).await;
    assert_error(crate::support::answer(response).await, 400, "InvalidRequestBody");
}

fn creation(event: &defender_simulator::ReportedEvent) -> Value {
    json!({"machineId": event.machine_id, "severity": "Low", "title": "example", "description": "d",
        "recommendedAction": "nothing", "eventTime": event.event_time, "reportId": event.report_id,
        "category": "Exploit"})
}

#[tokio::test]
async fn an_alert_is_created_from_an_event() {
    let world = World::new().await;
    let events = world.simulator.events();
    let body = creation(&events[0]);
    let (status, alert) = world.post("/api/alerts/CreateAlertByReference", &body).await;
    assert_eq!(
        (status, &alert["status"], &alert["title"]),
        (200, &json!("New"), &json!("example")),
        "{alert}"
    );
    assert_eq!(alert["lastEventTime"], body["eventTime"]);
    let id = alert["id"].as_str().unwrap();
    assert_eq!(world.ids("/api/alerts").await[0], id);
    let (status, investigation) = world.get(&format!("/api/investigations/{id}")).await;
    assert_eq!((status, &investigation["state"]), (200, &json!("Running")));
    assert_eq!(investigation["id"], alert["investigationId"].to_string());

    let (_, merged) = world.post("/api/alerts/createAlertByReference", &creation(&events[1])).await;
    assert_eq!(merged["id"], alert["id"], "same title, same machine, still open");
    assert_eq!(merged["lastEventTime"], json!(events[1].event_time));
    world.patch(&path(id), &json!({"status": "Resolved"})).await;
    let (_, another) = world.post("/api/alerts/createAlertByReference", &creation(&events[1])).await;
    assert_ne!(another["id"], alert["id"]);
}

#[tokio::test]
async fn the_event_must_be_the_one_to_the_tick() {
    let world = World::new().await;
    let event = &world.simulator.events()[0];
    let with = |key: &str, value: Value| {
        let mut body = creation(event);
        body[key] = value;
        body
    };
    let near = defender_simulator::Moment::from_ticks(event.event_time.ticks() + 1);
    for body in [with("eventTime", json!(near)), with("reportId", json!("1")), with("machineId", json!("m1"))]
    {
        assert_error(world.post("/api/alerts/createAlertByReference", &body).await, 404, "ResourceNotFound");
    }
    for body in
        [with("reportId", json!(20776)), with("eventTime", json!("yesterday")), with("Title", json!("x"))]
    {
        assert_error(
            world.post("/api/alerts/createAlertByReference", &body).await,
            400,
            "InvalidRequestBody",
        );
    }
    for body in [with("severity", json!("Informational")), with("category", json!("Nonsense"))] {
        assert_error(world.post("/api/alerts/createAlertByReference", &body).await, 400, "InvalidInput");
    }
}

#[tokio::test]
async fn an_alert_can_be_indexed_late() {
    let world = World::new().await;
    let clock = world.simulator.clock();
    clock.stop();
    let visible_from = clock.now().after(std::time::Duration::from_secs(60));
    let created = clock.now().before(std::time::Duration::from_secs(300));
    let id = world.simulator.add_alert(NewAlert {
        alert_creation_time: Some(created),
        visible_from: Some(visible_from),
        severity: Some("Critical".to_owned()),
        incident_id: Some(9_007_199_254_740_993),
        ..NewAlert::default()
    });
    assert_eq!(world.ids("/api/alerts?$top=1").await, [names::ALERTS[0]]);
    assert_error(world.get(&path(&id)).await, 404, "ResourceNotFound");
    world.advance(60_000);
    assert_eq!(
        world.ids("/api/alerts?$top=1").await,
        [id.as_str()],
        "time alone has made the kept list stale"
    );
    let (_, alert) = world.get(&path(&id)).await;
    assert_eq!(
        (&alert["severity"], alert["incidentId"].as_i64()),
        (&json!("Critical"), Some(9_007_199_254_740_993))
    );
    assert_eq!(alert["alertCreationTime"], json!(created));
}
