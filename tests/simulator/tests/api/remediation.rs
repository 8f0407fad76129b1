//! Remediation activities and their machines.

use defender_simulator::{NewActivity, names};
use serde_json::{Value, json};

use crate::support::{World, assert_error};

#[tokio::test]
async fn activities_are_listed_newest_first() {
    let world = World::new().await;
    assert_eq!(world.ids("/api/remediationtasks").await, names::ACTIVITIES);
    assert_eq!(
        world.ids("/api/remediationTasks?$orderby=createdOn desc&$top=1").await,
        names::ACTIVITIES[..1]
    );
    assert_eq!(world.ids("/trigger/api/remediationtasks?$orderby=createdOn desc").await, names::ACTIVITIES);
    let (_, first) = world.get(&format!("/api/remediationtasks/{}", names::ACTIVITIES[0])).await;
    assert!(first["@odata.context"].as_str().unwrap().ends_with("#RemediationTasks/$entity"));
    assert_eq!((&first["scid"], &first["category"]), (&Value::Null, &json!("Software")));
    let created = first["createdOn"].as_str().unwrap();
    let after =
        |name: &str| format!("/api/remediationtasks?$filter={name} ge {created} and status eq 'Active'");
    assert_eq!(world.ids(&after("createdon")).await, names::ACTIVITIES[..1]);
    assert_eq!(world.ids(&after("createdOn")).await, names::ACTIVITIES[..1]);
    assert_error(world.get("/api/remediationtasks?$filter=priority eq 'High'").await, 400, "ODataError");
    assert_error(world.get("/api/remediationtasks/none").await, 404, "ResourceNotFound");
}

#[tokio::test]
async fn its_machines_have_four_properties() {
    let world = World::new().await;
    let (status, list) =
        world.get(&format!("/api/remediationtasks/{}/machinereferences", names::ACTIVITIES[2])).await;
    assert_eq!(status, 200);
    assert!(list["@odata.context"].as_str().unwrap().ends_with("#MachineReferences"));
    let machine = json!({"id": names::DATABASE_SERVER.id, "computerDnsName": names::DATABASE_SERVER.name,
        "osPlatform": "WindowsServer2016", "rbacGroupName": "Servers"});
    assert_eq!(list["value"], json!([machine]));
    assert_error(world.get("/api/remediationtasks/none/machinereferences").await, 404, "ResourceNotFound");
}

#[tokio::test]
async fn new_ones_appear() {
    let world = World::new().await;
    let id = world.simulator.add_remediation_activity(NewActivity {
        machines: vec![names::MAC.name.to_owned(), names::UBUNTU.id.to_owned(), "nobody".to_owned()],
        ..NewActivity::default()
    });
    assert_eq!(world.ids("/api/remediationtasks?$top=1").await, [id.as_str()]);
    let (_, activity) = world.get(&format!("/api/remediationtasks/{id}")).await;
    assert_eq!(activity["targetDevices"], 2);
}
