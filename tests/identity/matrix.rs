//! Each way to sign in by each way in which whoever gives the tokens fails. What only some of them have is in
//! `failures.rs`, `certificates.rs`, `devices.rs`, `managed.rs` and `programs.rs`.

use std::process::Command;
use std::time::Duration;

use defender_simulator::Simulator;
use serde_json::{Value, json};

use super::applications::secret_lines;
use super::authority::{Authority, client};
use super::certificates::pem_lines;
use super::failures::{CREDENTIAL, LATER, assert_told};
use super::people::{Conversation, log_in_by_browser, log_in_by_code};
use crate::support::home::{Home, Outcome, SECRET};

/// What no message may hold.
const CANARY: &str = "canary";

/// Who signs in, and what they have done before the authority fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Flow {
    Secret,
    Certificate,
    Workload,
    /// The authority stands for the metadata service: faults go by the end of a path.
    Managed,
    /// A login by code that asks for the code.
    Code,
    /// A login by code that has shown it, and waits.
    Poll,
    /// A login by browser that has come back.
    InBrowser,
    /// Somebody who has logged in by code, and whose token ran out.
    RenewalOfCode,
    /// The same, by browser.
    RenewalOfBrowser,
}

use Flow::{Certificate, Code, InBrowser, Managed, Poll, RenewalOfBrowser, RenewalOfCode, Secret, Workload};

/// Those who wait for as long as whoever is busy may be so.
const PATIENT: [Flow; 2] = [Poll, Managed];

/// What the authority does, how it ends, and what is told.
struct Row {
    name: &'static str,
    fault: Value,
    code: i32,
    words: &'static [&'static str],
    /// To whom it cannot happen so.
    not: &'static [Flow],
}

fn rows() -> Vec<Row> {
    let row = |name, fault, code, words| Row { name, fault, code, words, not: &[] };
    let body = |body: Value| json!({ "body": body });
    let entra = |code: u32, error: &str| {
        let description = format!("AADSTS{code}: Some words. Trace ID: 1 Correlation ID: 2 Timestamp: 3");
        json!({ "status": 400, "body": { "error": error, "error_description": description } })
    };
    let token = json!({ "access_token": "canary-token", "token_type": "Bearer", "expires_in": 3599 });
    let bad_token = json!({ "access_token": "canary token\r\nx: y", "token_type": "Bearer" });
    vec![
        // A metadata service knows no consent.
        Row {
            not: &[Managed],
            ..row("consent", entra(65001, "invalid_grant"), CREDENTIAL, &["consent", "AADSTS65001"])
        },
        Row {
            not: &[Managed],
            ..row("later", entra(90_033, "temporarily_unavailable"), LATER, &["cannot serve", "try again"])
        },
        Row { not: &PATIENT, ..row("busy", json!({ "status": 503, "body": "" }), LATER, &["try again"]) },
        Row {
            not: &PATIENT,
            ..row("overloaded", json!({ "status": 429, "body": "" }), LATER, &["try again"])
        },
        Row { not: &[Poll], ..row("hung up", json!({ "hangUp": true }), LATER, &["{authority}"]) },
        row("not JSON", body("}{".into()), CREDENTIAL, &["{authority}", "not"]),
        row(
            "half JSON",
            body("{\"access_token\": \"canary".into()),
            CREDENTIAL,
            &["{authority}", "not the JSON"],
        ),
        row("empty", body(" ".into()), CREDENTIAL, &["{authority}"]),
        row("a list", body(json!([])), CREDENTIAL, &["{authority}"]),
        row("no token", body(json!({ "token_type": "Bearer" })), CREDENTIAL, &["{authority}"]),
        row(
            "a web page",
            body("<!DOCTYPE html><title>Sign in</title>".into()),
            CREDENTIAL,
            &["{authority}", "web page"],
        ),
        row("10 MB", json!({ "body": token, "padding": 10 << 20 }), CREDENTIAL, &["{authority}", "larger"]),
        row(
            "a redirect",
            json!({ "status": 307, "headers": { "location": "http://127.0.0.1:9/" }, "body": "" }),
            CREDENTIAL,
            &["{authority}", "redirect"],
        ),
        // It is a code that is asked for, and there is none.
        Row {
            not: &[Code],
            ..row("a token that is none", body(bad_token), CREDENTIAL, &["invalid characters"])
        },
    ]
}

/// A flow, and all it takes.
struct Scene {
    flow: Flow,
    authority: Authority,
    api: Simulator,
    home: Home,
}

impl Scene {
    async fn set(flow: Flow) -> Self {
        // Tokens that are over at once: each call asks for another.
        let authority = Authority::start(&json!({ "interval": 1, "tokenSeconds": 1 }));
        let api = authority.api().await;
        let home = Home::empty();
        std::fs::write(home.path().join("federated"), "canary-federated").expect("the home can be written");
        let person = format!("client-id = \"{}\"", authority.fact("/publicClient/id"));
        let lines = match flow {
            Secret => secret_lines(&authority),
            Certificate => pem_lines("certificate.pem"),
            Workload => {
                format!(
                    "kind = \"workload-identity\"\n{person}\ntoken-file = \"{}/federated\"",
                    home.path().display()
                )
            }
            Managed => format!("kind = \"managed-identity\"\nmetadata-endpoint = \"{}\"", authority.url()),
            Code | Poll | RenewalOfCode => format!("kind = \"device-code\"\n{person}"),
            InBrowser | RenewalOfBrowser => format!("kind = \"auth-code\"\n{person}"),
        };
        let own = if flow == Managed { "" } else { &format!("authority = \"{}\"", authority.url()) };
        home.configure(&format!(
            "[connections.default]\napi-url = \"{}\"\ntenant-id = \"{}\"\nallow-loopback-http = true\n\
             [connections.default.auth]\n{own}\n{lines}\n",
            api.url(),
            authority.tenant(),
        ));
        let scene = Self { flow, authority, api, home };
        let login = scene.home.command(&["login", "--no-browser", "--deadline", "60s"]);
        match flow {
            RenewalOfCode => drop(log_in_by_code(&scene.authority, login).await),
            RenewalOfBrowser => drop(log_in_by_browser(&scene.authority, login).await),
            _ => {}
        }
        scene
    }

    /// Goes as far as it gets.
    async fn go(&self) -> Outcome {
        match self.flow {
            Code | Poll => {
                let mut outcome = run(self.home.command(&["login", "--deadline", "30s"]));
                // What a person is to do is no part of what went wrong.
                if let Some(error) = outcome.stderr.find("error: ") {
                    outcome.stderr.drain(..error);
                }
                outcome
            }
            InBrowser => {
                let login = self.home.command(&["login", "--no-browser", "--deadline", "30s"]);
                let mut signing_in = tokio::task::block_in_place(|| Conversation::begin(login));
                let address: url::Url = signing_in.line_with("http").parse().expect("it is an address");
                let find =
                    |name: &str| address.query_pairs().find(|(key, _)| key == name).expect("it is there").1;
                let back = format!("{}?code=canary-code&state={}", find("redirect_uri"), find("state"));
                client().get(back).send().await.expect("somebody listens");
                let outcome = tokio::task::block_in_place(|| signing_in.end());
                Outcome { stderr: outcome.stderr + "\n", ..outcome }
            }
            _ => {
                let mut command = self.home.command(&["call", "list-machines", "--deadline", "3s"]);
                command.env(SECRET, "canary-secret");
                run(command)
            }
        }
    }

    fn endpoint(&self) -> &'static str {
        if self.flow == Code { "/devicecode" } else { "/token" }
    }
}

fn run(mut command: Command) -> Outcome {
    tokio::task::block_in_place(|| command.output()).expect("the command starts").into()
}

/// All rows for one flow.
async fn fails_in_each_way(flow: Flow) {
    let mut scene = Scene::set(flow).await;
    let here = scene.authority.url().to_owned();
    for row in rows().into_iter().filter(|row| !row.not.contains(&flow)) {
        let mut fault = row.fault;
        fault["path"] = scene.endpoint().into();
        scene.authority.recover().await;
        scene.authority.fail(&fault).await;
        let words: Vec<String> = row.words.iter().map(|word| word.replace("{authority}", &here)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let name = format!("{flow:?}, {}", row.name);
        assert_told(&scene.go().await, &name, row.code, &words, &[CANARY]);
    }
    assert!(scene.api.log().is_empty(), "{flow:?}: the API was asked without a token");
    scene.authority.recover().await;
    if matches!(flow, RenewalOfCode | RenewalOfBrowser) {
        assert_eq!(scene.go().await.code, 0, "{flow:?}: no failure has ended the login");
        // Until that token is over.
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    if flow != Poll {
        scene.authority.end();
        let name = format!("{flow:?}, nobody there");
        assert_told(&scene.go().await, &name, LATER, &[&here], &[CANARY]);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn applications_are_told() {
    for flow in [Secret, Certificate, Workload] {
        fails_in_each_way(flow).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn machines_are_told() {
    fails_in_each_way(Managed).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn people_who_log_in_by_code_are_told() {
    fails_in_each_way(Code).await;
    fails_in_each_way(Poll).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn people_who_log_in_by_browser_are_told() {
    fails_in_each_way(InBrowser).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn people_who_have_logged_in_are_told() {
    for flow in [RenewalOfCode, RenewalOfBrowser] {
        fails_in_each_way(flow).await;
    }
}
