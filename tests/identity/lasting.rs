//! What lasts beyond a command: a login that was being renewed when its time was up, and what the next login must bring.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use super::authority::Authority;
use super::browser::Browser;
use crate::support::home::Home;

const CALL: [&str; 4] = ["call", "list-machines", "--top", "1"];

/// The home of somebody who signs in with a code.
async fn home(authority: &Authority) -> (Home, defender_simulator::Simulator) {
    let api = authority.api().await;
    let client = authority.fact("/publicClient/id");
    (authority.home(&api, &format!("kind = \"device-code\"\nclient-id = \"{client}\"")), api)
}

/// Logs in by the command line: a person reads the address and the code, and does as they are told.
async fn log_in(home: &Home, authority: &Authority) {
    let mut command = home.command(&["login"]);
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
    let stderr = child.stderr.take().expect("it is piped");
    let mut said = BufReader::new(stderr).lines().map(|line| line.expect("it is text"));
    let line = said.next().expect("it says something");
    let words: Vec<&str> = line.split([' ', ',']).collect();
    let address = words.iter().find(|word| word.starts_with("http")).expect("there is an address");
    let code = words.last().expect("there is a code");
    let mut browser = Browser::new();
    let page = browser.enter_code(address, code).await;
    browser.sign_in(page, authority.fact("/account")).await;
    let (rest, ended) = tokio::task::block_in_place(|| (said.collect::<Vec<_>>(), child.wait()));
    assert!(ended.expect("it ends").success(), "{rest:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn a_login_that_was_being_renewed_when_the_time_was_up_is_good_still() {
    let authority = Authority::start(&json!({ "interval": 1 }));
    let (home, _api) = home(&authority).await;
    log_in(&home, &authority).await;
    authority.fail(&json!({ "path": "/token", "times": 1, "late": 2000 })).await;
    let late = home.run(&[&CALL[..], &["--deadline", "1s"]].concat());
    assert_eq!(late.code, 7, "{late:?}");
    assert!(late.stderr.contains("time") && late.stderr.contains("hint: "), "{late:?}");
    // The authority takes each refresh token once, and takes one that comes twice for stolen: the next is in the vault.
    home.run(&CALL).done();
    home.run(&["connections", "test"]).done();
    let renewals = authority.token_requests("refresh_token").await;
    assert!(renewals.len() >= 2 && renewals.iter().all(|renewal| renewal["status"] == 200), "{renewals:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn what_a_policy_demands_of_a_person_is_asked_for_at_the_next_login() {
    let authority = Authority::start(&json!({ "interval": 1 }));
    let (home, _api) = home(&authority).await;
    log_in(&home, &authority).await;
    let claims = r#"{"access_token":{"capolids":{"essential":true,"values":["policy-1"]}}}"#;
    let demand = json!({
        "error": "interaction_required",
        "error_description": "AADSTS50076: You must use multi-factor authentication.",
        "claims": claims,
    });
    authority.fail(&json!({ "path": "/token", "times": 1, "status": 400, "body": demand })).await;
    let refused = home.run(&CALL);
    assert_eq!(refused.code, 3, "{refused:?}");
    for words in ["policy of the tenant", "AADSTS50076", "hint: run `connector login"] {
        assert!(refused.stderr.contains(words), "{refused:?}");
    }
    log_in(&home, &authority).await;
    home.run(&CALL).done();
    let log = authority.log().await;
    let asked: Vec<&Value> = log
        .iter()
        .filter(|entry| entry["path"].as_str().is_some_and(|path| path.ends_with("/devicecode")))
        .map(|entry| &entry["form"]["claims"])
        .collect();
    assert_eq!(asked, [&Value::Null, &Value::from(claims)]);
}
