//! Tokens: obtained once, renewed in time, renewed once when refused.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::egress::credential::{Cached, Refusal, SecretSource, Source};

/// Issues `token-1`, `token-2`, …, valid for an hour.
#[derive(Debug, Clone, Default)]
struct Mint {
    clock: Arc<Leaping>,
    given: Arc<AtomicUsize>,
    failing: Arc<Mutex<bool>>,
    slow: Duration,
}

impl Source for Mint {
    fn fetch(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        async move {
            tokio::time::sleep(self.slow).await;
            let number = self.given.fetch_add(1, Ordering::SeqCst) + 1;
            if *self.failing.lock().unwrap() {
                return Err(CredentialError::Interrupted);
            }
            let expires = self.clock.now().saturating_add(Duration::from_secs(3600));
            AccessToken::new(&format!("token-{number}").into(), Some(expires))
        }
        .boxed()
    }
}

impl Mint {
    fn given(&self) -> usize {
        self.given.load(Ordering::SeqCst)
    }

    fn cached(&self) -> Arc<Cached<Self>> {
        Arc::new(Cached::new(self.clone(), self.clock.clone()))
    }
}

async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callers_share_one_request_for_a_token() {
    let mint = Mint { slow: Duration::from_millis(50), ..Mint::default() };
    let cached = mint.cached();
    let callers = (0..1000).map(|_| {
        let cached = cached.clone();
        tokio::spawn(async move { cached.token().await.unwrap() })
    });
    for token in futures::future::join_all(callers).await {
        assert_eq!(token.unwrap().header(), "Bearer token-1");
    }
    assert_eq!(mint.given(), 1);
}

#[tokio::test]
async fn a_thousand_callers_share_one_failure() {
    let mint =
        Mint { slow: Duration::from_millis(20), failing: Arc::new(Mutex::new(true)), ..Mint::default() };
    let cached = mint.cached();
    let outcomes = futures::future::join_all((0..1000).map(|_| cached.token())).await;
    assert!(outcomes.iter().all(Result::is_err));
    assert_eq!(mint.given(), 1);
    *mint.failing.lock().unwrap() = false;
    cached.token().await.unwrap();
    assert_eq!(mint.given(), 2, "a failure is not kept");
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_end_the_request_for_others() {
    let mint = Mint { slow: Duration::from_millis(50), ..Mint::default() };
    let cached = mint.cached();
    assert!(tokio::time::timeout(Duration::from_millis(5), cached.token()).await.is_err());
    cached.token().await.unwrap();
    assert_eq!(mint.given(), 1);
}

#[tokio::test]
async fn a_token_is_renewed_ahead_of_its_end_in_the_background() {
    let mint = Mint::default();
    let cached = mint.cached();
    cached.token().await.unwrap();
    mint.clock.advance(Duration::from_secs(3600 - 376));
    assert_eq!(cached.token().await.unwrap().header(), "Bearer token-1");
    settle().await;
    assert_eq!(mint.given(), 1, "five minutes before the end, give or take some, not earlier");
    mint.clock.advance(Duration::from_secs(77));
    assert_eq!(cached.token().await.unwrap().header(), "Bearer token-1", "nobody waits");
    settle().await;
    assert_eq!(cached.token().await.unwrap().header(), "Bearer token-2");
    assert_eq!(mint.given(), 2);
}

#[tokio::test]
async fn a_failed_renewal_is_ignored_while_the_token_is_good() {
    let mint = Mint::default();
    let cached = mint.cached();
    cached.token().await.unwrap();
    *mint.failing.lock().unwrap() = true;
    mint.clock.advance(Duration::from_secs(3500));
    for _ in 0..20 {
        assert_eq!(cached.token().await.unwrap().header(), "Bearer token-1");
        settle().await;
    }
    assert_eq!(mint.given(), 2, "and is not repeated at every call");
    mint.clock.advance(Duration::from_secs(31));
    cached.token().await.unwrap();
    settle().await;
    assert_eq!(mint.given(), 3);
    mint.clock.advance(Duration::from_secs(100));
    assert!(cached.token().await.is_err(), "the old token has expired");
}

/// Answers 401 to any token but the last one issued.
async fn refusing(body: &'static str, challenge: &'static str, good: &'static str) -> Server {
    let server: Arc<Mutex<Option<Server>>> = Arc::default();
    let seen = server.clone();
    let started = Server::start(move |n| {
        let seen = seen.lock().unwrap().as_ref().map(Server::seen).unwrap_or_default();
        let good = seen.get(n - 1).is_some_and(|request| request.contains(good));
        if good { Act::reply(200, "", "ok") } else { Act::reply(401, challenge, body) }
    })
    .await;
    *server.lock().unwrap() = Some(started.clone());
    started
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_and_the_request_sent_again() {
    for (challenge, body) in [
        ("www-authenticate: Bearer error=\"invalid_token\"\r\n", ""),
        (
            "www-authenticate: Bearer error=\"invalid_token\", error_description=\"The token expired at …\"\r\n",
            "{}",
        ),
        ("", "{\"error\":{\"code\":\"Unauthorized\",\"message\":\"Access token has expired.\"}}"),
    ] {
        for effect in [Effect::Read, Effect::Disruptive] {
            let server = refusing(body, challenge, "token-2").await;
            let mint = Mint::default();
            let door = door(profile(&server).credential(mint.cached()), &mint.clock);
            let reply = door.send(&purpose(effect), post(&server, "/")).await.unwrap();
            assert_eq!((reply.status().as_u16(), mint.given(), server.seen().len()), (200, 2, 2));

            let server = refusing(body, challenge, "no token at all").await;
            let mint = Mint::default();
            let door = self::door(profile(&server).credential(mint.cached()), &mint.clock);
            let reply = door.send(&purpose(effect), post(&server, "/")).await.unwrap();
            assert_eq!((reply.status().as_u16(), mint.given(), server.seen().len()), (401, 2, 2));
            assert_eq!(text(reply).await.unwrap(), body);
        }
    }
}

#[tokio::test]
async fn a_refusal_of_the_account_is_handed_through() {
    for (challenge, body) in [
        (
            "www-authenticate: Bearer error=\"invalid_token\"\r\n",
            "{\"error\":{\"message\":\"Account mode is inactive\"}}",
        ),
        ("", "{\"error\":{\"message\":\"No Tvm license, or it has expired\"}}"),
        ("www-authenticate: Bearer\r\n", ""),
        ("", "{\"error\":{\"code\":\"Unauthorized\"}}"),
    ] {
        let server = refusing(body, challenge, "token-2").await;
        let mint = Mint::default();
        let door = door(profile(&server).credential(mint.cached()), &mint.clock);
        let reply = door.send(&purpose(Effect::Read), get(&server, "/")).await.unwrap();
        assert_eq!((reply.status().as_u16(), mint.given(), server.seen().len()), (401, 1, 1), "{body}");
        assert_eq!(text(reply).await.unwrap(), body, "what was read ahead is still there");
    }
}

#[tokio::test]
async fn a_token_that_cannot_change_is_not_sent_again() {
    let server = refusing("", "www-authenticate: Bearer error=\"invalid_token\"\r\n", "another").await;
    let reply = door(profile(&server), &Arc::default())
        .send(&purpose(Effect::Read), get(&server, "/"))
        .await
        .unwrap();
    assert_eq!((reply.status().as_u16(), server.seen().len()), (401, 1));
}

fn application(server: &Server) -> ProfileBuilder {
    profile(server)
        .authority(server.origin())
        .tenant("contoso.com")
        .client_secret("app-1", SecretSource::Given("canary secret/+&=".to_owned().into()))
}

#[tokio::test]
async fn a_client_secret_buys_a_token() {
    let server = Server::start(|n| match n {
        1 => Act::reply(
            200,
            "content-type: application/json\r\n",
            r#"{"token_type":"Bearer","expires_in":3599,"access_token":"canary-bought"}"#,
        ),
        _ => Act::reply(200, "", "ok"),
    })
    .await;
    let door = door(application(&server), &Arc::default());
    for _ in 0..3 {
        text(door.send(&purpose(Effect::Read), get(&server, "/x")).await.unwrap()).await.unwrap();
    }
    let seen = server.seen();
    assert!(seen[0].starts_with("POST /contoso.com/oauth2/v2.0/token HTTP/1.1\r\n"), "{}", seen[0]);
    for part in [
        "grant_type=client_credentials",
        "client_id=app-1",
        "client_secret=canary+secret%2F%2B%26%3D",
        "scope=api%2F.default",
    ] {
        assert!(seen[0].contains(part), "{part}: {}", seen[0]);
    }
    assert!(!seen[0].to_lowercase().contains("authorization:"));
    assert_eq!(seen.len(), 4);
    assert!(seen[1..].iter().all(|request| request.contains("authorization: Bearer canary-bought\r\n")));
    assert_eq!(door.stats().requests, 3, "requests for tokens are not counted");
}

async fn refusal(act: Act) -> (CredentialError, usize) {
    let server = Server::start(move |_| act.clone()).await;
    let door = door(application(&server), &Arc::default());
    let error = door.send(&purpose(Effect::Read), get(&server, "/x")).await.unwrap_err();
    let EgressError::Credential(error) = error else { panic!("{error:?}") };
    let shown = format!("{error} {error:?} {}", error.hint());
    assert!(!shown.contains("canary"), "{shown}");
    (error, server.seen().len())
}

#[tokio::test]
async fn a_refusal_by_the_authority_says_what_to_do() {
    for (code, error, expected) in [
        (7_000_215, "invalid_client", Refusal::WrongSecret),
        (7_000_222, "invalid_client", Refusal::ExpiredSecret),
        (700_016, "unauthorized_client", Refusal::UnknownClient),
        (7_000_112, "unauthorized_client", Refusal::DisabledClient),
        (90_002, "invalid_request", Refusal::UnknownTenant),
        (900_023, "invalid_request", Refusal::UnknownTenant),
        (500_011, "invalid_resource", Refusal::BadScope),
        (70_011, "invalid_scope", Refusal::BadScope),
        (1_002_012, "invalid_scope", Refusal::BadScope),
        (65_001, "invalid_grant", Refusal::NoConsent),
        (90_094, "access_denied", Refusal::NoConsent),
        (650_057, "invalid_resource", Refusal::NoConsent),
        (50_105, "invalid_grant", Refusal::NotAssigned),
        (501_051, "invalid_grant", Refusal::NotAssigned),
        (50_034, "invalid_grant", Refusal::UnknownUser),
        (50_057, "invalid_grant", Refusal::DisabledUser),
        (53_003, "access_denied", Refusal::Policy),
        (1, "invalid_request", Refusal::Other),
    ] {
        let body = format!(
            "{{\"error\":\"{error}\",\"error_description\":\"AADSTS{code}: No (you sent canary secret/+&=).\\r\\nTrace ID: 1\",\"error_codes\":[{code}]}}"
        );
        let (error, seen) = refusal(Act::reply(400, "content-type: application/json\r\n", &body)).await;
        let CredentialError::Refused { refusal, message, .. } = &error else { panic!("{error:?}") };
        assert_eq!((*refusal, seen), (expected, 1));
        assert!(
            message.starts_with(&format!("AADSTS{code}")) && message.ends_with(" Trace ID: 1"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_reply_that_is_no_token_is_said_to_be_one() {
    let json = "content-type: application/json\r\n";
    for (act, expected) in [
        (Act::reply(200, "content-type: text/html\r\n", "<html>canary"), "not JSON"),
        (Act::reply(200, json, "<html>canary"), "a web page"),
        (Act::reply(400, "", "<html>canary"), "a web page"),
        (Act::reply(200, json, ""), "empty"),
        (Act::reply(200, json, "{\"access_token\":[\"canary\"]}"), "not the JSON"),
        (Act::reply(200, json, "{\"token\":\"canary\"}"), "not the JSON"),
        (Act::reply(302, "location: https://evil.example/\r\n", ""), "redirects"),
        (Act::reply(200, json, &" ".repeat((1 << 20) + 1)), "larger than 1048576 bytes"),
    ] {
        let (error, _) = refusal(act).await;
        assert!(matches!(error, CredentialError::JunkReply { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    for token in ["", "a b", "a\\nb", "é", "a\\u0000"] {
        let body = format!("{{\"access_token\":\"{token}\",\"token_type\":\"Bearer\",\"expires_in\":3599}}");
        let (error, _) = refusal(Act::reply(200, json, &body)).await;
        assert!(
            matches!(error, CredentialError::EmptyToken | CredentialError::UnprintableToken),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn an_authority_that_is_away_is_tried_again() {
    let (error, seen) = refusal(Act::CloseAfter(usize::MAX)).await;
    assert!(matches!(error, CredentialError::Unreachable { .. }) && seen == 3, "{error:?}");
    assert!(error.is_transient());
    let (error, seen) = refusal(Act::reply(503, "", "<html>")).await;
    assert!(matches!(error, CredentialError::Busy { status: 503, .. }) && seen == 3, "{error:?}");
    assert!(error.is_transient() && !error.to_string().contains("did not answer"), "{error}");
}

#[tokio::test]
async fn an_authority_that_asks_to_wait_is_left_alone_so_long() {
    let server = Server::start(|n| match n {
        1 => Act::reply(429, "retry-after: 1\r\n", r#"{"error":"temporarily_unavailable"}"#),
        _ => Act::reply(
            200,
            "content-type: application/json\r\n",
            r#"{"token_type":"Bearer","expires_in":3599,"access_token":"canary-bought"}"#,
        ),
    })
    .await;
    let began = std::time::Instant::now();
    door(application(&server), &Arc::default()).sign_in().await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1) && server.seen().len() == 2);

    let busy = r#"{"error":"temporarily_unavailable","error_description":"canary secret/+&="}"#;
    let server = Server::start(move |_| Act::reply(503, "retry-after: 3600\r\n", busy)).await;
    let door = door(application(&server), &Arc::default());
    let error = door.send(&purpose(Effect::Read), get(&server, "/x")).await.unwrap_err();
    assert!(error.to_string().ends_with("(HTTP status 503); it asks to wait 3600 s"), "{error}");
    assert_eq!(error.hint().unwrap().to_string(), "try again in 3600 s");
    assert_eq!(error.retry_after_seconds(), Some(3600));
    let again = door.send(&purpose(Effect::Read), get(&server, "/x")).await.unwrap_err();
    assert!(again.retry_after_seconds().is_some_and(|seconds| (3590..=3600).contains(&seconds)), "{again}");
    assert_eq!(server.seen().len(), 1, "what it asks for holds for the next as well");
}

#[cfg(unix)]
#[tokio::test]
async fn a_secret_that_nobody_will_write_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let server = Server::start(|_| Act::CloseAtOnce).await;
    for path in [pipe, "/dev/zero".into()] {
        let builder = profile(&server)
            .authority(server.origin())
            .tenant("contoso.com")
            .client_secret("app-1", SecretSource::File(path));
        let error = door(builder, &Arc::default()).sign_in().await.unwrap_err();
        assert!(matches!(error, CredentialError::SecretFile { .. }), "{error:?}");
        assert!(error.to_string().contains("not a regular file"), "{error}");
    }
    assert_eq!(server.seen().len(), 0);
}
