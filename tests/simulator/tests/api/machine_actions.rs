//! Machine actions and live response: their course, their refusals, and their results.

use crate::support::{World, answer, assert_error};
use defender_simulator::{Behaviour, names};
use reqwest::Method;
use serde_json::{Value, json};

/// All properties that the API writes for an action.
const KEYS: [&str; 20] = [
    "id",
    "type",
    "title",
    "requestor",
    "requestorComment",
    "status",
    "machineId",
    "computerDnsName",
    "creationDateTimeUtc",
    "lastUpdateDateTimeUtc",
    "cancellationRequestor",
    "cancellationComment",
    "cancellationDateTimeUtc",
    "errorHResult",
    "scope",
    "externalId",
    "requestSource",
    "relatedFileInfo",
    "commands",
    "troubleshootInfo",
];

fn path(machine: names::SeededMachine, verb: &str) -> String {
    format!("/api/machines/{}/{verb}", machine.id)
}

async fn status(world: &World, action: &Value) -> String {
    let (_, shown) = world.get(&format!("/api/machineactions/{}", action["id"].as_str().unwrap())).await;
    shown["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_action_is_created_and_runs_its_course() {
    let world = World::new().await;
    world.simulator.clock().stop();
    for (verb, body, kind, scope) in [
        ("isolate", json!({"Comment": "c", "IsolationType": "Full"}), "Isolate", json!("Full")),
        ("unisolate", json!({"Comment": "c"}), "Unisolate", Value::Null),
        ("restrictCodeExecution", json!({"Comment": "c"}), "RestrictCodeExecution", Value::Null),
        ("unrestrictCodeExecution", json!({"Comment": "c"}), "UnrestrictCodeExecution", Value::Null),
        (
            "runAntiVirusScan",
            json!({"Comment": "c", "ScanType": "Quick"}),
            "RunAntiVirusScan",
            json!("Quick"),
        ),
        ("collectInvestigationPackage", json!({"Comment": "c"}), "CollectInvestigationPackage", Value::Null),
    ] {
        let (code, action) = world.post(&path(names::DESKTOP, verb), &body).await;
        assert_eq!(
            (code, &action["type"], &action["status"]),
            (201, &json!(kind), &json!("Pending")),
            "{action}"
        );
        let keys: Vec<_> = action.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys[0], "@odata.context");
        assert_eq!(keys[1..], KEYS);
        let context = action["@odata.context"].as_str().unwrap();
        assert!(context.ends_with("/api/$metadata#MachineActions/$entity"), "{context}");
        assert_eq!(action["scope"], Value::Null, "the scope is filled in later");
        assert_eq!((&action["commands"], &action["requestSource"]), (&json!([]), &json!("PublicApi")));

        let message = assert_error(
            world.post(&path(names::DESKTOP, verb), &body).await,
            400,
            "ActiveRequestAlreadyExists",
        );
        assert_eq!(message, "Action is already in progress");

        world.advance(1_000);
        let (_, running) =
            world.get(&format!("/api/machineactions/{}", action["id"].as_str().unwrap())).await;
        assert_eq!((&running["status"], &running["scope"]), (&json!("InProgress"), &scope));
        world.advance(2_000);
        assert_eq!(status(&world, &action).await, "Succeeded");
        assert_eq!(
            world.post(&path(names::DESKTOP, verb), &body).await.0,
            201,
            "once over, it can be had again"
        );
        world.advance(3_000);
    }
}

#[tokio::test]
async fn machines_can_fail_or_be_away() {
    let mut world = World::new().await;
    world.simulator.clock().stop();
    let body = json!({"Comment": "c", "IsolationType": "Selective"});
    let (_, failing) = world.post(&path(names::FAILING, "isolate"), &body).await;
    let (_, waiting) = world.post(&path(names::OFFLINE, "isolate"), &body).await;
    world.advance(60_000);
    assert_eq!(status(&world, &failing).await, "Failed");
    assert_eq!(status(&world, &waiting).await, "Pending");
    world.advance(3 * 24 * 3_600_000);
    world.renew().await;
    let (_, gone) = world.get(&format!("/api/machineactions/{}", waiting["id"].as_str().unwrap())).await;
    assert_eq!((&gone["status"], &gone["errorHResult"]), (&json!("TimeOut"), &json!(-2_145_844_840_i64)));
    assert!(world.simulator.set_behaviour(names::OFFLINE.name, Behaviour::Responds));
    let (_, action) = world.post(&path(names::OFFLINE, "isolate"), &body).await;
    world.advance(3_000);
    assert_eq!(status(&world, &action).await, "Succeeded");
}

#[tokio::test]
async fn bodies_are_read_strictly() {
    let world = World::new().await;
    let isolate = path(names::DESKTOP, "isolate");
    for body in [
        json!({"comment": "c", "IsolationType": "Full"}),
        json!({"Comment": "c", "isolationType": "Full"}),
        json!({"Comment": "c"}),
        json!({"IsolationType": "Full"}),
        json!({"Comment": "c", "IsolationType": "Total"}),
        json!({"Comment": "c", "IsolationType": "full"}),
        json!({"Comment": 1, "IsolationType": "Full"}),
        json!({"Comment": null, "IsolationType": "Full"}),
        json!({"Comment": " ", "IsolationType": "Full"}),
        json!({"Comment": "c", "IsolationType": "Full", "Extra": 1}),
        json!({"Comment": "c", "IsolationType": "Full", "externalId": "x"}),
        json!({"Comment": "c", "IsolationType": "Full", "ExternalId": 1}),
        json!([]),
    ] {
        let message = assert_error(world.post(&isolate, &body).await, 400, "InvalidRequestBody");
        assert_eq!(message, "Request body is incorrect", "{body}");
    }
    let url = format!("{}{isolate}", world.simulator.url());
    let good = r#"{"Comment":"c","IsolationType":"Full"}"#;
    for (content_type, body) in [("text/plain", good), ("application/json", "{"), ("application/json", "")] {
        let request = world.client.post(&url).bearer_auth(&world.token);
        let response = request.header("content-type", content_type).body(body).send().await.unwrap();
        assert_error(answer(response).await, 400, "InvalidRequestBody");
    }
    let request = world.client.post(&url).bearer_auth(&world.token);
    let response =
        request.header("content-type", "application/json; charset=utf-8").body(good).send().await.unwrap();
    assert_eq!(response.status(), 201);
}

#[tokio::test]
async fn unknown_machines_and_platforms_are_refused() {
    let world = World::new().await;
    let body = json!({"Comment": "c"});
    let message =
        assert_error(world.post("/api/machines/123123123/unisolate", &body).await, 404, "ResourceNotFound");
    assert_eq!(message, "Machine 123123123 was not found");
    // However the id looks, it stays one segment and reaches no other operation.
    let sly = format!("/api/machines/{}%2Funisolate%3Fx%3D/isolate", names::DESKTOP.id);
    let body = json!({"Comment": "c", "IsolationType": "Full"});
    assert_error(world.post(&sly, &body).await, 404, "ResourceNotFound");
    let refused = world.post(&path(names::UBUNTU, "restrictCodeExecution"), &json!({"Comment": "c"})).await;
    assert_error(refused, 400, "OsPlatformNotSupported");
}

#[tokio::test]
async fn only_what_still_runs_can_be_cancelled() {
    let world = World::new().await;
    let body = json!({"Comment": "c", "ScanType": "Full"});
    let (_, action) = world.post(&path(names::OFFLINE, "runAntiVirusScan"), &body).await;
    let cancel = format!("/api/machineactions/{}/cancel", action["id"].as_str().unwrap());
    let (code, cancelled) = world.post(&cancel, &json!({"Comment": "not needed"})).await;
    assert_eq!((code, &cancelled["status"]), (200, &json!("Cancelled")), "{cancelled}");
    assert_eq!(cancelled["cancellationComment"], "not needed");
    assert_eq!(cancelled["errorHResult"], json!(-2_147_467_260_i64));
    assert!(cancelled["cancellationDateTimeUtc"].is_string());
    assert_error(world.post(&cancel, &json!({"Comment": "again"})).await, 400, "BadRequest");
    let unknown = world.post("/api/machineactions/nothing/cancel", &json!({"Comment": "c"})).await;
    assert_error(unknown, 404, "ResourceNotFound");
}

#[tokio::test]
async fn a_package_is_there_once_collected() {
    let world = World::new().await;
    world.simulator.clock().stop();
    let (_, action) =
        world.post(&path(names::DESKTOP, "collectInvestigationPackage"), &json!({"Comment": "c"})).await;
    let uri = format!("/api/machineactions/{}/getPackageUri", action["id"].as_str().unwrap());
    assert_error(world.get(&uri).await, 404, "ResourceNotFound");
    world.advance(3_000);
    let (code, reply) = world.get(&uri).await;
    assert_eq!(code, 200);
    assert!(reply["@odata.context"].as_str().unwrap().ends_with("/api/$metadata#Edm.String"));
    let value = reply["value"].as_str().unwrap();
    let link =
        value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).expect("quotes inside the string");
    assert!(link.contains("WDATP_Investigation_Package.zip?token="), "{link}");
    let archive = world.client.get(link).send().await.unwrap().bytes().await.unwrap();
    assert!(archive.starts_with(b"PK\x05\x06"));
    world.advance(31 * 60_000);
    assert_eq!(world.client.get(link).send().await.unwrap().status(), 403);
    let scan = format!("/api/machineactions/{}/getPackageUri", names::ACTIONS[3]);
    assert_error(world.get(&scan).await, 404, "ResourceNotFound");
}

#[tokio::test]
async fn past_actions_are_listed_and_filtered() {
    let world = World::new().await;
    assert_eq!(world.ids("/api/machineactions").await, names::ACTIONS);
    let (_, list) =
        world.get("/api/machineactions?$filter=type+eq+'StopAndQuarantineFile'&$count=true").await;
    assert_eq!(list["@odata.count"], 1);
    assert_eq!(list["value"][0]["relatedFileInfo"]["fileIdentifier"], names::FILE_SHA1);
    let filter = "/api/machineactions?$filter=status eq 'TimeOut' or Status eq 'Cancelled'&$orderby=lastUpdateDateTimeUtc asc";
    assert_eq!(world.ids(filter).await, [names::ACTIONS[7], names::ACTIONS[6]]);
    assert_error(world.get("/api/machineactions/nothing").await, 404, "ResourceNotFound");
    let response = world.send(Method::GET, "/api/machineactions?$filter=scope eq 'Full'", None).await;
    assert_error(answer(response).await, 400, "ODataError");
}
