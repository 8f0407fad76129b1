//! The command line as its users meet it: what goes where, how it reads, and how it ends.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::home::{Home, Outcome, simulator};

mod arguments;
mod columns;
mod completions;
mod csv;
mod hostile;
mod mistakes;
mod named;
mod pages;
mod reading;
mod tables;

#[tokio::test(flavor = "multi_thread")]
async fn a_call_writes_json_to_standard_output_and_nothing_else() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let outcome = home.run(&["call", "list-machines", "--top", "2", "--output", "json"]).done();
    assert_eq!(outcome.stderr, "");
    assert_eq!(outcome.json()["value"].as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_and_input_say_the_same() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let machine = machine(&home);
    let flags = ["call", "tag-machine", "--machine-id", &machine, "--value", "one", "--action", "add"];
    let by_flags = home.run(&flags).done().json();
    let input = json!({ "Machine ID": machine, "Value": "two", "Action": "Add" }).to_string();
    let by_input = home.run(&["call", "tag-machine", "--input", &input]).done().json();
    assert_eq!(by_flags["id"], by_input["id"]);
    assert!(by_input["machineTags"].to_string().contains(r#""one","two""#), "{by_input}");
    let camel = json!({ "machineId": machine, "value": "two", "action": "remove" }).to_string();
    let file = home.path().join("input.json");
    std::fs::write(&file, &camel).expect("the home can be written");
    home.run(&["call", "tag-machine", "--input", &format!("@{}", file.display())]).done();

    let mut child = home
        .command(&["call", "tag-machine", "--input", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command starts");
    child.stdin.take().expect("it is piped").write_all(input.as_bytes()).expect("it reads");
    assert!(child.wait_with_output().expect("it ends").status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn global_flags_may_stand_before_or_after_the_command() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let before = home.run(&["--output", "ndjson", "call", "list-machines", "--top", "3"]).done().stdout;
    let after = home.run(&["call", "list-machines", "--top", "3", "--output", "ndjson"]).done().stdout;
    let between = home.run(&["call", "--output", "ndjson", "list-machines", "--top", "3"]).done().stdout;
    assert_eq!(before.lines().count(), 3);
    assert!(before == after && after == between);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_follows_the_links_in_every_format() {
    let simulator = simulator(json!({
        "settings": { "nextLinkAfter": 10 }, "generate": { "machines": 55 }, "limits": { "mode": "off" }
    }))
    .await;
    let home = Home::with(&simulator, "[connections.default.quota]\ncalls = 1000\naction-limits = false\n");
    let all = ["call", "list-machines", "--all", "--output"];
    let json = home.run(&[&all[..], &["json"]].concat()).done().json();
    let machines = json["value"].as_array().expect("a list").len();
    assert!(machines >= 55, "{machines}");
    assert!(json.get("@odata.nextLink").is_none());
    let ndjson = home.run(&[&all[..], &["ndjson"]].concat()).done().stdout;
    assert_eq!(ndjson.lines().count(), machines);
    let csv = home.run(&[&all[..], &["csv"]].concat()).done().stdout;
    assert!(csv.starts_with("id,computerDnsName,"), "{csv}");
    let mut records = 0;
    for line in csv.lines().skip(1).filter(|line| line.split(',').next().is_some_and(|id| id.len() == 40)) {
        assert!(!line.is_empty());
        records += 1;
    }
    assert_eq!(records, machines);
    let first = home.run(&["call", "list-machines", "--output", "json"]).done().json();
    assert_eq!(first["value"].as_array().map(Vec::len), Some(10), "without --all there is one page");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_alone_do_not_hide_that_there_is_more() {
    let simulator = simulator(json!({ "settings": { "nextLinkAfter": 5 } })).await;
    let home = Home::of(&simulator);
    for format in ["table", "csv", "ndjson"] {
        let call =
            |more: &[&str]| home.run(&[&["call", "list-machines", "-o", format], more].concat()).done();
        let said = |outcome: Outcome| {
            let lines = outcome.stderr.lines().filter(|line| !line.contains(" columns are hidden: "));
            lines.map(|line| format!("{line}\n")).collect::<String>()
        };
        assert_eq!(said(call(&[])), "5 shown, and there are more\nhint: --all fetches the rest\n");
        assert_eq!(said(call(&["--count"])), "5 of 12\nhint: --all fetches the rest\n");
        assert_eq!(said(call(&["--all"])), "");
        assert_eq!(said(call(&["--all", "--count"])), "12 of 12\n");
    }
    assert_eq!(home.run(&["call", "list-machines", "--output", "json"]).done().stderr, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told_on_standard_error_with_their_exit_code() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let call = |words: &[&str]| home.run(&[&["call"], words].concat());

    let unknown = call(&["list-machine"]);
    assert_eq!(unknown.code, 2);
    assert_eq!(unknown.stdout, "");
    assert!(unknown.stderr.contains("no action `list-machine`"), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("hint: did you mean `list-machines`?"), "{}", unknown.stderr);

    let missing = call(&["get-machine"]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("Machine ID is required"), "{}", missing.stderr);

    let flag = call(&["get-machine", "--machine", "m1"]);
    assert_eq!(flag.code, 2);
    assert!(flag.stderr.contains("--machine-id"), "{}", flag.stderr);

    let key = call(&["get-machine", "--input", r#"{"Machine Id": "m1"}"#]);
    assert_eq!(key.code, 2);
    assert!(key.stderr.contains("did you mean `Machine ID`?"), "{}", key.stderr);

    let kind = call(&["list-machines", "--top", "many"]);
    assert_eq!(kind.code, 2);
    assert!(kind.stderr.contains("$top") && kind.stderr.contains("integer"), "{}", kind.stderr);

    let json = call(&["get-machine", "--input", "{"]);
    assert_eq!(json.code, 2);
    assert!(json.stderr.contains("is not JSON") && json.stderr.contains("hint:"), "{}", json.stderr);

    let none = call(&["get-machine", "--machine-id", &"0".repeat(40), "--output", "json"]);
    assert_eq!(none.code, 4);
    let error = &none.error()["error"];
    assert_eq!(error["case"], "permanent-not-found");
    assert_eq!(error["status"], 404);
    assert_eq!(error["code"], "ResourceNotFound");
    assert!(error.get("retryAfterSeconds").is_none() && error.get("missingRoles").is_none(), "{error}");

    let id = machine(&home);
    let isolate = ["isolate-machine", "--machine-id", &id, "--comment", "x", "--isolation-type", "full"];
    assert_eq!(call(&isolate).done().json()["status"], "Pending");
    let conflict = call(&isolate);
    assert_eq!(conflict.code, 6);
    assert!(conflict.stderr.contains("ActiveRequestAlreadyExists"), "{}", conflict.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_cannot_work_says_why() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);

    let wrong = home.command(&["call", "list-machines"]).env("TEST_CLIENT_SECRET", "wrong").output();
    let wrong = crate::support::home::Outcome::from(wrong.expect("the command starts"));
    assert_eq!(wrong.code, 3, "{wrong:?}");
    assert!(
        wrong.stderr.contains("client secret is wrong") && wrong.stderr.contains("hint:"),
        "{}",
        wrong.stderr
    );

    let unset = home.command(&["call", "list-machines"]).env_remove("TEST_CLIENT_SECRET").output();
    let unset = crate::support::home::Outcome::from(unset.expect("the command starts"));
    assert_eq!(unset.code, 3, "{unset:?}");
    assert!(unset.stderr.contains("TEST_CLIENT_SECRET"), "{}", unset.stderr);

    simulator.revoke_role("Machine.Isolate");
    let id = machine(&home);
    let denied = home.run(&[
        "call",
        "isolate-machine",
        "--machine-id",
        &id,
        "--comment",
        "x",
        "--isolation-type",
        "full",
        "--output",
        "json",
    ]);
    assert_eq!(denied.code, 3, "{denied:?}");
    assert_eq!(denied.error()["error"]["missingRoles"], json!(["Machine.Isolate"]));

    let url = simulator.url().to_owned();
    simulator.shutdown().await;
    let gone = home.run(&["call", "list-machines", "--deadline", "20s"]);
    assert_eq!(gone.code, 7, "{gone:?}");
    assert!(gone.stderr.contains(url.trim_start_matches("http://")), "{}", gone.stderr);

    let empty = Home::empty();
    empty.configure("[connections.default]\ntenant = \"x\"\n");
    let key = empty.run(&["call", "list-machines"]);
    assert_eq!(key.code, 2);
    assert!(key.stderr.contains("config.toml:2") && key.stderr.contains("`tenant-id`"), "{}", key.stderr);

    empty.configure("[connections.default]\nclient-secret = \"plain-canary\"\n");
    let inline = empty.run(&["call", "list-machines"]);
    assert_eq!(inline.code, 2);
    assert!(!inline.stderr.contains("plain-canary"), "{}", inline.stderr);
}

#[test]
fn without_a_configuration_the_hint_points_to_connections_add_and_simulate() {
    let home = Home::empty();
    for words in [
        &["call", "list-machines"][..],
        &["connections", "test"],
        &["watch", "new-alerts", "--to", "-"],
        &["proxy"],
        &["serve"],
        &["login"],
    ] {
        let outcome = home.run(words);
        assert_eq!(outcome.code, 2, "{words:?}: {outcome:?}");
        for part in ["no configuration file", "hint: `connector connections add`", "`connector simulate`"] {
            assert!(outcome.stderr.contains(part), "{words:?}: {}", outcome.stderr);
        }
    }
}

#[test]
fn a_component_that_is_no_connector_says_why() {
    let home = Home::empty();
    let file = home.path().join("x.wasm");
    let file = file.to_str().expect("temporary paths are text");

    let missing = home.run(&["actions", "--component", file]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("cannot read the component"), "{}", missing.stderr);

    for (bytes, what) in [
        (&b""[..], "not a WebAssembly component"),
        (b"hello", "not a WebAssembly component"),
        (b"\0asm\x01\0\0\0", "core module"),
        (b"\0asm\x0d\0\x01\0", "not a workflow connector"),
    ] {
        std::fs::write(file, bytes).expect("the home can be written");
        let outcome = home.run(&["actions", "--component", file]);
        assert_eq!(outcome.code, 2, "{outcome:?}");
        assert!(outcome.stderr.contains(what) && outcome.stderr.contains("hint:"), "{}", outcome.stderr);
    }

    let whole = crate::support::component();
    std::fs::write(file, &whole[..whole.len() / 2]).expect("the home can be written");
    let half = home.run(&["actions", "--component", file]);
    assert_eq!(half.code, 2, "{half:?}");
    assert_eq!(half.stderr.lines().count(), 2, "{}", half.stderr);
}

#[test]
fn actions_and_descriptions_need_no_connection() {
    let home = Home::empty();
    let actions = home.in_columns(80, &["actions"]).done().stdout;
    assert_eq!(actions.lines().count(), 32, "a heading and 31 actions:\n{actions}");
    assert!(actions.lines().all(|line| line.chars().count() <= 80), "{actions}");
    let described = home.run(&["describe", "isolate-machine"]).done().stdout;
    for part in [
        "Actions - Isolate machine",
        "disruptive",
        "unisolate-machine",
        "Machine.Isolate",
        "--isolation-type",
    ] {
        assert!(described.contains(part), "{part} is not in\n{described}");
    }
    let json: Value = home.run(&["describe", "run-hunting-query", "--output", "json"]).done().json();
    assert_eq!(json["status"], "deprecated");
    assert_eq!(json["deprecatedOn"], "2027-02-01");
    let help = home.run(&["call", "isolate-machine", "--help"]).done().stdout;
    assert!(help.contains("--isolation-type <full|selective>"), "{help}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_of_a_connection_reads_and_changes_nothing() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let outcome = home.run(&["connections", "test"]).done().stdout;
    assert!(outcome.contains("ok, client-secret") && outcome.contains("read"), "{outcome}");
    let calls: Vec<_> =
        simulator.log().iter().filter(|arrival| arrival.path.starts_with("/api/")).cloned().collect();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].method, "GET");
    let list = home.run(&["connections", "list"]).done().stdout;
    assert!(list.contains("default") && list.contains(simulator.url()), "{list}");
}

#[test]
fn the_demo_checks_out() {
    let outcome = Home::empty().run(&["demo"]).done();
    for part in ["Pending -> ", "Succeeded", "tokens seen by the guest  0", "All steps checked out"] {
        assert!(outcome.stdout.contains(part), "{part} is not in\n{}", outcome.stdout);
    }
}

/// A machine that does what it is told.
fn machine(home: &Home) -> String {
    let input = ["call", "list-machines", "--filter", "healthStatus eq 'Active'", "--top", "1"];
    home.run(&input).done().json()["value"][0]["id"].as_str().expect("a machine has an id").to_owned()
}
