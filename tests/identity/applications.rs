//! An application that signs in by itself, with a secret.

use std::path::PathBuf;

use serde_json::json;

use super::authority::Authority;
use crate::support::home::SECRET;
use crate::support::path;

/// The lines of an application with a secret.
pub(super) fn secret_lines(authority: &Authority) -> String {
    let client = authority.fact("/secretClient/id");
    format!("kind = \"client-secret\"\nclient-id = \"{client}\"\nclient-secret-env = \"{SECRET}\"")
}

/// One of the certificates that the host's own tests of signing were made for, or a key.
pub(crate) fn certificate(name: &str) -> PathBuf {
    path("../host/src/egress/tests/certificates").join(name)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn an_application_signs_in_with_its_secret() {
    let authority = Authority::start(&json!({}));
    let api = authority.api().await;
    let home = authority.home(&api, &secret_lines(&authority));
    let run = |words: &[&str]| {
        let mut command = home.command(words);
        let outcome = command.env(SECRET, authority.fact("/secretClient/secret")).output();
        crate::support::home::Outcome::from(outcome.expect("the command starts")).done()
    };
    let tested = run(&["connections", "test"]).stdout;
    assert!(tested.contains("client-secret"), "{tested}");
    assert!(run(&["call", "list-machines", "--top", "1"]).json()["value"].is_array());

    let asked = authority.token_requests("client_credentials").await;
    assert!(!asked.is_empty());
    for request in &asked {
        assert_eq!(request["status"], 200);
        assert_eq!(request["path"], format!("/{}/oauth2/v2.0/token", authority.tenant()));
        assert_eq!(request["form"]["scope"], format!("{}/.default", authority.fact("/audience")));
        assert!(request["headers"].get("authorization").is_none(), "Entra wants the secret in the body");
    }
    let arrivals = api.log();
    let token = asked.last().expect("a token was asked for")["reply"]["access_token"].as_str();
    let bearer = format!("Bearer {}", token.expect("there is one"));
    assert!(arrivals.iter().any(|arrival| arrival.header("authorization") == Some(bearer.as_str())));
}
