//! What an authority says about time: when to poll again for a sign-in, and how long a token is valid.

use super::login::{JSON, device_code_at, given, log_in, refused, scripted, signing_in, vault};
use super::*;
use crate::egress::credential::SecretSource;

/// The waits before each poll but the first, in seconds, if every third poll is answered as usual.
async fn waits(trouble: Act) -> Vec<u64> {
    let server = scripted(move |server, n| match n {
        1 => device_code_at(server, 900, 3),
        2 => refused("authorization_pending", ""),
        3 | 4 => trouble.clone(),
        5 => refused("authorization_pending", ""),
        n => given(n),
    })
    .await;
    let (vault, clock) = (vault(), Arc::<Leaping>::default());
    log_in(signing_in(&server).device_code("app-1"), &vault, &clock, drop).await.unwrap();
    assert_eq!(server.seen().len(), 6, "each question is asked once");
    clock.slept().iter().map(|wait| wait.as_secs_f64().round() as u64).collect()
}

#[tokio::test]
async fn a_busy_authority_is_not_polled_sooner_than_it_said() {
    let html = "<html>Too many requests</html>";
    let unavailable = r#"{"error":"temporarily_unavailable"}"#;
    for (name, trouble) in [
        ("429 without a word", Act::reply(429, "", "")),
        ("429 with a page", Act::reply(429, "content-type: text/html\r\n", html)),
        ("502", Act::reply(502, "", "")),
        ("503 with an error", Act::reply(503, JSON, unavailable)),
        ("a reset", Act::Reset),
    ] {
        let waits = waits(trouble).await;
        assert_eq!(waits, [3, 6, 12, 12], "{name}: each unanswered question doubles the wait");
    }
}

#[tokio::test]
async fn an_answer_counts_whatever_its_status() {
    let pending = r#"{"error":"authorization_pending","error_description":"x"}"#;
    assert_eq!(waits(Act::reply(429, JSON, pending)).await, [3, 3, 3, 3]);
}

#[tokio::test]
async fn seconds_that_come_as_text_are_read() {
    let server = scripted(|server, n| match n {
        1 => Act::reply(
            200,
            JSON,
            &format!(
                r#"{{"device_code":"canary","user_code":"A","verification_uri":"{}/d","expires_in":"900","interval":"7"}}"#,
                server.origin()
            ),
        ),
        2 => refused("authorization_pending", ""),
        _ => Act::reply(
            200,
            JSON,
            r#"{"token_type":"Bearer","expires_in":"3599","access_token":"canary-a","refresh_token":"canary-r"}"#,
        ),
    })
    .await;
    let (vault, clock) = (vault(), Arc::<Leaping>::default());
    log_in(signing_in(&server).device_code("app-1"), &vault, &clock, drop).await.unwrap();
    let slept: Vec<u64> = clock.slept().iter().map(|wait| wait.as_secs_f64().round() as u64).collect();
    assert_eq!(slept, [7]);
}

#[tokio::test]
async fn a_tokens_life_that_comes_as_text_is_read() {
    let reply = r#"{"token_type":"Bearer","expires_in":"3599","access_token":"canary-bought"}"#;
    let server = Server::start(move |_| Act::reply(200, JSON, reply)).await;
    let builder = profile(&server).authority(server.origin()).tenant("contoso.com");
    let secret = SecretSource::Given("canary-secret".to_owned().into());
    let token =
        door(builder.client_secret("app-1", secret), &Arc::default()).sign_in().await.unwrap().unwrap();
    let life = token.expires().unwrap().since(SystemClock.now()).as_secs();
    assert!((3590..=3599).contains(&life), "{life}");
}
