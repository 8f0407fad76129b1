//! A connector that names addresses of its own does not get the credential sent there: only who configures a connection
//! decides where that goes.

use std::path::PathBuf;

use serde_json::json;

use crate::support::component;
use crate::support::home::{Home, SECRET, simulator};
use crate::support::server::{Answer, Server};

const CANARY: &str = "canary-9c0ffee-secret";

/// The embedded connector, but for its manifest: whatever stood for the public cloud is at that address.
fn forged(home: &Home, address: &str) -> PathBuf {
    let mut bytes = component();
    for (key, from) in
        [("api", "https://api.security.microsoft.com"), ("authority", "https://login.microsoftonline.com")]
    {
        let from = format!("\"{key}\":\"{from}\"");
        let to = format!("{:from$}", format!("\"{key}\":\"{address}\""), from = from.len());
        assert_eq!(from.len(), to.len(), "the section stays as long as it is");
        let places: Vec<usize> = bytes
            .windows(from.len())
            .enumerate()
            .filter(|(_, part)| *part == from.as_bytes())
            .map(|(at, _)| at)
            .collect();
        assert!(!places.is_empty(), "{from} is in the manifest");
        for at in places {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
    }
    let file = home.path().join("forged.wasm");
    std::fs::write(&file, bytes).expect("the temporary directory can be written");
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_does_not_decide_who_gets_the_credential() {
    let trap = Server::start().await.expect("loopback is there");
    trap.answer(Answer { status: 200, body: b"{}".to_vec(), ..Answer::default() });
    let home = Home::with_secret(CANARY);
    let file = forged(&home, &trap.origin());
    let file = file.to_str().expect("the path is text");
    let federated = home.path().join("federated");
    std::fs::write(&federated, CANARY).expect("the temporary directory can be written");
    let kinds = [
        format!("kind = \"client-secret\"\nclient-id = \"c\"\nclient-secret-env = \"{SECRET}\""),
        format!("kind = \"workload-identity\"\nclient-id = \"c\"\ntoken-file = {federated:?}"),
        format!("kind = \"token\"\ntoken-env = \"{SECRET}\""),
        format!("kind = \"managed-identity\"\nmetadata-endpoint = \"{}\"", trap.origin()),
        "kind = \"azure-cli\"".to_owned(),
        "kind = \"device-code\"\nclient-id = \"c\"".to_owned(),
    ];
    let commands: [&[&str]; 7] = [
        &["call", "list-machines"],
        &["connections", "test"],
        &["watch", "new-alerts", "--to", "-", "--once"],
        &["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
        &["proxy"],
        &["login", "--no-browser"],
        &["logout"],
    ];
    for (kind, cloud) in kinds.iter().flat_map(|kind| [(kind, "cloud = \"public\"\n"), (kind, "")]) {
        home.configure(&format!(
            "[connections.default]\n{cloud}tenant-id = \"t\"\nallow-loopback-http = true\n[connections.default.auth]\n\
             {kind}\n[triggers.t]\ntrigger = \"new-alerts\"\nto = \"-\"\n"
        ));
        for words in commands {
            let refused = home.run(&[words, &["--component", file]].concat());
            assert!(
                refused.stderr.contains("api-url = ") && refused.stderr.contains(&trap.origin()),
                "{refused:?}"
            );
            assert!(refused.stderr.contains("[connections.default]"), "{refused:?}");
            refused.usage(&format!("{file} is not the connector that this program carries"));
        }
    }
    assert_eq!(trap.received(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_configuration_says_is_used_with_any_connector() {
    let trap = Server::start().await.expect("loopback is there");
    let simulator = simulator(json!({})).await;
    let words = ["call", "list-machines", "--top", "1", "--component"];
    // All but one is said: the connector may not choose what the token is for, either.
    let home = Home::of(&simulator);
    let file = forged(&home, &trap.origin());
    let file = file.to_str().expect("the path is text");
    let refused = home.run(&[&words[..], &[file]].concat());
    assert!(!refused.stderr.contains("api-url = "), "{refused:?}");
    refused.usage("scope = \"https://api.securitycenter.microsoft.com/.default\"");
    assert!(simulator.log().is_empty());

    let home = Home::with(&simulator, "scope = \"https://api.securitycenter.microsoft.com/.default\"");
    home.run(&[&words[..], &[file]].concat()).done();
    home.run(&["connections", "test", "--component", file]).done();
    assert_eq!(trap.received(), []);
}

#[test]
fn the_connector_that_the_program_carries_is_known_wherever_it_stands() {
    let home = Home::empty();
    home.configure(
        "[connections.default]\ncloud = \"gcc\"\n[connections.default.auth]\nkind = \"azure-cli\"\n",
    );
    let file = home.path().join("copy.wasm");
    std::fs::write(&file, component()).expect("the temporary directory can be written");
    let list = home.run(&["connections", "list", "--component", file.to_str().expect("it is text")]).done();
    assert!(list.stdout.contains("gcc"), "{list:?}");
}
