//! A person's sign-in against the stand-in, which anybody can try: `connector login` and `connector simulate`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use defender_simulator::Simulator;
use serde_json::json;

use super::authority::client;
use crate::support::home::{Home, simulator};

const CALL: [&str; 4] = ["call", "list-machines", "--top", "1"];

fn home(simulator: &Simulator, kind: &str) -> Home {
    let home = Home::empty();
    home.configure(&format!(
        "[connections.default]\napi-url = \"{url}\"\ntenant-id = \"{tenant}\"\nallow-loopback-http = true\n\
         [connections.default.auth]\nkind = \"{kind}\"\nclient-id = \"{client}\"\nauthority = \"{url}\"\n",
        url = simulator.url(),
        tenant = simulator.tenant_id(),
        client = simulator.client_id(),
    ));
    home
}

/// Begins a login, and what it says first that has the words.
fn begin(home: &Home, words: &str) -> (Child, String) {
    let mut command = home.command(&["login", "--no-browser"]);
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
    let mut said = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        assert_ne!(said.read_line(&mut line).expect("it is text"), 0, "it says nothing with {words}");
    }
    // Nobody reads on, and the login goes on nevertheless.
    (child, line)
}

async fn ended(mut child: Child) -> bool {
    tokio::task::spawn_blocking(move || child.wait()).await.expect("it runs").expect("it ends").success()
}

async fn decide(address: &str, form: &[(&str, &str)]) -> reqwest::Response {
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = client().post(address).header("content-type", "application/x-www-form-urlencoded");
    request.body(form).send().await.expect("it answers")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_logs_in_with_a_code_against_the_simulator() {
    let simulator = simulator(json!({ "settings": { "deviceCodeIntervalSeconds": 1 } })).await;
    let home = home(&simulator, "device-code");
    let (login, line) = begin(&home, "type the code");
    let code = line.split_whitespace().last().expect("there is a code");
    let page = format!("{}/devicelogin", simulator.url());
    assert!(line.contains(&page), "{line}");
    let done = decide(&page, &[("user_code", code), ("decision", "accept")]).await;
    assert_eq!(done.status(), 200);
    assert!(ended(login).await);
    home.run(&CALL).done();
    // Each test of the connection redeems the refresh token that is kept, and keeps the next.
    for _ in 0..3 {
        home.run(&["connections", "test"]).done();
    }
    simulator.end_sign_ins();
    let over = home.run(&["connections", "test"]);
    assert_eq!(over.code, 3, "{over:?}");
    assert!(over.stderr.contains("run `connector login --connection default`"), "{over:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_logs_in_with_a_browser_against_the_simulator() {
    let simulator = simulator(json!({})).await;
    let home = home(&simulator, "auth-code");
    let (login, line) = begin(&home, "/oauth2/v2.0/authorize?");
    let address = line.trim();
    let page = client().get(address).send().await.expect("it answers").text().await.expect("it is text");
    assert!(page.contains("ana@contoso.onmicrosoft.com"), "{page}");
    let back = decide(address, &[("decision", "accept")]).await;
    let back = back.headers()["location"].to_str().expect("it is an address").to_owned();
    assert!(client().get(back).send().await.expect("it answers").status().is_success());
    assert!(ended(login).await);
    home.run(&CALL).done();
    home.run(&["connections", "test"]).done();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_declined_says_so() {
    let settings = json!({ "settings": { "deviceCodeIntervalSeconds": 1, "consent": "decline" } });
    let simulator = simulator(settings).await;
    let declined = home(&simulator, "device-code").run(&["login"]);
    assert_eq!(declined.code, 3, "{declined:?}");
    assert!(declined.stderr.contains("the sign-in was declined"), "{declined:?}");
    let ids = ["Trace ID: ", "Correlation ID: ", "Timestamp: "];
    assert!(ids.iter().all(|id| declined.stderr.contains(id)), "support asks for them: {declined:?}");
}
