//! A 401 that asks for claims: answered once with a token that has them, or with an error that says what to
//! do.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::sharing::{Mint, memory, said};
use super::*;
use crate::egress::credential::{Claims, SecretSource};

pub(super) const CLAIMS: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}"#;

pub(super) fn challenge(claims: &str) -> String {
    format!(
        "www-authenticate: Basic realm=\"x\", Bearer realm=\"\", error=\"insufficient_claims\", claims=\"{}\"\r\n",
        BASE64_STANDARD.encode(claims)
    )
}

/// Accepts tokens with this prefix, and asks for claims otherwise.
async fn strict(good: &'static str) -> Server {
    let server: Arc<Mutex<Option<Server>>> = Arc::default();
    let seen = server.clone();
    let started = Server::start(move |n| {
        let seen = seen.lock().unwrap().as_ref().map(Server::seen).unwrap_or_default();
        let good = seen.get(n - 1).is_some_and(|request| request.contains(good));
        if good { Act::reply(200, "", "ok") } else { Act::reply(401, &challenge(CLAIMS), "No subscription") }
    })
    .await;
    *server.lock().unwrap() = Some(started.clone());
    started
}

#[tokio::test]
async fn claims_are_met_by_one_token_and_the_request_is_sent_again() {
    for effect in [Effect::Read, Effect::Disruptive] {
        let server = strict("Bearer stepped").await;
        let mint = Arc::new(Mint::default());
        let door = door(profile(&server).credential(mint.process(&memory())), &mint.clock);
        let reply = door.send(&purpose(effect), post(&server, "/")).await.unwrap();
        assert_eq!((reply.status().as_u16(), mint.given(), server.seen().len()), (200, 2, 2));
        let reply = door.send(&purpose(effect), post(&server, "/")).await.unwrap();
        assert_eq!((reply.status().as_u16(), mint.given(), server.seen().len()), (200, 2, 3));
    }
}

#[tokio::test]
async fn claims_that_no_token_meets_are_asked_for_once() {
    let server = strict("no token at all").await;
    let mint = Arc::new(Mint::default());
    let door = door(profile(&server).credential(mint.process(&memory())), &mint.clock);
    let reply = door.send(&purpose(Effect::Read), get(&server, "/")).await.unwrap();
    assert_eq!((reply.status().as_u16(), mint.given(), server.seen().len()), (401, 2, 2));
    assert_eq!(text(reply).await.unwrap(), "No subscription");
}

#[tokio::test]
async fn many_calls_and_processes_step_up_once() {
    let (mint, vault) = (Arc::new(Mint::default()), memory());
    let [first, second] = [mint.process(&vault), mint.process(&vault)];
    let refused = first.token().await.unwrap();
    assert!(second.token().await.unwrap().is_same(&refused));
    let claims = Claims::of_challenge(&BASE64_STANDARD.encode(CLAIMS)).unwrap();
    let calls = (0..100).map(|n| if n % 2 == 0 { &first } else { &second });
    let tokens = futures::future::join_all(calls.map(|process| process.step_up(&refused, &claims))).await;
    assert!(tokens.into_iter().all(|token| token.unwrap().header() == "Bearer stepped-2"));
    assert_eq!(mint.given(), 2);
    assert_eq!((said(&first).await, said(&second).await), ("stepped-2".into(), "stepped-2".into()));
    assert_eq!(said(&mint.process(&vault)).await, "stepped-2");

    let stepped = first.token().await.unwrap();
    let others = Claims::of_challenge(&BASE64_STANDARD.encode("{\"id_token\":{}}")).unwrap();
    let next = first.step_up(&stepped, &others).await.unwrap();
    assert_eq!(next.header(), "Bearer stepped-3", "other claims, another token");
    let again = first.step_up(&next, &others).await.unwrap();
    assert_eq!(again.header(), "Bearer stepped-4", "the token that was refused does not do");
}

#[tokio::test]
async fn a_credential_that_cannot_step_up_says_what_to_do() {
    let server = strict("no token at all").await;
    let door = door(profile(&server), &Arc::default());
    let error = door.send(&purpose(Effect::Disruptive), post(&server, "/")).await.unwrap_err();
    assert!(matches!(error, EgressError::Credential(CredentialError::StepUp)), "{error:?}");
    assert!(error.hint().unwrap().to_string().contains("whatever provides the token"));
    assert!(!error.may_have_been_processed());
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_managed_identity_cannot_ask_for_claims() {
    let given = r#"{"access_token":"canary","expires_in":"3600","token_type":"Bearer"}"#;
    let server = Server::start(move |n| match n {
        1 => Act::reply(200, "content-type: application/json\r\n", given),
        _ => Act::reply(401, &challenge(CLAIMS), ""),
    })
    .await;
    let builder = profile(&server).managed_identity().metadata_endpoint(server.origin());
    let error =
        door(builder, &Arc::default()).send(&purpose(Effect::Read), get(&server, "/")).await.unwrap_err();
    assert!(matches!(error, EgressError::Credential(CredentialError::ManagedIdentityStepUp)), "{error:?}");
    assert!(error.hint().unwrap().to_string().contains("administrator"));
}

#[tokio::test]
async fn what_is_no_claims_challenge_is_a_plain_401() {
    for headers in [
        challenge("not JSON"),
        challenge("[]"),
        challenge("{}"),
        challenge(&format!("{{\"a\":\"{}\"}}", "x".repeat(9000))),
        "www-authenticate: Bearer error=\"insufficient_claims\", claims=\"%%%\"\r\n".into(),
        "www-authenticate: Bearer error=\"insufficient_claims\"\r\n".into(),
        "www-authenticate: Bearer error=\"insufficient_scope\", claims=\"eyJhIjoxfQ==\"\r\n".into(),
        "www-authenticate: Other error=\"insufficient_claims\", claims=\"eyJhIjoxfQ==\"\r\n".into(),
        "www-authenticate: Bearer realm=\"error=\\\"insufficient_claims\\\", claims=eyJhIjoxfQ\"\r\n".into(),
    ] {
        let answer = Act::reply(401, &headers, "");
        let server = Server::start(move |_| answer.clone()).await;
        let mint = Arc::new(Mint::default());
        let door = door(profile(&server).credential(mint.process(&memory())), &mint.clock);
        let reply = door.send(&purpose(Effect::Read), get(&server, "/")).await.unwrap();
        assert_eq!((reply.status().as_u16(), mint.given(), server.seen().len()), (401, 1, 1), "{headers}");
    }
}

#[tokio::test]
async fn a_client_secret_passes_the_claims_to_the_authority() {
    let server = Server::start(|n| match n {
        1 | 3 => Act::reply(
            200,
            "content-type: application/json\r\n",
            &format!(r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"canary-{n}"}}"#),
        ),
        2 => Act::reply(401, &challenge(CLAIMS), ""),
        _ => Act::reply(200, "", "ok"),
    })
    .await;
    let builder = profile(&server)
        .authority(server.origin())
        .tenant("contoso.com")
        .client_secret("app-1", SecretSource::Given("canary-secret".to_owned().into()));
    let door = door(builder, &Arc::default());
    let reply = door.send(&purpose(Effect::Disruptive), post(&server, "/x")).await.unwrap();
    assert_eq!(reply.status().as_u16(), 200);
    let seen = server.seen();
    assert_eq!(seen.len(), 4);
    assert!(!seen[0].contains("claims="), "{}", seen[0]);
    assert!(seen[2].contains("claims=%7B%22access_token%22%3A%7B%22nbf%22%3A%7B"), "{}", seen[2]);
    assert!(seen[3].contains("authorization: Bearer canary-3\r\n"), "{}", seen[3]);
}
