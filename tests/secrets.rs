//! A canary for a secret and one for a token: after all kinds of calls, neither is in any output, log or file.

use std::path::Path;

use serde_json::json;

use crate::support::home::{Home, SECRET, simulator};

const CANARY: &str = "canary-7b1f49-secret";

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_and_no_token_is_in_any_output_log_or_file() {
    let simulator = simulator(json!({ "clientSecret": CANARY, "log": { "secrets": true } })).await;
    let home = Home::of(&simulator);
    let machine = defender_simulator::names::DESKTOP.id;
    let calls: [&[&str]; 9] = [
        &["call", "list-machines"],
        &["call", "list-alerts", "--output", "table"],
        &["call", "get-machine", "--machine-id", "none"],
        &["call", "get-machine", "--machine-id", ".."],
        &["call", "isolate-machine", "--machine-id", machine, "--comment", "x", "--isolation-type", "full"],
        &["call", "run-hunting-query", "--query", "Nonsense | where"],
        &["connections", "test"],
        &["connections", "list", "--output", "json"],
        &["call", "list-machines", "--top", "0x"],
    ];
    let mut printed = String::new();
    for words in calls {
        let outcome = home.run(&[words, &["-vvv"]].concat());
        printed += &outcome.stdout;
        printed += &outcome.stderr;
    }
    // The wrong secret is a secret too.
    let wrong =
        home.command(&["call", "list-machines", "-vvv"]).env(SECRET, format!("{CANARY}-wrong")).output();
    let wrong = wrong.expect("the command starts");
    printed += &String::from_utf8_lossy(&wrong.stderr);
    assert!(printed.len() > 10_000, "the log says too little to be a test: {printed}");

    let log = simulator.log();
    let bearers = log.iter().filter_map(|arrival| arrival.header("authorization")?.strip_prefix("Bearer "));
    let mut secrets: Vec<String> = bearers.map(str::to_owned).collect();
    assert!(!secrets.is_empty(), "no token was used");
    secrets.push(CANARY.to_owned());
    // The signature alone would do for a thief.
    secrets.extend(secrets.clone().iter().filter_map(|token| Some(token.rsplit_once('.')?.1.to_owned())));
    for secret in &secrets {
        assert!(!printed.contains(secret.as_str()), "{secret} was printed");
    }
    let (mut files, mut kept) = (0, 0);
    search(home.path(), &mut |path, bytes| {
        files += 1;
        kept += usize::from(bytes.starts_with(b"CVLT"));
        for secret in &secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {}", path.display());
        }
    });
    assert!(files >= 2, "there is no state to search");
    assert!(kept >= 1, "no token was kept, so that this shows nothing");
}

fn search(folder: &Path, look: &mut impl FnMut(&Path, &[u8])) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            search(&path, look);
        } else {
            look(&path, &std::fs::read(&path).expect("the file can be read"));
        }
    }
}
