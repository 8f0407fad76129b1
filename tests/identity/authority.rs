//! A real authority: oidc-provider, a certified server, in Microsoft Entra's shape. See `tests/identity/authority`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::time::Duration;

use defender_simulator::Simulator;
use reqwest::{Client, redirect};
use serde_json::{Value, json};

use crate::support::home::{Home, simulator};

/// The variable that names the program; `tests/identity/run` sets it.
const VARIABLE: &str = "CONNECTOR_AUTHORITY";

/// A running authority. It ends when it is dropped.
pub(super) struct Authority {
    child: Child,
    facts: Value,
    client: Client,
}

/// How long Node may take to start. Now and then it never does, all its threads waiting for one another.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is started.
const TRIES: usize = 3;

/// Starts the program, and takes the line in which it says where it is.
fn launched(options: &Value) -> Option<(Child, String)> {
    let program = std::env::var_os(VARIABLE)
        .unwrap_or_else(|| panic!("{VARIABLE} is not set: run these tests by tests/identity/run"));
    let mut child = Command::new("node")
        .arg(program)
        .arg(options.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let stdout = child.stdout.take().expect("it is piped");
    let (said, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("it says where it is");
        // Whoever waited may have lost patience.
        let _ = said.send(line);
    });
    if let Ok(line) = heard.recv_timeout(PATIENCE) {
        return Some((child, line));
    }
    child.kill().and_then(|()| child.wait()).expect("it can be killed");
    None
}

impl Authority {
    /// With those of the options in `options.mjs` that are not to be the usual ones.
    pub(super) fn start(options: &Value) -> Self {
        let (child, line) = (0..TRIES).find_map(|_| launched(options)).expect("node starts in time");
        let facts = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self { child, facts, client: client() }
    }

    pub(super) fn url(&self) -> &str {
        self.fact("/url")
    }

    pub(super) fn tenant(&self) -> &str {
        self.fact("/tenantId")
    }

    /// A fact by its JSON pointer, such as `/publicClient/id`.
    pub(super) fn fact(&self, pointer: &str) -> &str {
        let fact = self.facts.pointer(pointer).and_then(Value::as_str);
        fact.unwrap_or_else(|| panic!("there is no {pointer} in {}", self.facts))
    }

    /// An API that trusts it.
    pub(super) async fn api(&self) -> Simulator {
        simulator(json!({ "trustedIssuers": self.trusted(), "log": { "secrets": true } })).await
    }

    /// What an API must know of it: the simulator's option `trustedIssuers`.
    pub(super) fn trusted(&self) -> Value {
        json!([{ "issuer": self.facts["issuer"], "keys": self.facts["keys"] }])
    }

    /// The home of somebody whose connection signs in here, as those lines of `auth` say.
    pub(super) fn home(&self, api: &Simulator, auth: &str) -> Home {
        let home = Home::empty();
        home.configure(&format!(
            "[connections.default]\napi-url = \"{}\"\ntenant-id = \"{}\"\nallow-loopback-http = true\n\
             [connections.default.auth]\nauthority = \"{}\"\n{auth}\n",
            api.url(),
            self.tenant(),
            self.url(),
        ));
        home
    }

    /// Makes requests fail: see `faults.mjs`.
    pub(super) async fn fail(&self, fault: &Value) {
        let request = self.client.post(format!("{}/_authority/faults", self.url())).body(fault.to_string());
        assert!(request.send().await.expect("it answers").status().is_success());
    }

    /// Ends it: from now on there is nobody at its address.
    pub(super) fn end(&mut self) {
        drop(self.child.stdin.take());
        // What cannot be ended has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Ends all faults.
    pub(super) async fn recover(&self) {
        let request = self.client.delete(format!("{}/_authority/faults", self.url()));
        assert!(request.send().await.expect("it answers").status().is_success());
    }

    /// How many more requests the faults will hit; those without an end do not count.
    pub(super) async fn faults_left(&self) -> u64 {
        let request = self.client.get(format!("{}/_authority/faults", self.url()));
        let text = request.send().await.expect("it answers").text().await.expect("it ends");
        let faults: Vec<Value> = serde_json::from_str(&text).expect("it is JSON");
        faults.iter().filter_map(|fault| fault["times"].as_u64()).sum()
    }

    /// What it was asked and answered, with all secrets.
    pub(super) async fn log(&self) -> Vec<Value> {
        let request = self.client.get(format!("{}/_authority/log", self.url()));
        let text = request.send().await.expect("it answers").text().await.expect("it ends");
        serde_json::from_str(&text).expect("it is JSON")
    }

    /// The requests to its token endpoint, for tokens of that grant.
    pub(super) async fn token_requests(&self, grant: &str) -> Vec<Value> {
        let tokens = |entry: &Value| {
            entry["path"].as_str().is_some_and(|path| path.ends_with("/token"))
                && entry["form"]["grant_type"].as_str().is_some_and(|found| found.ends_with(grant))
        };
        self.log().await.into_iter().filter(tokens).collect()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        self.end();
    }
}

/// A client that follows nothing by itself.
pub(super) fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Another test of this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let client = Client::builder().no_proxy().redirect(redirect::Policy::none());
    client.timeout(Duration::from_secs(60)).build().expect("a client")
}
