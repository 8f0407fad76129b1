//! Advanced hunting over the seeded tables.

use defender_simulator::{Settings, names};
use serde_json::{Value, json};

use crate::support::{Answer, World, assert_error};

async fn hunt(world: &World, query: &str) -> Answer {
    world.post("/api/advancedqueries/run", &json!({ "Query": query })).await
}

#[tokio::test]
async fn the_documented_query_finds_something() {
    let world = World::new().await;
    let query = "DeviceProcessEvents |where InitiatingProcessFileName =~ 'powershell.exe' \
                 |where ProcessCommandLine contains 'appdata'|project Timestamp, FileName, \
                 InitiatingProcessFileName, DeviceId|limit 2";
    let (status, reply) = hunt(&world, query).await;
    assert_eq!(status, 200, "{reply}");
    assert_eq!(reply.get("Stats"), None);
    assert_eq!(reply["Schema"][0], json!({"Name": "Timestamp", "Type": "DateTime"}));
    let rows = reply["Results"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["DeviceId"]), (2, &json!(names::DESKTOP.id)));
    let keys: Vec<_> = rows[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["Timestamp", "FileName", "InitiatingProcessFileName", "DeviceId"]);
    world.simulator.set_settings(Settings { hunting_stats: true, ..Settings::default() });
    let (_, reply) = hunt(&world, query).await;
    assert_eq!(reply["Stats"]["dataset_statistics"][0]["table_row_count"], 2);
}

#[tokio::test]
async fn cells_keep_their_types() {
    let world = World::new().await;
    let query = format!("DeviceInfo | where DeviceName == '{}'", names::DESKTOP.name);
    let (_, reply) = hunt(&world, &query).await;
    let row = &reply["Results"][0];
    assert_eq!(
        (&row["OSBuild"], &row["IsAzureADJoined"], &row["ExposureScore"]),
        (&json!(22_631), &json!(true), &json!(78.5))
    );
    assert_eq!(row["LoggedOnUsers"][0]["UserName"], "anna");
    assert_eq!(row["MachineGroup"], Value::Null);
    let types: Vec<_> =
        reply["Schema"].as_array().unwrap().iter().map(|column| column["Type"].as_str().unwrap()).collect();
    for kind in ["DateTime", "String", "Int64", "Double", "SByte", "Object"] {
        assert!(types.contains(&kind), "{kind}");
    }
    let (_, reply) = hunt(&world, "DeviceNetworkEvents | top 1 by BytesSent desc | project BytesSent").await;
    assert_eq!(reply["Results"][0]["BytesSent"].as_i64(), Some(9_007_199_254_740_993));
}

#[tokio::test]
async fn an_event_leads_to_an_alert() {
    let world = World::new().await;
    let query =
        "DeviceProcessEvents | where ReportId == 20776 and Timestamp > ago(1d) | project Timestamp, DeviceId";
    let (_, reply) = hunt(&world, query).await;
    let row = &reply["Results"][0];
    let body = json!({"machineId": row["DeviceId"], "severity": "High", "title": "t", "description": "d",
        "recommendedAction": "r", "eventTime": row["Timestamp"], "reportId": names::REPORT, "category": "Execution"});
    assert_eq!(world.post("/api/alerts/createAlertByReference", &body).await.0, 200);
}

#[tokio::test]
async fn summaries_and_counts() {
    let world = World::new().await;
    let (_, reply) = hunt(&world, "AlertInfo | where Severity == 'High' | count").await;
    assert_eq!(reply["Results"], json!([{"Count": 5}]));
    let (_, reply) = hunt(
        &world,
        "AlertInfo | summarize Alerts = count() by Severity | sort by Alerts desc, Severity asc",
    )
    .await;
    assert_eq!(reply["Results"][0], json!({"Severity": "High", "Alerts": 5}));
    let (_, old) = hunt(&world, "DeviceProcessEvents | where Timestamp < ago(7d) | count").await;
    assert_eq!(old["Results"], json!([{"Count": 1}]));
}

#[tokio::test]
async fn tables_are_joined_searched_and_described() {
    let world = World::new().await;
    let query = "DeviceProcessEvents | join kind=inner (DeviceInfo | project DeviceId, OSPlatform) on DeviceId | take 1";
    let (status, joined) = hunt(&world, query).await;
    assert_eq!(status, 200, "{joined}");
    assert!(joined["Results"][0]["OSPlatform"].is_string(), "{joined}");
    let (_, found) = hunt(&world, "search 'powershell.exe' | take 1").await;
    assert!(found["Results"][0]["$table"].is_string(), "{found}");
    let (_, schema) = hunt(&world, "DeviceInfo | getschema").await;
    let first = json!({"ColumnName": "Timestamp", "ColumnOrdinal": 0, "DataType": "System.DateTime",
        "ColumnType": "datetime"});
    assert_eq!(schema["Results"][0], first);
}

#[tokio::test]
async fn bad_queries_are_named() {
    let world = World::new().await;
    for (query, part) in [
        ("Nonsense | take 1", "'Nonsense'"),
        (
            "DeviceInfo | where Foo == 1",
            "'where' operator: Failed to resolve column or scalar expression named 'Foo'",
        ),
        ("DeviceInfo | extend x = 1", "could not be parsed"),
        ("", "could not be parsed"),
    ] {
        let message = assert_error(hunt(&world, query).await, 400, "BadRequest");
        assert!(message.contains(part), "{query}: {message}");
    }
    assert_error(
        world.post("/api/advancedqueries/run", &json!({"query": "x"})).await,
        400,
        "InvalidRequestBody",
    );
}

#[tokio::test]
async fn the_schema_comes_alone() {
    let world = World::new().await;
    let body = json!({"Query": "DeviceInfo | project Timestamp, OSBuild, IsAzureADJoined"});
    let (status, schema) = world.post("/api/advancedqueries/schema", &body).await;
    assert_eq!(status, 200);
    let properties = json!({"Timestamp": {"type": "string"}, "OSBuild": {"type": "integer"},
        "IsAzureADJoined": {"type": "boolean"}});
    let expected = json!({"type": "object", "properties": {"Results": {"type": "array",
        "items": {"type": "object", "properties": properties}}}});
    assert_eq!(schema, expected);
}
