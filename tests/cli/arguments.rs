//! Text flags: from files, and what a shell leaves of them.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::json;

use crate::support::home::{Home, simulator};

#[tokio::test(flavor = "multi_thread")]
async fn every_text_flag_reads_a_file_as_input_does() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let file = home.path().join("filter.txt");
    std::fs::write(&file, "\u{feff}healthStatus eq 'Active'\r\n").expect("the home can be written");
    let at = format!("@{}", file.display());
    let written = ["call", "list-machines", "--filter", "healthStatus eq 'Active'"];
    let expected = home.run(&written).done().stdout;
    assert_eq!(home.run(&["call", "list-machines", "--filter", &at]).done().stdout, expected);

    let mut child = home
        .command(&["call", "list-machines", "--filter", "@-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command starts");
    child.stdin.take().expect("it is piped").write_all(b"healthStatus eq 'Active'").expect("it reads");
    assert_eq!(child.wait_with_output().expect("it ends").stdout, expected.as_bytes());

    let missing = home.run(&["call", "list-machines", "--filter", "@no such file"]);
    assert!(missing.stderr.contains("write `@@`"), "{missing:?}");
    missing.usage("cannot read no such file");
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_input_is_read_once() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    home.run(&["call", "list-machines", "--filter", "@-", "--select", "@-"]).usage("asked for twice");
    assert!(simulator.log().iter().all(|arrival| !arrival.path.starts_with("/api/")), "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_ats_begin_a_text_with_one() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let list =
        home.run(&["call", "list-machines", "--filter", "healthStatus eq 'Active'", "--top", "1"]).done();
    let id = list.json()["value"][0]["id"].as_str().expect("it has an id").to_owned();
    let tag = ["call", "tag-machine", "--machine-id", &id, "--value", "@@team", "--action", "add"];
    let machine = home.run(&tag).done().json();
    assert!(machine["machineTags"].to_string().contains(r#""@team""#), "{machine}");
}

#[test]
fn a_key_that_the_shell_ate_is_said_to_be_empty() {
    let home = Home::empty();
    home.configure("[connections.default]\napi-url = \"http://127.0.0.1:9\"\nallow-loopback-http = true\n[connections.default.auth]\nkind = \"none\"\n");
    for input in
        [r#"{"": "severity eq 'High'"}"#, r#"{"": "severity eq 'High'", "": 5}"#, r#"{"": 1, "$top": 5}"#]
    {
        let outcome = home.run(&["call", "list-alerts", "--input", input]);
        assert_eq!(outcome.code, 2, "{outcome:?}");
        let said = &outcome.stderr;
        assert!(said.contains("a key of the input is empty"), "{said}");
        assert!(
            said.contains("`$filter`") && said.contains("double quotes") && said.contains("single quotes"),
            "{said}"
        );
    }
}
