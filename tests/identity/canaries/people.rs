//! What a person's login leaves behind, while it is made and after.

use serde_json::{Value, json};

use super::{Kind, look_for, traced, used};
use crate::identity::authority::Authority;
use crate::identity::people::{log_in_by_browser, log_in_by_code};

/// What of an exchange with the authority is secret, wherever it stands.
const SECRET: [&str; 7] =
    ["access_token", "refresh_token", "id_token", "device_code", "code", "code_verifier", "client_assertion"];

/// All secrets that passed, each kind of which has the names.
fn passed(log: &[Value]) -> Vec<(&'static str, String)> {
    let mut secrets = Vec::new();
    for entry in log {
        for place in ["form", "reply"] {
            let found =
                SECRET.iter().filter_map(|name| Some((*name, entry[place][*name].as_str()?.to_owned())));
            secrets.extend(found);
        }
    }
    secrets
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn no_secret_of_a_person_shows_anywhere() {
    for (kind, names) in [
        ("device-code", ["access_token", "refresh_token", "id_token", "device_code", "device_code"]),
        ("auth-code", ["access_token", "refresh_token", "id_token", "code", "code_verifier"]),
    ] {
        // Tokens that are soon over: each few calls need another.
        let authority = Authority::start(&json!({ "interval": 1, "tokenSeconds": 5 }));
        let api = authority.api().await;
        let auth = format!(
            "kind = \"{kind}\"\nclient-id = \"{}\"\nscope = \"{}/.default\"",
            authority.fact("/publicClient/id"),
            authority.fact("/audience")
        );
        let home = authority.home(&api, &auth);
        let mut kind = Kind { auth, environment: Vec::new(), secrets: Vec::new() };
        let login = traced(&home, &kind, &["login", "--no-browser", "--deadline", "60s"]);
        let logged_in = if names.contains(&"device_code") {
            log_in_by_code(&authority, login).await
        } else {
            log_in_by_browser(&authority, login).await
        };
        let first = passed(&authority.log().await);
        kind.secrets = first.iter().map(|(_, secret)| secret.clone()).collect();
        let token = kind.secrets.iter().find(|secret| secret.contains('.')).expect("there is a token");
        let start = token.split_inclusive('.').next().expect("it has a beginning").to_owned();
        kind.secrets.sort();
        kind.secrets.dedup();
        let mut printed = logged_in.stdout + &logged_in.stderr;
        assert!(printed.len() > 1000, "the log says too little to be a test: {printed}");
        printed += &tokio::task::block_in_place(|| used(&home, &kind, &start));
        for words in [["login", "--deadline", "1s"].as_slice(), &["logout"]] {
            let outcome = traced(&home, &kind, words).output().expect("the command starts");
            printed += &String::from_utf8_lossy(&outcome.stderr);
        }
        let all = passed(&authority.log().await);
        for name in names {
            assert!(all.iter().any(|(found, _)| *found == name), "no {name} has passed: {}", kind.auth);
        }
        assert!(all.len() > first.len() + 2, "the login was never renewed");
        look_for(&home, &api, &printed, all.into_iter().map(|(_, secret)| secret).collect());
    }
}
