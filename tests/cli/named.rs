//! Machines by name: `name:` and a computer name where a machine's id belongs.

use defender_simulator::{Settings, names};
use serde_json::{Value, json};

use crate::support;
use crate::support::home::{Home, Outcome, simulator};
use crate::support::server::{Answer, Server};

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_is_found_by_its_whole_name_or_its_first_label_in_any_case() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let (id, name) = (names::DESKTOP.id, names::DESKTOP.name);
    let label = name.split('.').next().expect("a name has a first label");
    for given in [name, label, &name.to_uppercase()] {
        let given = format!("name:{given}");
        let flag = home.run(&["call", "get-machine", "--machine-id", &given]).done();
        assert_eq!(flag.json()["id"], id);
        assert_eq!(flag.stderr, format!("Machine ID: {name} is {id}\n"), "which id was taken is said");
        let input = json!({ "machineId": given }).to_string();
        assert_eq!(home.run(&["call", "get-machine", "--input", &input]).done().json()["id"], id);
    }
    let scan = ["call", "run-antivirus-scan", "--machine-id", &format!("name:{label}"), "--comment", "x"];
    let scan = home.run(&[&scan[..], &["--scan-type", "quick"]].concat()).done().json();
    assert_eq!(scan["machineId"], id, "what is generic works for each action");
    let by_id = home.run(&["call", "get-machine", "--machine-id", id]).done();
    assert_eq!(by_id.stderr, "", "an id is not looked up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_name_finds_no_machine() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let label = names::DESKTOP.name.split('.').next().expect("a name has a first label");
    for given in [&label[..label.len() - 1], "desktop", "contoso.com", "%", "*"] {
        let outcome = home.run(&isolate(given));
        assert_eq!(outcome.code, 4, "{given}: {outcome:?}");
        let message = format!("list-machines found no entry whose computerDnsName is `{given}`");
        assert!(outcome.stderr.contains(&message), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("hint: check the name"), "{}", outcome.stderr);
    }
    for given in ["", "a\u{7}b", &"x".repeat(300)] {
        home.run(&isolate(given)).usage("after `name:` stands a name");
    }
    assert_eq!(changes(&simulator), 0);
}

/// A quote in a name must not become a part of the filter: there it could make any machine fit.
#[tokio::test(flavor = "multi_thread")]
async fn a_quote_in_a_name_stays_in_the_name() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    for given in ["o'brien", "x' or computerDnsName ne 'y", "'"] {
        let outcome = home.run(&isolate(given));
        assert_eq!(outcome.code, 4, "{given}: {outcome:?}");
    }
    let log = simulator.log();
    let asked = log.iter().find(|arrival| arrival.operation == Some("GetMachines"));
    assert!(
        asked.is_some_and(|arrival| arrival
            .query
            .as_deref()
            .is_some_and(|query| query.contains("o%27%27brien"))),
        "{asked:?}"
    );
    assert_eq!(changes(&simulator), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_machines_of_one_name_are_listed_and_none_is_touched() {
    let server = Server::start().await.expect("a port of this machine is free");
    let row = |id: &str, name: &str| json!({ "id": id, "computerDnsName": name, "lastSeen": "2030-01-31T12:00:00Z" });
    for (rows, given) in [
        ([row("a1", "pc.east.test"), row("b2", "pc.west.test")], "pc"),
        ([row("a1", "PC"), row("b2", "pc.west.test")], "pc"),
        ([row("a1", "pc.east.test"), row("b2", "pc.EAST.test")], "pc.east.test"),
    ] {
        server.answer(reply(&json!({ "value": rows })));
        let outcome = run(&server, given);
        assert_eq!(outcome.code, 2, "{outcome:?}");
        for part in
            ["found several entries", "a1, ", "b2, ", "lastSeen 2030-01-31T12:00:00Z", "hint: give the"]
        {
            assert!(outcome.stderr.contains(part), "{part} is not in {}", outcome.stderr);
        }
        let received = server.received();
        assert!(received.iter().all(|request| request.method == "GET"), "{received:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_api_lists_besides_is_not_taken_for_the_machine() {
    let server = Server::start().await.expect("a port of this machine is free");
    let row = |name: Value| json!({ "id": "a1", "computerDnsName": name });
    for (body, code, words) in [
        // The API's filter may be wider than what was asked.
        (
            json!({ "value": [row(json!("pc2.test")), row(json!("pcx")), row(json!(null))] }),
            4,
            "found no entry",
        ),
        (json!({ "value": [] }), 4, "found no entry"),
        (json!({ "value": [{ "computerDnsName": "pc.test" }] }), 9, "has no id"),
        (
            json!({ "value": [row(json!("pc.test"))], "@odata.nextLink": format!("{}/api/machines?$skip=1", server.origin()) }),
            2,
            "more than a page",
        ),
    ] {
        server.answer(reply(&body));
        let outcome = run(&server, "pc");
        assert_eq!(outcome.code, code, "{body}: {outcome:?}");
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
        let received = server.received();
        assert!(received.iter().all(|request| request.method == "GET"), "{received:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_that_fails_says_what_it_was_for() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    simulator.revoke_role("Machine.Read.All");
    simulator.revoke_role("Machine.ReadWrite.All");
    let outcome = home.run(&isolate("desktop-4k2f9"));
    assert_eq!(outcome.code, 3, "{outcome:?}");
    assert!(outcome.stderr.contains("looking up `desktop-4k2f9` by list-machines"), "{}", outcome.stderr);
    assert_eq!(changes(&simulator), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_takes_from_the_quota_and_from_the_deadline() {
    let simulator = simulator(json!({})).await;
    let home = Home::with(
        &simulator,
        "[connections.default.quota]\ncalls = 1\nperiod-seconds = 60\nwhen-exceeded = \"fail\"\n",
    );
    let spent = home.run(&isolate("desktop-4k2f9"));
    assert_eq!(spent.code, 5, "the look-up was the one call: {spent:?}");
    assert_eq!(changes(&simulator), 0);

    simulator.set_settings(Settings { latency_milliseconds: 1500, ..simulator.settings() });
    let home = Home::of(&simulator);
    let late = home.run(&[&isolate("desktop-4k2f9")[..], &["--deadline", "2s"]].concat());
    assert!([7, 8].contains(&late.code), "{late:?}");
}

#[test]
fn help_says_where_a_name_may_stand() {
    let home = Home::empty();
    let help = home.run(&["call", "isolate-machine", "--help"]).done().stdout;
    assert!(help.contains("`name:`"), "{help}");
    let help = home.run(&["call", "get-alert", "--help"]).done().stdout;
    assert!(!help.contains("`name:`"), "{help}");
}

/// An embedder asks for ids itself, and calls with what it gets.
#[tokio::test(flavor = "multi_thread")]
async fn the_library_resolves_names_in_any_spelling_of_the_parameter() {
    let server = Server::start().await.expect("a port of this machine is free");
    server.answer(reply(&json!({ "value": [{ "id": "a1", "computerDnsName": "pc.test" }] })));
    let connection = support::connect(&server.origin(), "token");
    let time = connector_host::DEFAULT_DEADLINE;
    for key in ["Machine ID", "machine-id", "machineId"] {
        let input = json!({ key: "name:pc", "Comment": "name:pc" });
        let resolved = connection.resolve(time, "unisolate-machine", input).await.expect("one machine fits");
        assert_eq!(resolved.input, json!({ key: "a1", "Comment": "name:pc" }));
        assert_eq!(resolved.resolutions.len(), 1);
        assert_eq!((&*resolved.resolutions[0].name, &*resolved.resolutions[0].id), ("pc.test", "a1"));
    }
    server.received();
    let plain = json!({ "Machine ID": "a1" });
    let resolved = connection.resolve(time, "unisolate-machine", plain.clone()).await.expect("it is an id");
    assert_eq!((resolved.input, resolved.resolutions.len()), (plain, 0));
    assert!(server.received().is_empty(), "an id is not looked up");
}

fn isolate(name: &str) -> Vec<&str> {
    let machine: &str = format!("name:{name}").leak();
    ["call", "isolate-machine", "--machine-id", machine, "--comment", "x", "--isolation-type", "full"].into()
}

/// Isolates a machine by name, where the server lists machines.
fn run(server: &Server, name: &str) -> Outcome {
    let home = Home::empty();
    home.configure(&format!(
        "[connections.default]\napi-url = \"{}\"\nallow-loopback-http = true\n\
         [connections.default.auth]\nkind = \"none\"\n",
        server.origin()
    ));
    home.run(&isolate(name))
}

fn reply(body: &Value) -> Answer {
    Answer {
        status: 200,
        headers: vec![("content-type".into(), "application/json".into())],
        body: body.to_string().into_bytes(),
        ..Answer::default()
    }
}

/// How many requests came that could change something.
fn changes(simulator: &defender_simulator::Simulator) -> usize {
    let log = simulator.log();
    log.iter().filter(|arrival| arrival.method != "GET" && arrival.path.starts_with("/api/")).count()
}
