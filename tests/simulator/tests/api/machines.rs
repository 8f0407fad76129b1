//! Machines are read by id or name, and tagged.

use defender_simulator::names;
use serde_json::{Value, json};

use crate::support::{World, assert_error};

const KEYS: [&str; 32] = [
    "id",
    "mergedIntoMachineId",
    "isPotentialDuplication",
    "isExcluded",
    "exclusionReason",
    "computerDnsName",
    "firstSeen",
    "lastSeen",
    "osPlatform",
    "osVersion",
    "osProcessor",
    "version",
    "lastIpAddress",
    "lastExternalIpAddress",
    "agentVersion",
    "osBuild",
    "healthStatus",
    "deviceValue",
    "rbacGroupId",
    "rbacGroupName",
    "riskScore",
    "exposureLevel",
    "isAadJoined",
    "aadDeviceId",
    "machineTags",
    "defenderAvStatus",
    "onboardingStatus",
    "osArchitecture",
    "managedBy",
    "managedByStatus",
    "ipAddresses",
    "vmMetadata",
];

#[tokio::test]
async fn a_machine_is_found_by_id_or_name() {
    let world = World::new().await;
    let (status, by_id) = world.get(&format!("/api/machines/{}", names::DESKTOP.id)).await;
    assert_eq!(status, 200);
    assert!(by_id["@odata.context"].as_str().unwrap().ends_with("/api/$metadata#Machines/$entity"));
    let keys: Vec<_> = by_id.as_object().unwrap().keys().skip(1).map(String::as_str).collect();
    assert_eq!(keys, KEYS);
    assert_eq!((&by_id["osVersion"], &by_id["version"]), (&Value::Null, &json!("23H2")));
    let interface = json!({"ipAddress": "127.0.0.1", "macAddress": null, "type": "SoftwareLoopback",
        "operationalStatus": "Up"});
    assert_eq!(by_id["ipAddresses"][3], interface);
    let (_, by_name) = world.get("/api/machines/DESKTOP-4k2f9.contoso.com").await;
    assert_eq!(by_name, by_id);
    let message = assert_error(world.get("/api/machines/m1").await, 404, "ResourceNotFound");
    assert_eq!(message, "Machine m1 was not found");
}

#[tokio::test]
async fn the_list_has_them_all() {
    let world = World::new().await;
    let (_, list) = world.get("/api/machines?$count=true").await;
    assert_eq!((&list["@odata.count"], list["value"].as_array().unwrap().len()), (&json!(12), 12));
    let platforms: Vec<_> = list["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|machine| machine["osPlatform"].as_str().unwrap())
        .collect();
    for platform in
        ["Windows10", "Windows11", "WindowsServer2022", "Ubuntu", "RedHatEnterpriseLinux", "macOS"]
    {
        assert!(platforms.contains(&platform), "{platform}");
    }
}

#[tokio::test]
async fn tags_come_and_go() {
    let world = World::new().await;
    let path = format!("/api/machines/{}/tags", names::MAC.id);
    let tags = |answer: (u16, Value)| {
        assert_eq!(answer.0, 200, "{}", answer.1);
        answer.1["machineTags"].clone()
    };
    let add = json!({"Value": "it's hot", "Action": "Add"});
    assert_eq!(tags(world.post(&path, &add).await), json!(["design", "it's hot"]));
    assert_eq!(tags(world.post(&path, &add).await), json!(["design", "it's hot"]));
    let filter = "/api/machines?$filter=machineTags/any(t: t eq 'it''s hot')";
    assert_eq!(world.ids(filter).await, [names::MAC.id]);
    assert_eq!(
        tags(world.post(&path, &json!({"Value": "it's hot", "Action": "Remove"})).await),
        json!(["design"])
    );
    assert_eq!(world.ids(filter).await, Vec::<String>::new());
    for body in [
        json!({"value": "x", "Action": "Add"}),
        json!({"Value": "x", "Action": "add"}),
        json!({"Value": "", "Action": "Add"}),
        json!({"Value": "x"}),
    ] {
        assert_error(world.post(&path, &body).await, 400, "InvalidRequestBody");
    }
    assert_error(world.post("/api/machines/m1/tags", &add).await, 404, "ResourceNotFound");
}
