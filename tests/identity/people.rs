//! People who sign in: with a code on another device, and in a browser on this machine.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use connector_host::egress::credential::CredentialError;
use connector_host::{CallError, Connector, FailureCase, Host, Profile, Prompt, Remedy, SignedIn, Trust};
use defender_simulator::Simulator;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::applications::secret_lines;
use super::authority::Authority;
use super::browser::Browser;
use crate::support::component;
use crate::support::home::{Outcome, simulator};
use crate::tokens::{UNLIMITED, call_all_at_once};

const AMPLE: Duration = Duration::from_secs(60);

fn loaded() -> &'static (Host, Connector) {
    static LOADED: LazyLock<(Host, Connector)> = LazyLock::new(|| {
        let host = Host::builder().concurrency(8).build().expect("the engine starts");
        let connector = host.load(&component()).expect("the component is a connector");
        (host, connector)
    });
    &LOADED
}

/// A person's connection to the API.
fn profile(authority: &Authority, api: &Simulator, browser: bool) -> Profile {
    let client = authority.fact("/publicClient/id");
    let profile = Profile::builder()
        .api_url(api.url())
        .authority(authority.url())
        .tenant(authority.tenant())
        .allow_loopback_http(true)
        .without_limits();
    let profile = if browser { profile.auth_code(client) } else { profile.device_code(client) };
    profile.trust(Trust::Connector).build(loaded().1.manifest()).expect("the profile is complete")
}

/// Signs in while `person` does what they are told.
async fn login<F: Future<Output = ()>>(
    profile: &Profile,
    person: impl FnOnce(UnboundedReceiver<Prompt>) -> F,
) -> Result<SignedIn, CredentialError> {
    let (say, hear) = unbounded_channel();
    let signing_in = loaded().0.login(profile, move |prompt| {
        // A person who has left hears nothing.
        let _ = say.send(prompt);
    });
    let signing_in = tokio::time::timeout(AMPLE, signing_in);
    let (outcome, ()) = tokio::join!(signing_in, person(hear));
    outcome.expect("it ends")
}

async fn call(profile: &Profile) -> Result<Value, CallError> {
    let (host, connector) = loaded();
    let connection = host.connect(connector, profile.clone()).expect("nothing is sent yet");
    Ok(connection.call_within(AMPLE, "list-machines", json!({ "top": 1 })).await?.value())
}

async fn code(hear: &mut UnboundedReceiver<Prompt>) -> (String, String) {
    match hear.recv().await.expect("the person is told something") {
        Prompt::DeviceCode { address, code, .. } => (address, code),
        _ => panic!("the person is told something else"),
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn a_person_signs_in_with_a_code_once_and_the_login_is_renewed_until_logout() {
    // Tokens that do not last: each call needs another, and so another refresh token.
    let authority = Authority::start(&json!({ "interval": 1, "tokenSeconds": 2 }));
    let api = authority.api().await;
    let profile = profile(&authority, &api, false);
    match call(&profile).await {
        Err(CallError::Failed(failure)) => {
            assert_eq!(failure.case, FailureCase::PermanentUnauthorized);
            assert!(matches!(failure.hint, Some(Remedy::LogIn { .. })), "{failure:?}");
        }
        other => panic!("nobody has signed in: {other:?}"),
    }
    // A busy authority asks for patience once; it is had.
    authority
        .fail(&json!({ "path": "/token", "times": 1, "status": 400, "body": { "error": "slow_down" } }))
        .await;
    let person = async |mut hear: UnboundedReceiver<Prompt>| {
        let (address, code) = code(&mut hear).await;
        let mut browser = Browser::new();
        let page = browser.enter_code(&address, &code).await;
        let page = browser.sign_in(page, authority.fact("/account")).await;
        assert!(page.html.contains("Success"), "{page:?}");
    };
    login(&profile, person).await.expect("the person did all that was asked");
    for _ in 0..3 {
        assert!(call(&profile).await.expect("the person is signed in")["value"].is_array());
    }
    let log = authority.log().await;
    let polls: Vec<&Value> = log
        .iter()
        .filter(|entry| entry["path"].as_str().is_some_and(|path| path.ends_with("/token")))
        .collect();
    let [slow, next, ..] = &polls[..] else { panic!("{polls:?}") };
    let time = |poll: &Value| poll["at"].as_i64().expect("it has a time");
    // RFC 8628, 3.5: the interval, and five seconds more. A timer may be early by a little.
    assert!(time(next) - time(slow) >= 5950, "{polls:?}");
    let refreshed = authority.token_requests("refresh_token").await;
    assert!(!refreshed.is_empty());
    assert!(refreshed.iter().all(|request| request["status"] == 200), "{refreshed:?}");
    let mut used: Vec<_> = refreshed.iter().map(|request| &request["form"]["refresh_token"]).collect();
    used.dedup();
    assert_eq!(used.len(), refreshed.len(), "a refresh token was used twice");

    assert!(loaded().0.logout(&profile).await.expect("the vault works"));
    assert!(call(&profile).await.is_err(), "the login is forgotten");
    assert!(!loaded().0.logout(&profile).await.expect("the vault works"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn a_person_signs_in_with_a_browser() {
    let authority = Authority::start(&json!({}));
    let api = authority.api().await;
    let profile = profile(&authority, &api, true);
    let person = async |mut hear: UnboundedReceiver<Prompt>| {
        let Some(Prompt::Browser { address, .. }) = hear.recv().await else {
            panic!("the person is told something else");
        };
        let mut browser = Browser::new();
        let page = browser.open(&address).await;
        let page = browser.sign_in(page, authority.fact("/account")).await;
        assert_eq!(page.status, 200, "{page:?}");
        assert!(page.url.host_str().is_some_and(|host| host == "localhost" || host == "127.0.0.1"));
    };
    login(&profile, person).await.expect("the person did all that was asked");
    assert!(call(&profile).await.expect("the person is signed in")["value"].is_array());
    let log = authority.log().await;
    let asked = log.iter().find(|entry| entry["query"]["response_type"] == "code").expect("it was opened");
    assert_eq!(asked["query"]["code_challenge_method"], "S256");
    assert!(asked["query"]["state"].as_str().is_some_and(|state| state.len() >= 16));
}

/// A command that tells a person what to do: what it says on standard error, line by line.
pub(super) struct Conversation {
    child: Child,
    said: Lines<BufReader<ChildStderr>>,
    heard: Vec<String>,
}

impl Conversation {
    pub(super) fn begin(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let stderr = child.stderr.take().expect("it is piped");
        Self { child, said: BufReader::new(stderr).lines(), heard: Vec::new() }
    }

    /// The next line in which the words stand.
    pub(super) fn line_with(&mut self, words: &str) -> String {
        for line in self.said.by_ref().map(|line| line.expect("it is text")) {
            self.heard.push(line.clone());
            if line.contains(words) {
                return line;
            }
        }
        panic!("{words:?} is not in {:?}", self.heard)
    }

    /// How it ends, and what it says from here on.
    pub(super) fn end(self) -> Outcome {
        let rest: Vec<String> = self.said.map(|line| line.expect("it is text")).collect();
        let output = self.child.wait_with_output().expect("it ends");
        Outcome { stderr: rest.join("\n"), ..output.into() }
    }

    /// How it ends, and all that it has said.
    fn whole(mut self) -> Outcome {
        let heard = std::mem::take(&mut self.heard).join("\n");
        let outcome = self.end();
        Outcome { stderr: format!("{heard}\n{}", outcome.stderr), ..outcome }
    }
}

/// The word after another.
pub(super) fn word_after<'a>(line: &'a str, before: &str) -> &'a str {
    let rest = line.split_once(before).unwrap_or_else(|| panic!("{before:?} is not in {line:?}")).1;
    rest.split([' ', ',']).find(|word| !word.is_empty()).expect("something follows")
}

/// A login, with a person who types the code.
pub(super) async fn log_in_by_code(authority: &Authority, login: Command) -> Outcome {
    let mut signing_in = tokio::task::block_in_place(|| Conversation::begin(login));
    let line = signing_in.line_with("To sign in, open ");
    let mut browser = Browser::new();
    let page = browser.enter_code(word_after(&line, "open "), word_after(&line, "the code ")).await;
    browser.sign_in(page, authority.fact("/account")).await;
    tokio::task::block_in_place(|| signing_in.whole()).done()
}

/// A login, with a person who opens the address in a browser.
pub(super) async fn log_in_by_browser(authority: &Authority, login: Command) -> Outcome {
    let mut signing_in = tokio::task::block_in_place(|| Conversation::begin(login));
    let mut browser = Browser::new();
    let page = browser.open(&signing_in.line_with("http")).await;
    let page = browser.sign_in(page, authority.fact("/account")).await;
    assert_eq!(page.status, 200, "{page:?}");
    tokio::task::block_in_place(|| signing_in.whole()).done()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn commands_log_a_person_in_and_out() {
    let authority = Authority::start(&json!({ "interval": 1 }));
    let api = authority.api().await;
    let client = authority.fact("/publicClient/id");
    let device = authority.home(&api, &format!("kind = \"device-code\"\nclient-id = \"{client}\""));
    let call = ["call", "list-machines", "--top", "1"];
    let needs = device.run(&call);
    assert_eq!(needs.code, 3, "{needs:?}");
    assert!(needs.stderr.contains("hint: run `connector login --connection default`"), "{needs:?}");

    let done = log_in_by_code(&authority, device.command(&["login", "--output", "json"])).await;
    assert!(done.stderr.contains("signed in as ") && done.stderr.contains("connections test"), "{done:?}");
    assert_eq!(done.json()["connection"], "default");
    for _ in 0..2 {
        device.run(&call).done();
    }
    assert_eq!(authority.token_requests("refresh_token").await.len(), 1, "two commands share a token");

    assert!(device.run(&["logout"]).done().stderr.contains("forgotten"));
    assert!(device.run(&["logout"]).done().stderr.contains("had no login"));
    assert_eq!(device.run(&call).code, 3);

    let lines = format!("kind = \"auth-code\"\nclient-id = \"{client}\"");
    let desk = authority.home(&api, &lines);
    let done = log_in_by_browser(&authority, desk.command(&["login", "--no-browser"])).await;
    assert_eq!(done.stdout, "", "what a person reads is no result");
    desk.run(&call).done();

    let kept_nowhere = desk.command(&["login"]).env("CONNECTOR_VAULT", "none").output().expect("it starts");
    Outcome::from(kept_nowhere).usage("no login can be kept");
    let secret = authority.home(&api, &secret_lines(&authority)).run(&["login"]);
    assert_eq!(secret.code, 3, "{secret:?}");
    assert!(secret.stderr.contains("has no login") && secret.stderr.contains("hint: "), "{secret:?}");
    let late = device.run(&["login", "--deadline", "1s"]);
    assert_eq!(late.code, 3, "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn a_sign_in_that_comes_to_nothing_says_why() {
    let authority = Authority::start(&json!({ "interval": 1, "deviceCodeSeconds": 2 }));
    let api = authority.api().await;
    let profile_by_code = profile(&authority, &api, false);
    let late = login(&profile_by_code, async |mut hear: UnboundedReceiver<Prompt>| {
        code(&mut hear).await;
    });
    let error = late.await.expect_err("nobody typed the code");
    assert!(error.to_string().contains("expired"), "{error}");

    let profile_by_browser = profile(&authority, &api, true);
    let declined = login(&profile_by_browser, async |mut hear: UnboundedReceiver<Prompt>| {
        let Some(Prompt::Browser { address, .. }) = hear.recv().await else {
            panic!("the person is told something else");
        };
        let mut browser = Browser::new();
        let page = browser.open(&address).await;
        browser.click(&page, "abort").await;
    });
    declined.await.expect_err("the person declined");
    assert!(call(&profile_by_browser).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn a_thousand_first_calls_after_a_login_renew_it_once() {
    let authority = Authority::start(&json!({ "interval": 1 }));
    let trusted = authority.trusted();
    let api = simulator(json!({ "trustedIssuers": trusted, "limits": { "mode": "off" } })).await;
    let person = format!("kind = \"device-code\"\nclient-id = \"{}\"", authority.fact("/publicClient/id"));
    let home = authority.home(&api, &format!("{person}\n{UNLIMITED}"));
    log_in_by_code(&authority, home.command(&["login"])).await;
    call_all_at_once(&home, async || authority.token_requests("refresh_token").await.len()).await;
}
