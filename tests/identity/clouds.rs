//! Each cloud of the embedded connector by its published facts: where people and programs sign in, what tokens are for,
//! and where calls go, as requests that were sent.
//!
//! Sources: <https://learn.microsoft.com/defender-endpoint/api/exposed-apis-list>,
//! <https://learn.microsoft.com/defender-endpoint/gov>,
//! <https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud>

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use url::Url;

use super::applications::certificate;
use super::authority::client;
use super::internet::{Internet, Seen, TOKEN};
use super::people::Conversation;
use crate::support::connector;
use crate::support::home::{Home, Outcome, SECRET};
use crate::support::server::{Answer, Server};

struct Cloud {
    name: &'static str,
    api: &'static str,
    login: &'static str,
    /// The resource that tokens are for; the scope is all of it.
    resource: &'static str,
}

const fn cloud(name: &'static str, api: &'static str, login: &'static str, resource: &'static str) -> Cloud {
    Cloud { name, api, login, resource }
}

const COM: &str = "login.microsoftonline.com";
const US: &str = "login.microsoftonline.us";
const WORLD: &str = "https://api.securitycenter.microsoft.com";
const GCC: &str = "https://api-gcc.securitycenter.microsoft.us";
const GOV: &str = "https://api-gov.securitycenter.microsoft.us";

const CLOUDS: [Cloud; 10] = [
    cloud("public", "api.security.microsoft.com", COM, WORLD),
    cloud("us", "us.api.security.microsoft.com", COM, WORLD),
    cloud("eu", "eu.api.security.microsoft.com", COM, WORLD),
    cloud("uk", "uk.api.security.microsoft.com", COM, WORLD),
    cloud("au", "au.api.security.microsoft.com", COM, WORLD),
    cloud("swa", "swa.api.security.microsoft.com", COM, WORLD),
    cloud("ina", "ina.api.security.microsoft.com", COM, WORLD),
    cloud("gcc", "api-gcc.securitycenter.microsoft.us", COM, GCC),
    cloud("gcc-high", "api-gov.securitycenter.microsoft.us", US, GOV),
    cloud("dod", "api-gov.securitycenter.microsoft.us", US, GOV),
];

const TENANT: &str = "contoso.com";
const CLIENT: &str = "44444444-8e47-4f0b-b6a1-2d7e9f4c8051";

#[tokio::test(flavor = "multi_thread")]
async fn each_cloud_is_asked_at_its_own_addresses() {
    let told: Vec<&str> = connector().1.manifest().clouds.keys().map(String::as_str).collect();
    let known: BTreeSet<&str> = CLOUDS.iter().map(|cloud| cloud.name).collect();
    assert_eq!(told, known.into_iter().collect::<Vec<_>>(), "each cloud has its row");

    let names: Vec<&str> = CLOUDS.iter().flat_map(|cloud| [cloud.api, cloud.login]).collect();
    let internet = Internet::start(&names).await;
    let metadata = Server::start().await.expect("loopback has a free port");
    let token = json!({ "access_token": TOKEN, "token_type": "Bearer", "expires_in": "3599" });
    metadata.answer(Answer { status: 200, body: token.to_string().into(), ..Answer::default() });
    for cloud in &CLOUDS {
        cloud.application_signs_in(&internet);
        cloud.person_signs_in(&internet).await;
        cloud.device_asks_for_a_code(&internet);
        cloud.machine_signs_in(&internet, &metadata);
        #[cfg(unix)]
        cloud.azure_cli_is_asked(&internet);
    }
    let tunnels: BTreeSet<String> = names.iter().map(|name| format!("{name}:443")).collect();
    assert_eq!(internet.tunnels(), tunnels, "nobody else was spoken to");
}

impl Cloud {
    fn scope(&self) -> String {
        format!("{}/.default", self.resource)
    }

    fn endpoint(&self, name: &str) -> String {
        format!("https://{}/{TENANT}/oauth2/v2.0/{name}", self.login)
    }

    fn home(&self, auth: &str) -> Home {
        let home = Home::empty();
        home.configure(&format!(
            "[connections.default]\ncloud = \"{}\"\ntenant-id = \"{TENANT}\"\nallow-loopback-http = true\n\
             [connections.default.auth]\n{auth}\n",
            self.name
        ));
        home
    }

    /// Makes a call, and returns what was sent before it.
    fn call(&self, internet: &Internet, home: &Home, prepare: impl FnOnce(&mut Command)) -> Vec<Seen> {
        let mut command = home.command(&["call", "list-machines", "--deadline", "20s"]);
        prepare(internet.reached_by(&mut command));
        let outcome: Outcome =
            tokio::task::block_in_place(|| command.output()).expect("the command starts").into();
        outcome.done();
        let mut seen = internet.taken();
        let called = seen.pop().expect("the API was called");
        assert_eq!(called.what, format!("GET https://{}/api/machines", self.api), "{}", self.name);
        assert_eq!(called.authorization, format!("Bearer {TOKEN}"), "{}", self.name);
        seen
    }

    /// With each proof that an application can have.
    fn application_signs_in(&self, internet: &Internet) {
        let secret = format!("client-secret-env = \"{SECRET}\"");
        let certificate = format!(
            "certificate-file = \"{}\"\nkey-file = \"{}\"",
            certificate("certificate.pem").display(),
            certificate("key.pem").display()
        );
        let file = tempfile::NamedTempFile::new().expect("there is a temporary directory");
        std::fs::write(file.path(), "federated").expect("the file can be written");
        let workload = format!("token-file = \"{}\"", file.path().display());
        for (kind, proof, field) in [
            ("client-secret", secret, "client_secret"),
            ("certificate", certificate, "client_assertion"),
            ("workload-identity", workload, "client_assertion"),
        ] {
            let home = self.home(&format!("kind = \"{kind}\"\nclient-id = \"{CLIENT}\"\n{proof}"));
            let seen = self.call(internet, &home, |command| {
                // A cloud that was chosen counts for more than the platform's.
                command.env(SECRET, "s3cret").env("AZURE_AUTHORITY_HOST", "https://login.example");
            });
            let [asked] = &seen[..] else { panic!("{}, {kind}: {seen:?}", self.name) };
            assert_eq!(asked.what, format!("POST {}", self.endpoint("token")), "{}, {kind}", self.name);
            assert_eq!(asked.form["grant_type"], "client_credentials");
            assert_eq!(asked.form["client_id"], CLIENT);
            assert_eq!(asked.form["scope"], self.scope(), "{}, {kind}", self.name);
            assert!(!asked.form[field].is_empty() && asked.authorization.is_empty(), "{asked:?}");
            if kind == "certificate" {
                assert_eq!(audience(&asked.form[field]), self.endpoint("token"), "{}", self.name);
            }
        }
    }

    /// In a browser, which comes back with a code.
    async fn person_signs_in(&self, internet: &Internet) {
        let home = self.home(&format!("kind = \"auth-code\"\nclient-id = \"{CLIENT}\""));
        let mut login = home.command(&["login", "--no-browser", "--deadline", "20s"]);
        internet.reached_by(&mut login);
        let mut signing_in = tokio::task::block_in_place(|| Conversation::begin(login));
        let address: Url = signing_in.line_with("https://").parse().expect("it is an address");
        assert_eq!(address.as_str().split('?').next(), Some(&*self.endpoint("authorize")), "{}", self.name);
        let asked: BTreeMap<String, String> = address.query_pairs().into_owned().collect();
        assert_eq!((&*asked["response_type"], &*asked["client_id"]), ("code", CLIENT));
        let scopes = format!("{} offline_access openid profile", self.scope());
        assert_eq!(asked["scope"], scopes, "{}", self.name);
        assert!(asked["redirect_uri"].starts_with("http://localhost:"), "{asked:?}");
        let back = format!("{}?code=c0de&state={}", asked["redirect_uri"], asked["state"]);
        client().get(back).send().await.expect("somebody listens");
        tokio::task::block_in_place(|| signing_in.end()).done();
        let seen = internet.taken();
        let [bought] = &seen[..] else { panic!("{}: {seen:?}", self.name) };
        assert_eq!(bought.what, format!("POST {}", self.endpoint("token")), "{}", self.name);
        assert_eq!((&*bought.form["grant_type"], &*bought.form["code"]), ("authorization_code", "c0de"));
        assert_eq!(bought.form["redirect_uri"], asked["redirect_uri"]);

        let seen = self.call(internet, &home, |_| {});
        let [renewed] = &seen[..] else { panic!("{}: {seen:?}", self.name) };
        assert_eq!(renewed.what, bought.what, "{}", self.name);
        assert_eq!((&*renewed.form["grant_type"], &*renewed.form["scope"]), ("refresh_token", &*scopes));
    }

    fn device_asks_for_a_code(&self, internet: &Internet) {
        let home = self.home(&format!("kind = \"device-code\"\nclient-id = \"{CLIENT}\""));
        let mut login = home.command(&["login", "--deadline", "20s"]);
        internet.reached_by(&mut login);
        let refused = tokio::task::block_in_place(|| login.output()).expect("the command starts");
        assert_eq!(Outcome::from(refused).code, 3, "{}", self.name);
        let seen = internet.taken();
        let [asked] = &seen[..] else { panic!("{}: {seen:?}", self.name) };
        assert_eq!(asked.what, format!("POST {}", self.endpoint("devicecode")), "{}", self.name);
        assert_eq!(asked.form["scope"], format!("{} offline_access openid profile", self.scope()));
    }

    fn machine_signs_in(&self, internet: &Internet, metadata: &Server) {
        let lines = format!("kind = \"managed-identity\"\nmetadata-endpoint = \"{}\"", metadata.origin());
        assert!(self.call(internet, &self.home(&lines), |_| {}).is_empty(), "the authority is not asked");
        let asked = metadata.received();
        let [asked] = &asked[..] else { panic!("{}: {asked:?}", self.name) };
        let (_, query) = asked.target.split_once('?').expect("it has a query");
        let resource = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "resource");
        assert_eq!(resource.expect("it is there").1, self.resource, "{}", self.name);
    }

    #[cfg(unix)]
    fn azure_cli_is_asked(&self, internet: &Internet) {
        let home = self.home("kind = \"azure-cli\"");
        let script = format!(
            "echo \"$@\" > \"$HOME/asked\"\nprintf '{{\"accessToken\":\"{TOKEN}\",\"expires_on\":4102444800}}'"
        );
        let program = home.program("az", &script);
        let folder = program.parent().expect("it is in a folder").to_owned();
        let seen = self.call(internet, &home, |command| {
            command.env("PATH", folder);
        });
        assert!(seen.is_empty(), "{}: {seen:?}", self.name);
        let asked = std::fs::read_to_string(home.path().join("asked")).expect("it was run");
        let scope = format!("--scope {} --tenant {TENANT}", self.scope());
        assert!(asked.trim_end().ends_with(&scope), "{}: {asked}", self.name);
    }
}

/// Whom a signed statement is for.
fn audience(statement: &str) -> String {
    let claims = statement.split('.').nth(1).expect("it has claims");
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).expect("it is Base64");
    let claims: Value = serde_json::from_slice(&claims).expect("it is JSON");
    claims["aud"].as_str().expect("it is text").to_owned()
}
