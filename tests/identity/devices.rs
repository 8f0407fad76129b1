//! A login by a code on another device, as the command that waits for it has it.

use serde_json::{Value, json};

use super::authority::Authority;
use super::browser::Browser;
use super::failures::{CREDENTIAL, assert_told};
use super::people::{Conversation, word_after};
use crate::support::home::{Home, Outcome};

fn home(authority: &Authority, api: &defender_simulator::Simulator) -> Home {
    authority
        .home(api, &format!("kind = \"device-code\"\nclient-id = \"{}\"", authority.fact("/publicClient/id")))
}

fn begin(home: &Home) -> Conversation {
    tokio::task::block_in_place(|| Conversation::begin(home.command(&["login", "--deadline", "40s"])))
}

/// What the command tells after the code.
fn end(mut login: Conversation) -> Outcome {
    tokio::task::block_in_place(|| {
        login.line_with("it is good for");
        let outcome = login.end();
        Outcome { stderr: outcome.stderr + "\n", ..outcome }
    })
}

/// The polls so far: when each came, and what it was told.
async fn polls(authority: &Authority) -> Vec<(i64, Value)> {
    let log = authority.log().await;
    let polls =
        log.iter().filter(|entry| entry["path"].as_str().is_some_and(|path| path.ends_with("/token")));
    polls.map(|poll| (poll["at"].as_i64().expect("it has a time"), poll["reply"]["error"].clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn a_login_waits_through_whatever_passes() {
    let authority = Authority::start(&json!({ "interval": 1 }));
    let api = authority.api().await;
    let home = home(&authority, &api);
    let mut login = begin(&home);
    let line = login.line_with("To sign in, open ");
    // The person takes their time.
    while polls(&authority).await.len() < 3 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let pending = polls(&authority).await;
    assert!(pending.iter().all(|(_, error)| error == "authorization_pending"), "{pending:?}");
    let gaps: Vec<i64> = pending.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    assert!(gaps.iter().all(|gap| (950..5900).contains(gap)), "once in a second, as it was told: {gaps:?}");
    // So does the authority: it hangs up on one poll, however often that is tried, and on the next one once.
    authority.fail(&json!({ "path": "/token", "times": 4, "hangUp": true })).await;
    while authority.faults_left().await > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let mut browser = Browser::new();
    let page = browser.enter_code(word_after(&line, "open "), word_after(&line, "the code ")).await;
    browser.sign_in(page, authority.fact("/account")).await;
    let done = tokio::task::block_in_place(|| login.end()).done();
    assert!(done.stderr.contains("signed in"), "{done:?}");
    assert_eq!(home.run(&["call", "list-machines", "--top", "1"]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn a_login_that_comes_to_nothing_says_why() {
    // The authority's own refusal.
    let authority = Authority::start(&json!({ "interval": 1, "deviceCodeSeconds": 2 }));
    let api = authority.api().await;
    let told = end(begin(&home(&authority, &api)));
    assert_told(&told, "expired", CREDENTIAL, &["the code has expired", "log in again"], &["device_code="]);
    assert!(polls(&authority).await.len() >= 2);

    let authority = Authority::start(&json!({ "interval": 1 }));
    let api = authority.api().await;
    let home = home(&authority, &api);
    for (error, words) in [
        ("expired_token", ["the code has expired", "log in again"]),
        ("code_expired", ["the code has expired", "log in again"]),
        ("access_denied", ["the sign-in was declined", "accept"]),
        ("authorization_declined", ["the sign-in was declined", "accept"]),
        ("invalid_client", ["without a secret", "public client"]),
        ("invalid_grant", ["a reason of its own", "look the code up"]),
    ] {
        authority.recover().await;
        let fault = json!({ "path": "/token", "status": 400, "body": { "error": error } });
        authority.fail(&fault).await;
        assert_told(&end(begin(&home)), error, CREDENTIAL, &words, &["canary"]);
    }
}
