//! A person logs in, with a code or with a browser that is sent back to this machine.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::egress::credential::{Prompt, Refusal, SignedIn, login, logout};
use crate::remedy::Remedy;
use crate::vault::Vault;

pub(super) const JSON: &str = "content-type: application/json\r\n";
/// An ID token with the claims `{"preferred_username":"ana@contoso.com"}`.
const ID: &str = "e30.eyJwcmVmZXJyZWRfdXNlcm5hbWUiOiJhbmFAY29udG9zby5jb20ifQ.sig";

pub(super) fn given(number: usize) -> Act {
    let body = format!(
        r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"canary-a{number}","refresh_token":"canary-r{number}","id_token":"{ID}"}}"#
    );
    Act::reply(200, JSON, &body)
}

pub(super) fn refused(error: &str, description: &str) -> Act {
    Act::reply(400, JSON, &format!(r#"{{"error":"{error}","error_description":"{description}"}}"#))
}

pub(super) fn device_code(server: &Server, expires_in: u32) -> Act {
    device_code_at(server, expires_in, 5)
}

pub(super) fn device_code_at(server: &Server, expires_in: u32, interval: u32) -> Act {
    let body = format!(
        r#"{{"device_code":"canary-device","user_code":"ABC-123","verification_uri":"{}/device","expires_in":{expires_in},"interval":{interval},"message":"x"}}"#,
        server.origin()
    );
    Act::reply(200, JSON, &body)
}

/// A server whose script may contain the server's own address.
pub(super) async fn scripted(script: impl Fn(&Server, usize) -> Act + Send + Sync + 'static) -> Server {
    let own: Arc<Mutex<Option<Server>>> = Arc::default();
    let seen = own.clone();
    let server = Server::start(move |n| match &*seen.lock().unwrap() {
        Some(server) => script(server, n),
        None => Act::CloseAtOnce,
    })
    .await;
    *own.lock().unwrap() = Some(server.clone());
    server
}

pub(super) fn signing_in(server: &Server) -> ProfileBuilder {
    profile(server).authority(server.origin()).tenant("contoso.com")
}

pub(super) async fn log_in(
    builder: ProfileBuilder,
    vault: &Arc<dyn Vault>,
    clock: &Arc<Leaping>,
    mut prompt: impl FnMut(Prompt) + Send,
) -> Result<SignedIn, CredentialError> {
    let profile = builder.trust(Trust::Connector).build(&manifest()).unwrap();
    let clock: Arc<dyn Clock> = clock.clone();
    let outcome = login(&profile, vault, &clock, &mut prompt).await;
    if let Err(error) = &outcome {
        let shown = format!("{error} {error:?} {}", error.hint());
        assert!(!shown.contains("canary"), "{shown}");
    }
    outcome
}

pub(super) fn vault() -> Arc<dyn Vault> {
    Arc::new(MemoryVault::default())
}

pub(super) fn door_with(builder: ProfileBuilder, vault: &Arc<dyn Vault>, clock: &Arc<Leaping>) -> Egress {
    let profile = builder.trust(Trust::Connector).build(&manifest()).unwrap();
    Egress::new(&profile, Arc::new(MemoryStore::default()), vault.clone(), clock.clone()).unwrap()
}

#[tokio::test]
async fn a_code_is_shown_and_waited_for_and_the_login_lasts() {
    let server = scripted(|server, n| match n {
        1 => device_code(server, 900),
        2 => refused("authorization_pending", ""),
        3 => refused("slow_down", ""),
        4 => refused("authorization_pending", ""),
        n => given(n),
    })
    .await;
    let (vault, clock) = (vault(), Arc::<Leaping>::default());
    let builder = || signing_in(&server).device_code("app-1");
    let needs = door_with(builder(), &vault, &clock).sign_in().await.unwrap_err();
    assert!(matches!(needs, CredentialError::LoginRequired { .. }), "{needs:?}");
    assert_eq!(needs.hint(), Remedy::LogIn { connection: "default".into() });
    assert_eq!(server.seen().len(), 0);

    let mut prompts = Vec::new();
    let signed_in = log_in(builder(), &vault, &clock, |prompt| prompts.push(prompt)).await.unwrap();
    assert_eq!(signed_in.user.as_deref(), Some("ana@contoso.com"));
    let [Prompt::DeviceCode { address, code, expires_in, complete_address: None }] = &prompts[..] else {
        panic!("{prompts:?}")
    };
    assert_eq!((address, &**code), (&format!("{}/device", server.origin()), "ABC-123"));
    assert_eq!(*expires_in, Duration::from_secs(900));
    let slept: Vec<u64> = clock.slept().iter().map(|wait| wait.as_secs_f64().round() as u64).collect();
    assert_eq!(slept, [5, 10, 10], "slower for good, once asked to be");

    let seen = server.seen();
    assert!(seen[0].starts_with("POST /contoso.com/oauth2/v2.0/devicecode HTTP/1.1\r\n"), "{}", seen[0]);
    assert!(seen[0].contains("scope=api%2F.default+offline_access+openid+profile"), "{}", seen[0]);
    assert!(seen[4].contains("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"));
    assert!(seen[4].contains("device_code=canary-device") && seen[4].contains("client_id=app-1"));
    assert!(!seen.concat().contains("client_secret"));

    // Each refresh token is used once: the next is in the vault.
    for n in [6, 7] {
        let token = door_with(builder(), &vault, &clock).sign_in().await.unwrap().unwrap();
        assert_eq!(token.header(), format!("Bearer canary-a{n}"));
        let request = server.seen()[n - 1].clone();
        assert!(request.contains("grant_type=refresh_token"), "{request}");
        assert!(request.contains(&format!("refresh_token=canary-r{}", n - 1)), "{request}");
    }
    let profile = builder().trust(Trust::Connector).build(&manifest()).unwrap();
    let system: Arc<dyn Clock> = clock.clone();
    assert!(logout(&profile, &vault, &system).await.unwrap());
    assert!(!logout(&profile, &vault, &system).await.unwrap());
    let needs = door_with(builder(), &vault, &clock).sign_in().await.unwrap_err();
    assert!(matches!(needs, CredentialError::LoginRequired { .. }), "{needs:?}");
}

#[tokio::test]
async fn an_authority_that_asks_for_no_pause_is_not_asked_without_one() {
    let server = scripted(|server, n| match n {
        1 => device_code_at(server, 900, 0),
        2 | 3 => refused("authorization_pending", ""),
        n => given(n),
    })
    .await;
    let clock = Arc::<Leaping>::default();
    log_in(signing_in(&server).device_code("app-1"), &vault(), &clock, drop).await.unwrap();
    let slept: Vec<u64> = clock.slept().iter().map(|wait| wait.as_secs_f64().round() as u64).collect();
    assert_eq!(slept, [1, 1]);
}

#[tokio::test]
async fn a_login_that_is_over_is_asked_for_again() {
    for (error, description, required) in [
        ("invalid_grant", "AADSTS700082: The refresh token canary-r2 has expired", true),
        ("invalid_grant", "AADSTS50076: multi-factor", true),
        ("interaction_required", "", true),
        ("invalid_grant", "AADSTS65001: no consent", false),
        ("invalid_client", "AADSTS7000218: needs a secret", false),
    ] {
        let server = scripted(move |server, n| match n {
            1 => device_code(server, 900),
            2 => given(n),
            _ => refused(error, description),
        })
        .await;
        let (vault, clock) = (vault(), Arc::<Leaping>::default());
        let builder = || signing_in(&server).device_code("app-1");
        log_in(builder(), &vault, &clock, drop).await.unwrap();
        let error = door_with(builder(), &vault, &clock).sign_in().await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        assert_eq!(matches!(error, CredentialError::LoginRequired { .. }), required, "{error:?}");
        assert!(!error.is_transient());
    }
}

type Check = fn(&CredentialError) -> bool;

#[tokio::test]
async fn a_code_that_comes_to_nothing_says_why() {
    let polls: [(Act, Check); 6] = [
        (refused("expired_token", "x"), |error| is(error, Refusal::CodeExpired)),
        (refused("access_denied", "x"), |error| is(error, Refusal::Declined)),
        (refused("authorization_declined", "x"), |error| is(error, Refusal::Declined)),
        (refused("invalid_client", "AADSTS7000218: canary-device"), |error| is(error, Refusal::NotPublic)),
        (Act::reply(200, JSON, "{\"canary\":1}"), |error| matches!(error, CredentialError::JunkReply { .. })),
        (Act::reply(200, JSON, &"x".repeat((1 << 20) + 1)), |error| {
            matches!(error, CredentialError::JunkReply { .. })
        }),
    ];
    for (act, expected) in polls {
        let server =
            scripted(move |server, n| if n == 1 { device_code(server, 900) } else { act.clone() }).await;
        let builder = signing_in(&server).device_code("app-1");
        let error = log_in(builder, &vault(), &Arc::default(), drop).await.unwrap_err();
        assert!(expected(&error), "{error:?}");
        assert_eq!(server.seen().len(), 2);
    }
    // Nobody types the code.
    let server = scripted(|server, n| match n {
        1 => device_code(server, 1),
        _ => refused("authorization_pending", ""),
    })
    .await;
    let error = log_in(signing_in(&server).device_code("app-1"), &vault(), &Arc::default(), drop).await;
    assert!(is(&error.unwrap_err(), Refusal::CodeExpired));
    // The authority is unreachable for as long as the code is valid.
    let server = scripted(|server, n| match n {
        1 => device_code(server, 1),
        _ => Act::CloseAtOnce,
    })
    .await;
    let error = log_in(signing_in(&server).device_code("app-1"), &vault(), &Arc::default(), drop).await;
    assert!(error.as_ref().is_err_and(CredentialError::is_transient), "{error:?}");
    // A reply without a refresh token.
    let server = scripted(|server, n| match n {
        1 => device_code(server, 900),
        _ => Act::reply(200, JSON, r#"{"token_type":"Bearer","access_token":"canary"}"#),
    })
    .await;
    let error = log_in(signing_in(&server).device_code("app-1"), &vault(), &Arc::default(), drop).await;
    assert!(matches!(error, Err(CredentialError::NoRefreshToken)), "{error:?}");
}

fn is(error: &CredentialError, expected: Refusal) -> bool {
    matches!(error, CredentialError::Refused { refusal, .. } if *refusal == expected)
}

#[tokio::test]
async fn a_code_that_leads_astray_is_not_shown() {
    for (code, address) in [
        ("ABC\\u001b[31m", "https://login.example.com/device"),
        ("", "https://login.example.com/device"),
        ("ABC", "http://login.example.com/device"),
        ("ABC", "https://10.0.0.1/device"),
        ("ABC", "javascript:alert(1)"),
        ("ABC", "file:///etc/passwd"),
    ] {
        let body = format!(
            r#"{{"device_code":"canary","user_code":"{code}","verification_uri":"{address}","expires_in":900}}"#
        );
        let server = Server::start(move |_| Act::reply(200, JSON, &body)).await;
        let builder = signing_in(&server).device_code("app-1");
        let shown = Arc::new(AtomicUsize::new(0));
        let count = shown.clone();
        let prompt = move |_| {
            count.fetch_add(1, Ordering::SeqCst);
        };
        let error = log_in(builder, &vault(), &Arc::default(), prompt).await.unwrap_err();
        assert!(matches!(error, CredentialError::JunkReply { .. }), "{code} {address}: {error:?}");
        assert_eq!(shown.load(Ordering::SeqCst), 0);
    }
}

/// Acts as a browser: follows the address and comes back with this query, in which `{state}` stands for the
/// state.
async fn browse(address: String, target: &str, host: Option<&str>) -> String {
    let (state, back) = (parameter(&address, "state"), parameter(&address, "redirect_uri"));
    let own = back.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
    let port = own.rsplit_once(':').unwrap().1.to_owned();
    let mut stream = tokio::net::TcpStream::connect(format!("127.0.0.1:{port}")).await.unwrap();
    let target = target.replace("{state}", &state);
    let host = host.unwrap_or(&own);
    let request = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    page
}

pub(super) fn parameter(address: &str, name: &str) -> String {
    let query = address.split_once('?').unwrap().1;
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == name).unwrap_or_else(|| panic!("{name}: {address}")).1.into_owned()
}

/// Logs in with a browser that requests these targets one after another. Also returns the address and the
/// pages.
async fn with_browser(
    server: &Server,
    vault: &Arc<dyn Vault>,
    targets: &'static [(&'static str, Option<&'static str>)],
) -> (Result<SignedIn, CredentialError>, String, Vec<String>) {
    let (send, receive) = futures::channel::oneshot::channel();
    let mut send = Some(send);
    let prompt = move |prompt| {
        let Prompt::Browser { address } = prompt else { panic!("{prompt:?}") };
        send.take().unwrap().send(address).unwrap();
    };
    let browser = async {
        let address = receive.await.unwrap();
        let mut pages = Vec::new();
        for (target, host) in targets {
            pages.push(browse(address.clone(), target, *host).await);
        }
        (address, pages)
    };
    let builder = signing_in(server).auth_code_at("app-1", "http://127.0.0.1/back");
    let clock = Arc::default();
    let (outcome, (address, pages)) =
        futures::future::join(log_in(builder, vault, &clock, prompt), browser).await;
    (outcome, address, pages)
}

#[tokio::test]
async fn a_browser_comes_back_with_a_code() {
    let server = Server::start(given).await;
    let vault = vault();
    // Other clients come first; all are rejected.
    let (outcome, address, pages) = with_browser(
        &server,
        &vault,
        &[
            ("/favicon.ico", None),
            ("/back?code=canary-evil&state=guess", None),
            ("/back?error=access_denied", None),
            ("/back?code=canary-evil&state={state}", Some("evil.example")),
            ("/back?code=canary%2Bcode&state={state}", None),
        ],
    )
    .await;
    assert_eq!(outcome.unwrap().user.as_deref(), Some("ana@contoso.com"));
    for (page, status) in pages.iter().zip(["404", "400", "400", "421", "200"]) {
        assert!(page.starts_with(&format!("HTTP/1.1 {status} ")) && !page.contains("canary"), "{page}");
        let page = page.to_lowercase();
        for header in
            ["cache-control: no-store", "content-security-policy: default-src 'none'", "referrer-policy:"]
        {
            assert!(page.contains(header), "{header}: {page}");
        }
    }
    assert!(
        address.starts_with(&format!("{}/contoso.com/oauth2/v2.0/authorize?", server.origin())),
        "{address}"
    );
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "app-1"),
        ("code_challenge_method", "S256"),
        ("scope", "api/.default offline_access openid profile"),
    ] {
        assert_eq!(parameter(&address, name), value);
    }
    assert!(parameter(&address, "state").len() >= 22, "{address}");

    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].starts_with("POST /contoso.com/oauth2/v2.0/token HTTP/1.1\r\n"), "{}", seen[0]);
    let body = format!("?{}", seen[0].split_once("\r\n\r\n").unwrap().1);
    assert_eq!(parameter(&body, "code"), "canary+code");
    assert_eq!(parameter(&body, "redirect_uri"), parameter(&address, "redirect_uri"));
    use base64::Engine;
    let digest = ring::digest::digest(&ring::digest::SHA256, parameter(&body, "code_verifier").as_bytes());
    let challenge = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(digest);
    assert_eq!(parameter(&address, "code_challenge"), challenge);

    let builder = signing_in(&server).auth_code("app-1");
    let token = door_with(builder, &vault, &Arc::default()).sign_in().await.unwrap().unwrap();
    assert_eq!(token.header(), "Bearer canary-a2");
    assert!(server.seen()[1].contains("refresh_token=canary-r1"));
}

#[tokio::test]
async fn a_browser_that_brings_a_refusal_says_why() {
    let server = Server::start(|_| refused("invalid_grant", "AADSTS70008: canary-code has expired")).await;
    let targets: &[(&str, _)] = &[("/back?error=access_denied&error_description=no&state={state}", None)];
    let (outcome, _, _) = with_browser(&server, &vault(), targets).await;
    assert!(is(&outcome.unwrap_err(), Refusal::Declined));
    assert_eq!(server.seen().len(), 0);
    let (outcome, _, _) =
        with_browser(&server, &vault(), &[("/back?code=canary-code&state={state}", None)]).await;
    assert!(is(&outcome.unwrap_err(), Refusal::LoginOver));
}

#[tokio::test]
async fn a_place_that_is_taken_is_said_to_be() {
    let server = Server::start(given).await;
    let back = format!("http://127.0.0.1:{}/back", server.port());
    let builder = signing_in(&server).auth_code_at("app-1", back);
    let error = log_in(builder, &vault(), &Arc::default(), drop).await.unwrap_err();
    assert!(matches!(error, CredentialError::Listener { .. }), "{error:?}");
    for redirect in [
        "https://localhost",
        "http://evil.example",
        "http://localhost.evil.example",
        "http://127.0.0.1:x",
        "http://localhost/?a",
        "",
    ] {
        let error = signing_in(&server)
            .auth_code_at("a", redirect)
            .trust(Trust::Connector)
            .build(&manifest())
            .unwrap_err();
        assert_eq!(error.key(), "auth.redirect-uri", "{redirect}");
    }
}

#[tokio::test]
async fn a_kind_that_needs_no_person_has_no_login() {
    let server = Server::start(given).await;
    let error = log_in(profile(&server), &vault(), &Arc::default(), drop).await.unwrap_err();
    assert!(matches!(error, CredentialError::NoLogin { kind: "token" }), "{error:?}");
}
