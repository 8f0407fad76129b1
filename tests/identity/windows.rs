//! Files as editors of Windows write them: with a byte order mark at the beginning, and with CR LF at the ends of lines.

use serde_json::json;

use crate::support::home::{Home, simulator};

fn from_windows(text: &str) -> String {
    format!("\u{feff}{}", text.replace('\n', "\r\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secrets_file_and_the_configuration_are_read_with_a_byte_order_mark() {
    let simulator = simulator(json!({})).await;
    let home = Home::empty();
    let secret = home.path().join("secret");
    std::fs::write(&secret, from_windows(&format!("{}\n", simulator.client_secret())))
        .expect("it is written");
    let text = format!(
        "# A configuration.\n[connections.default]\napi-url = \"{url}\"\ntenant-id = \"{tenant}\"\n\
         allow-loopback-http = true\n[connections.default.auth]\nkind = \"client-secret\"\nclient-id = \"{client}\"\n\
         client-secret-file = {secret:?}\nauthority = \"{url}\"\n",
        url = simulator.url(),
        tenant = simulator.tenant_id(),
        client = simulator.client_id(),
    );
    home.configure(&from_windows(&text));
    home.run(&["connections", "test"]).done();

    let input = home.path().join("input.json");
    std::fs::write(&input, from_windows("{\n\"$top\": 1\n}\n")).expect("it is written");
    home.run(&["call", "list-machines", "--input", &format!("@{}", input.display())]).done();

    let added = ["connections", "add", "second", "--cloud=public", "--kind=none"];
    home.run(&added).done();
    let changed = std::fs::read_to_string(home.config()).expect("it is text");
    assert!(changed.starts_with(&from_windows(&text)), "what was there stays as it was: {changed:?}");
    assert_eq!(changed.matches('\u{feff}').count(), 1, "{changed:?}");
    home.run(&["connections", "remove", "second"]).done();
    assert_eq!(std::fs::read_to_string(home.config()).expect("it is text"), from_windows(&text));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workloads_token_file_is_read_with_a_byte_order_mark() {
    let cluster = super::Cluster::new();
    let simulator = simulator(json!({ "federation": cluster.federation() })).await;
    let home = Home::empty();
    let file = home.path().join("token");
    std::fs::write(&file, from_windows(&format!("{}\n", cluster.token(|_| {})))).expect("it is written");
    home.configure(&format!(
        "[connections.default]\napi-url = \"{url}\"\ntenant-id = \"{tenant}\"\nallow-loopback-http = true\n\
         [connections.default.auth]\nkind = \"workload-identity\"\nclient-id = \"{client}\"\ntoken-file = {file:?}\n\
         authority = \"{url}\"\n",
        url = simulator.url(),
        tenant = simulator.tenant_id(),
        client = simulator.client_id(),
    ));
    home.run(&["connections", "test"]).done();
}
