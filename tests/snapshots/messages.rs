//! What people read when something goes wrong: the message, the hint, the exit code.

use defender_simulator::{Effect, Fault, Simulator};
use serde_json::json;

use super::{check, run, seen};
use crate::support::home::{Home, Outcome, simulator};

#[test]
fn mistakes_on_the_command_line_read_as_reviewed() {
    let home = Home::empty();
    let lines: &[&[&str]] = &[
        &[],
        &["zzzz"],
        &["actions", "list-alerts"],
        &["--output", "xml", "actions"],
        &["describe", "no-such"],
        &["describe", "new-alert"],
        &["call"],
        &["call", "nothing-like-it"],
        &["call", "list-machine"],
        &["call", "new-alerts"],
        &["call", "list-alerts", "--bogus"],
        &["call", "list-alerts", "--fliter", "x"],
        &["call", "list-alerts", "--filter"],
        &["call", "list-alerts", "--top", "1", "--top", "2"],
        &["call", "list-alerts", "--deadline", "0"],
        &["call", "isolate-machine", "--isolation-type", "half"],
        &["watch", "new-alerts"],
        &["watch", "no-such", "--to", "-"],
        &["watch", "new-alerts", "--to", "ftp://x"],
        &["watch", "new-alerts", "--to", "-", "--since", "soon"],
        &["connections", "test", "--x"],
        &["actions", "--component", "missing.wasm"],
        &["simulate", "--options", "{"],
    ];
    check("messages", "command-line", &each(&home, lines));
}

#[test]
fn mistakes_in_the_configuration_read_as_reviewed() {
    let home = Home::empty();
    let list = &["call", "list-alerts"];
    let mut text = format!("no file\n{}\n", run(&home, list));
    let connection = "[connections.default]\n";
    let token = "[connections.default.auth]\nkind = \"token\"\ntoken-env = \"TOKEN\"\n";
    for (what, file) in [
        ("no TOML", "connections".to_owned()),
        ("an unknown key", format!("{connection}clowd = \"public\"\n{token}")),
        (
            "a secret in the file",
            format!(
                "{connection}cloud = \"public\"\n[connections.default.auth]\nkind = \"client-secret\"\nclient-id = \"x\"\nclient-secret = \"hush\"\n"
            ),
        ),
        ("a key of another kind", format!("{connection}cloud = \"public\"\n{token}client-id = \"x\"\n")),
        ("a value of the wrong kind", format!("{connection}cloud = 7\n{token}")),
        ("an unknown cloud", format!("{connection}cloud = \"pubic\"\n{token}")),
        (
            "an unknown kind",
            format!("{connection}cloud = \"public\"\n[connections.default.auth]\nkind = \"secret\"\n"),
        ),
        ("no cloud and no address", format!("{connection}{token}")),
        ("no way to sign in", format!("{connection}cloud = \"public\"\n")),
        (
            "no tenant",
            format!(
                "{connection}cloud = \"public\"\n[connections.default.auth]\nkind = \"client-secret\"\nclient-id = \"x\"\nclient-secret-env = \"X\"\n"
            ),
        ),
        ("an address with a path", format!("{connection}api-url = \"https://api.test/v1\"\n{token}")),
        ("an address on this machine", format!("{connection}api-url = \"http://127.0.0.1:9000\"\n{token}")),
        ("an address in clear", format!("{connection}api-url = \"http://api.test\"\n{token}")),
        ("a number out of range", format!("{connection}cloud = \"public\"\ntimeout-seconds = 0\n{token}")),
        (
            "another connection",
            format!("[connections.other]\ncloud = \"public\"\n{}", token.replace("default", "other")),
        ),
        ("a variable that is not set", format!("{connection}cloud = \"public\"\n{token}")),
        (
            "a command that fails",
            format!(
                "{connection}cloud = \"public\"\n[connections.default.auth]\nkind = \"token\"\ntoken-command = [\"false\"]\n"
            ),
        ),
        (
            "a command that does not exist",
            format!(
                "{connection}cloud = \"public\"\n[connections.default.auth]\nkind = \"token\"\ntoken-command = [\"no-such-program\"]\n"
            ),
        ),
        (
            "a login that is missing",
            format!(
                "{connection}cloud = \"public\"\ntenant-id = \"contoso.onmicrosoft.com\"\n[connections.default.auth]\nkind = \"device-code\"\nclient-id = \"x\"\n"
            ),
        ),
        (
            "no Azure CLI",
            format!("{connection}cloud = \"public\"\n[connections.default.auth]\nkind = \"azure-cli\"\n"),
        ),
    ] {
        home.configure(&file);
        text.push_str(&format!("{what}\n{}\n", run(&home, list)));
    }
    check("messages", "configuration", &text);
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_the_parameters_read_as_reviewed() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let long = "a".repeat(5000);
    let lines: &[&[&str]] = &[
        &["call", "get-machine"],
        &["call", "get-machine", "--machine-id", ""],
        &["call", "get-machine", "--machine-id", ".."],
        &["call", "get-machine", "--input", "{"],
        &["call", "get-machine", "--input", "[]"],
        &["call", "get-machine", "--input", "{\"Machine Id\": \"m1\"}"],
        &["call", "get-machine", "--input", "{\"Machine ID\": 7}"],
        &["call", "get-machine", "--input", "@missing.json"],
        &["call", "list-machines", "--top", "many"],
        &["call", "list-alerts", "--filter", "severity is High"],
        &["call", "list-alerts", "--input", "{\"nextLink\": \"https://elsewhere.test/api/alerts\"}"],
        &["call", "run-hunting-query", "--query", "DeviceInfo | nonsense"],
        &["call", "run-live-response", "--machine-id", "m1", "--comment", "x", "--commands", "[]"],
    ];
    let mut text = each(&home, lines);
    let outcome = home.run(&["call", "get-machine", "--machine-id", &long]);
    text.push_str(&seen(&home, &["call", "get-machine", "--machine-id", "LONG"], &outcome));
    check("messages", "parameters", &text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_api_refuses_reads_as_reviewed() {
    let simulator = simulator(json!({})).await;
    let home = Home::with(&simulator, "[connections.default.quota]\naction-limits = false\n");
    let machine = defender_simulator::names::DESKTOP.id;
    let none = "0".repeat(40);
    let get = &["call", "get-machine", "--machine-id", machine][..];
    let isolate = &[
        "call",
        "isolate-machine",
        "--machine-id",
        machine,
        "--comment",
        "x",
        "--isolation-type",
        "full",
    ][..];
    let mut text = run(&home, &["call", "get-machine", "--machine-id", &none]);
    for (what, words, effect) in [
        (
            "a conflict",
            isolate,
            status(
                400,
                r#"{"error":{"code":"ActiveRequestAlreadyExists","message":"Action is already in progress","target":"d2b6"}}"#,
            ),
        ),
        (
            "a permission that is missing",
            get,
            status(
                403,
                r#"{"error":{"code":"Forbidden","message":"The application does not have any of the required application permissions (Machine.Read.All, Machine.ReadWrite.All) to access the resource.","target":"d2b6"}}"#,
            ),
        ),
        (
            "a licence that is missing",
            get,
            status(
                401,
                r#"{"error":{"code":"Unauthorized","message":"Tenant does not have a valid TVM license."}}"#,
            ),
        ),
        ("an outage, reading", get, status(503, "")),
        ("an outage, changing", isolate, status(503, "")),
        ("a lost reply, reading", get, Effect::Drop),
        ("a lost reply, changing", isolate, Effect::Drop),
        ("a reply cut off, changing", isolate, Effect::CutOff),
        ("a page of HTML", get, Effect::Html { status: 200 }),
        ("a page of HTML, changing", isolate, Effect::Html { status: 200 }),
        ("JSON that breaks off", get, Effect::TruncatedJson),
        ("a redirect", get, Effect::Redirect { status: None, location: "https://elsewhere.test/".into() }),
    ] {
        simulator.faults().add(Fault::new(effect).on(operation(words)));
        let outcome = home.run(&[words, &["--deadline", "3s"]].concat());
        text.push_str(&format!("\n{what}\n{}", seen(&home, words, &outcome)));
        simulator.faults().clear();
    }
    check("messages", "api", &text);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_do_not_work_read_as_reviewed() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let list = &["call", "list-alerts"];
    let wrong = home.command(list).env(crate::support::home::SECRET, "wrong").output();
    let mut text =
        format!("a wrong secret\n{}", seen(&home, list, &Outcome::from(wrong.expect("it starts"))));
    simulator.shutdown().await;
    text.push_str(&format!("\nnobody there\n{}", run(&home, &[list, &["--deadline", "2s"][..]].concat())));
    check("messages", "credentials", &text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_up_quota_reads_as_reviewed() {
    let simulator: Simulator = simulator(json!({})).await;
    let home = Home::with(
        &simulator,
        "[connections.default.quota]\ncalls = 1\nperiod-seconds = 3600\nwhen-exceeded = \"fail\"\n",
    );
    let list = &["call", "list-alerts", "--top", "1"];
    home.run(list).done();
    check(
        "messages",
        "quota",
        &run(&home, list).replace(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'], "N"),
    );
}

fn each(home: &Home, lines: &[&[&str]]) -> String {
    lines.iter().map(|words| format!("{}\n", run(home, words))).collect()
}

fn status(status: u16, body: &str) -> Effect {
    let body = (!body.is_empty()).then(|| body.to_owned());
    Effect::Status { status, body, content_type: None, retry_after: None }
}

fn operation(words: &[&str]) -> &'static str {
    if words.contains(&"isolate-machine") { "IsolateMachine" } else { "GetSingleMachine" }
}
