//! What only a server or a receiver has: the key of a proxy, the secrets that events are signed with, and those of
//! addresses that notifications come to.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::{EVERYTHING, Kind, hex, listed, nowhere, own_cache, run, traced};
use crate::identity::authority::client;
use crate::serve::world::{PATH_SECRET, Serving, by_hand, configure, notification};
use crate::support::home::{Home, SECRET, simulator};
use crate::triggers::world::{SECRETS, alerts, answer, api, receiver};

/// A connection with a client secret, and more secrets in variables.
fn kind(secret: &str, environment: &[(&'static str, &str)]) -> Kind {
    let more = environment.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let environment = [(SECRET, secret.to_owned())].into_iter().chain(more).collect();
    Kind { auth: String::new(), environment, secrets: Vec::new() }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_a_proxy_shows_where_it_is_told_and_nowhere_else() {
    let api = simulator(json!({ "log": { "secrets": true } })).await;
    let home = Home::of(&api);
    let kind = kind(api.client_secret(), &[]);
    let mut command = traced(&home, &kind, &["proxy", "-vvv", "--output", "json"]);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    let mut stderr = child.stderr.take().expect("it is piped");
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).map(|_| text)
    });
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    stdout.read_line(&mut line).expect("it says where it is");
    let known: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let (origin, key) = (known["origin"].as_str().expect("an origin"), known["key"].as_str().expect("a key"));

    let ask = async |address: String, bearer: &str| {
        let request = client().get(address).header("authorization", format!("Bearer {bearer}"));
        request.send().await.expect("it answers").status().as_u16()
    };
    assert_eq!(ask(format!("{origin}/{key}/api/machines"), "x").await, 200);
    assert_eq!(ask(format!("{origin}/api/machines?$top=1"), key).await, 200);
    assert_eq!(ask(format!("{origin}/{key}/api/nothing"), "x").await, 404);
    // One who has mistaken what it is for.
    assert_ne!(ask(format!("{origin}/{key}x/api/machines"), "x").await, 200);
    assert_ne!(ask(format!("{origin}/api/machines?key={key}"), "x").await, 200);
    let process = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(process, rustix::process::Signal::INT).expect("it runs");
    child.wait().expect("it ends");
    let mut printed = reading.join().expect("no thread panics").expect("it is text");
    stdout.read_to_string(&mut printed).expect("it is text");
    assert!(printed.len() > 2000, "the log says too little to be a test: {printed}");
    nowhere(&home, &printed, vec![key.to_owned(), api.client_secret().to_owned()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_a_callback_shows_anywhere() {
    let api = api().await;
    let home = Home::of(&api);
    let variables =
        [("HOOK_SECRET", SECRETS[0]), ("OLD_HOOK_SECRET", SECRETS[1]), ("PATH_SECRET", PATH_SECRET)];
    let kind = kind(api.client_secret(), &variables);
    let start = api.clock().now();
    let since = start.to_string();
    alerts(&api, start, 0..2);
    let receiver = receiver(500).await;
    let to = format!("{}/hooks?key=canary-77c2-query", receiver.origin());
    let watch = ["watch", "new-alerts", "--to", &to, "--since", &since, "--allow-loopback-http", "--once"];
    let signed = [&watch[..], &["--secret-env", "HOOK_SECRET", "--secret-env", "OLD_HOOK_SECRET"]].concat();
    let told = |words: &[&str]| {
        let outcome = tokio::task::block_in_place(|| run(traced(&home, &kind, words)));
        outcome.stdout + &outcome.stderr
    };
    let mut printed = told(&[&signed[..], &["--give-up", "1ms"]].concat());
    answer(&receiver, 200, &[]);
    alerts(&api, start, 2..4);
    printed += &told(&signed);
    assert!(receiver.received().iter().any(|request| request.headers.contains_key("webhook-signature")));
    for look in ["list", "pending", "dead"] {
        printed += &told(&["events", look]);
    }

    configure(&home, &by_hand("alerts", "-"));
    let environment: Vec<(&str, &str)> =
        kind.environment.iter().map(|(name, value)| (*name, &**value)).collect();
    let cache = own_cache().display().to_string();
    let tracing = [("CONNECTOR_LOG", EVERYTHING), ("CONNECTOR_CACHE_DIR", &cache)];
    let serving = Serving::start(&home, &[], &[&environment[..], &tracing].concat()).await;
    serving.ready().await;
    let status = serving.notify("alerts", &notification("alert-1")).await.expect("it answers").status();
    assert_eq!(status, 200);
    assert_eq!(serving.notify("alerts", "nonsense").await.expect("it answers").status(), 400);
    printed += &serving.ask("/metrics").await.1;
    printed += &serving.ask("/readyz").await.1;
    printed += &(serving.stdout() + &serving.stderr());
    serving.kill();
    assert!(printed.len() > 20_000, "the log says too little to be a test: {printed}");

    let mut secrets =
        vec![PATH_SECRET.to_owned(), "canary-77c2-query".to_owned(), api.client_secret().to_owned()];
    for secret in SECRETS {
        let encoded = secret.trim_start_matches("whsec_");
        let bytes = BASE64_STANDARD.decode(encoded).expect("it is Base64");
        secrets.extend([encoded.to_owned(), hex(&bytes), listed(&bytes)]);
    }
    nowhere(&home, &printed, secrets);
}
