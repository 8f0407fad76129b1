//! Live response: commands in order, their results, and the limits on sessions.

use defender_simulator::{Population, names};
use serde_json::{Value, json};

use crate::support::{World, answer, assert_error};

fn path(machine: names::SeededMachine) -> String {
    format!("/api/machines/{}/runliveresponse", machine.id)
}

fn script() -> Value {
    json!({"Comment": "c", "Commands": [
        {"type": "PutFile", "params": [{"key": "FileName", "value": "tool.exe"}]},
        {"type": "RunScript", "params": [{"key": "ScriptName", "value": "a.ps1"}, {"key": "Args", "value": "-x"}]},
        {"type": "GetFile", "params": [{"key": "Path", "value": "C:\\out.zip"}]}
    ]})
}

#[tokio::test]
async fn live_response_goes_command_by_command() {
    let world = World::new().await;
    world.simulator.clock().stop();
    let (code, action) = world.post(&path(names::DESKTOP), &script()).await;
    assert_eq!((code, &action["type"]), (201, &json!("LiveResponse")), "{action}");
    let first = json!({"index": 0, "startTime": null, "endTime": null, "commandStatus": "Created", "errors": [],
        "command": {"type": "PutFile", "params": [{"key": "FileName", "value": "tool.exe"}]}});
    assert_eq!(action["commands"][0], first);
    assert_error(world.post(&path(names::DESKTOP), &script()).await, 400, "ActiveRequestAlreadyExists");

    let id = action["id"].as_str().unwrap();
    let link =
        |index: &str| format!("/api/machineactions/{id}/GetLiveResponseResultDownloadLink(index={index})");
    assert_error(world.get(&link("1")).await, 404, "ResourceNotFound");
    world.advance(3_000);
    let (_, done) = world.get(&format!("/api/machineactions/{id}")).await;
    assert_eq!(
        (&done["status"], &done["commands"][2]["commandStatus"]),
        (&json!("Succeeded"), &json!("Completed"))
    );
    assert!(done["commands"][2]["endTime"].is_string());

    assert_error(world.get(&link("0")).await, 404, "ResourceNotFound");
    assert_error(world.get(&link("3")).await, 404, "ResourceNotFound");
    assert_error(world.get(&link("x")).await, 400, "BadRequest");
    let (code, reply) = world.get(&link("1")).await;
    assert_eq!(code, 200);
    let (code, transcript) =
        answer(world.client.get(reply["value"].as_str().unwrap()).send().await.unwrap()).await;
    assert_eq!(
        (code, &transcript["exit_code"], &transcript["script_name"]),
        (200, &json!(0), &json!("a.ps1"))
    );
}

#[tokio::test]
async fn a_failed_command_stops_the_rest() {
    let world = World::new().await;
    world.simulator.clock().stop();
    let mut body = script();
    body["Commands"][1]["params"][0]["value"] = json!("fail.ps1");
    let (_, action) = world.post(&path(names::DESKTOP), &body).await;
    world.advance(60_000);
    let (_, done) = world.get(&format!("/api/machineactions/{}", action["id"].as_str().unwrap())).await;
    let statuses: Vec<_> = (0..3).map(|n| done["commands"][n]["commandStatus"].as_str().unwrap()).collect();
    assert_eq!((done["status"].as_str(), statuses), (Some("Failed"), vec!["Completed", "Failed", "Created"]));
    assert_eq!(done["commands"][1]["errors"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn live_response_scripts_are_checked() {
    let world = World::new().await;
    let put = json!({"type": "PutFile", "params": [{"key": "FileName", "value": "f"}]});
    let run = json!({"type": "RunScript", "params": [{"key": "ScriptName", "value": "s"}]});
    for commands in [
        json!([]),
        json!([run, put]),
        json!([{"type": "RunScript"}]),
        json!([{"type": "RunScript", "params": [{"key": "Path", "value": "s"}]}]),
        json!([{"type": "RunScript", "params": [{"key": "ScriptName", "value": ""}]}]),
        json!([{"type": "Reboot", "params": []}]),
        json!([{"Type": "PutFile", "Params": []}]),
        json!({"type": "PutFile"}),
    ] {
        let body = json!({"Comment": "c", "Commands": commands});
        assert_error(world.post(&path(names::DESKTOP), &body).await, 400, "InvalidRequestBody");
    }
}

#[tokio::test]
async fn a_tenant_has_25_sessions() {
    let world = World::new().await;
    world.simulator.generate(Population { machines: 26, alerts: 0 });
    world.simulator.clock().stop();
    let machines = world.ids("/api/machines?$filter=startswith(computerDnsName,'gen-')").await;
    for machine in &machines[..25] {
        assert_eq!(world.post(&format!("/api/machines/{machine}/runliveresponse"), &script()).await.0, 201);
    }
    let last = format!("/api/machines/{}/runliveresponse", machines[25]);
    let (code, body) = world.post(&last, &script()).await;
    assert_eq!((code, &body["error"]["code"]), (429, &json!("429")));
    world.advance(3_000);
    assert_eq!(world.post(&last, &script()).await.0, 201);
}
