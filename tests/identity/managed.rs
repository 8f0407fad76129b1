//! Identities that a platform gives: a machine's, an app's, and a federated workload's.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use defender_simulator::{Effect, Fault, Simulator};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents};
use serde_json::{Value, json};

use super::failures::{CREDENTIAL, LATER, assert_told};
use crate::support::home::{Home, Outcome, simulator};
use crate::support::path;

/// What of a message tells who failed.
const NAMES: &str = "managed identity";

fn home(api: &Simulator, auth: &str) -> Home {
    let home = Home::empty();
    home.configure(&format!(
        "[connections.default]\napi-url = \"{url}\"\nallow-loopback-http = true\n\
         [connections.default.auth]\n{auth}\n",
        url = api.url(),
    ));
    home
}

/// A machine whose metadata service is the simulator's.
fn machine(api: &Simulator) -> Home {
    home(api, &format!("kind = \"managed-identity\"\nmetadata-endpoint = \"{}\"", api.url()))
}

fn call(home: &Home) -> Command {
    home.command(&["call", "list-machines", "--top", "1", "--deadline", "30s"])
}

fn run(mut command: Command) -> Outcome {
    command.output().expect("the command starts").into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_signs_in_as_itself() {
    let api = simulator(json!({ "log": { "secrets": true } })).await;
    let outcome = run(call(&machine(&api))).done();
    assert!(outcome.json()["value"].is_array());
    let log = api.log();
    let asked =
        log.iter().find(|arrival| arrival.path == "/metadata/identity/oauth2/token").expect("it was asked");
    assert_eq!(asked.header("metadata"), Some("true"));
    assert_eq!(asked.header("x-forwarded-for"), None);
    assert_eq!(
        asked.query.as_deref(),
        Some("api-version=2018-02-01&resource=https%3A%2F%2Fapi.securitycenter.microsoft.com")
    );
    let tested = machine(&api).run(&["connections", "test"]).done().stdout;
    assert!(tested.contains("managed-identity"), "{tested}");

    let named = simulator(json!({ "managedIdentity": { "mustBeNamed": true } })).await;
    let client = named.managed_identity().client_id.clone();
    let unnamed = run(call(&machine(&named)));
    assert_told(&unnamed, "which of several", CREDENTIAL, &["client-id"], &[]);
    let lines = format!(
        "kind = \"managed-identity\"\nmetadata-endpoint = \"{}\"\nclient-id = \"{client}\"",
        named.url()
    );
    run(call(&home(&named, &lines))).done();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_signs_in_as_itself() {
    let api = simulator(json!({ "managedIdentity": { "header": "canary-identity-header" } })).await;
    let home = home(&api, "kind = \"managed-identity\"");
    let app = |header: &str| {
        let mut command = call(&home);
        command.env("IDENTITY_ENDPOINT", format!("{}/msi/token", api.url())).env("IDENTITY_HEADER", header);
        run(command)
    };
    app("canary-identity-header").done();
    let log = api.log();
    let asked = log.iter().find(|arrival| arrival.path == "/msi/token").expect("it was asked");
    assert_eq!(asked.header("x-identity-header"), Some("canary-identity-header"));
    assert!(asked.query.as_deref().is_some_and(|query| query.contains("api-version=2019-08-01")));
    let wrong = app("canary-other");
    assert_told(&wrong, "wrong header", CREDENTIAL, &[], &["canary"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metadata_service_that_fails_is_told_by_name() {
    let api = simulator(json!({ "managedIdentity": { "assigned": false } })).await;
    let none = run(call(&machine(&api)));
    assert_told(&none, "no identity", CREDENTIAL, &["identity"], &[]);

    let api = simulator(json!({})).await;
    let url = api.url().to_owned();
    let home = machine(&api);
    let status = |status: u16| Effect::Status {
        status,
        body: Some(json!({ "error": "x", "error_description": "some text" }).to_string()),
        content_type: Some("application/json".into()),
        retry_after: None,
    };
    // Without a token from the call before, so that each asks the service.
    let alone = || {
        let mut command = call(&home);
        command.env("CONNECTOR_VAULT", "none");
        run(command)
    };
    let asked = || api.log().iter().filter(|arrival| arrival.path.starts_with("/metadata/")).count();
    // One refusal is waited out: these are the statuses that the documentation says to come back after.
    for transient in [404, 429, 500] {
        let before = asked();
        api.faults().add(Fault::new(status(transient)).on("ManagedIdentity").times(1));
        let outcome = alone().done();
        assert!(outcome.json()["value"].is_array(), "{transient}");
        assert_eq!(asked() - before, 2, "{transient}");
        api.faults().clear();
    }
    for (name, effect) in [
        ("not JSON", Effect::TruncatedJson),
        ("a web page", Effect::Html { status: 200 }),
        ("10 MB", Effect::Padded { bytes: 10 << 20 }),
    ] {
        api.faults().add(Fault::new(effect).on("ManagedIdentity"));
        let outcome = alone();
        assert_told(&outcome, name, CREDENTIAL, &[&url], &[]);
        api.faults().clear();
    }
    api.shutdown().await;
    assert_told(&alone(), "nobody there", LATER, &[&url, NAMES], &[]);
}

/// A cluster that issues tokens.
pub(crate) struct Cluster(RsaKeyPair);

impl Cluster {
    pub(crate) fn new() -> Self {
        let pem = std::fs::read_to_string(path("identity/keys/cluster.pem")).expect("the file is there");
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = base64::prelude::BASE64_STANDARD.decode(body).expect("it is PEM");
        Self(RsaKeyPair::from_pkcs8(&der).expect("it is a key"))
    }

    pub(crate) fn federation(&self) -> Value {
        let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(self.0.public());
        let [n, e] = [n, e].map(|number| BASE64_URL_SAFE_NO_PAD.encode(number));
        json!({
            "issuer": "https://cluster.example",
            "subject": "system:serviceaccount:soc:connector",
            "keys": { "keys": [{ "kid": "1", "n": n, "e": e }] },
        })
    }

    pub(crate) fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = json!({
            "iss": "https://cluster.example",
            "sub": "system:serviceaccount:soc:connector",
            "aud": ["api://AzureADTokenExchange"],
            "exp": 4_102_444_800_u64,
        });
        change(&mut claims);
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({ "alg": "RS256", "kid": "1" })), part(&claims));
        let mut signature = vec![0; self.0.public().modulus_len()];
        let random = SystemRandom::new();
        self.0.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).expect("the key signs");
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_signs_in_with_the_token_in_its_file() {
    let cluster = Cluster::new();
    let api = simulator(json!({ "federation": cluster.federation() })).await;
    let home = home(&api, "kind = \"workload-identity\"");
    let file = home.path().join("token");
    let workload = |file: &Path| {
        let mut command = call(&home);
        command
            .env("AZURE_AUTHORITY_HOST", format!("{}/", api.url()))
            .env("AZURE_TENANT_ID", api.tenant_id())
            .env("AZURE_CLIENT_ID", api.client_id())
            .env("AZURE_FEDERATED_TOKEN_FILE", file);
        run(command)
    };
    std::fs::write(&file, cluster.token(|_| {})).expect("the home can be written");
    workload(&file).done();

    let stranger = |claims: &mut Value| claims["sub"] = "system:serviceaccount:soc:other".into();
    let elsewhere = |claims: &mut Value| claims["aud"] = "https://api.example.com".into();
    let old = |claims: &mut Value| claims["exp"] = 1.into();
    let rows: [(&str, String, &[&str]); 5] = [
        ("another subject", cluster.token(stranger), &["federated"]),
        ("another audience", cluster.token(elsewhere), &["federated"]),
        ("expired", cluster.token(old), &["time"]),
        ("junk", "canary-junk".into(), &[]),
        ("empty", String::new(), &["token"]),
    ];
    for (name, token, words) in rows {
        std::fs::write(&file, &token).expect("the home can be written");
        let secrets: &[&str] = if token.is_empty() { &[] } else { &[&token, "canary"] };
        assert_told(&workload(&file), name, CREDENTIAL, words, secrets);
    }
    let absent = home.path().join("absent");
    assert_told(&workload(&absent), "no file", CREDENTIAL, &["absent"], &[]);
    assert_told(&run(call(&home)), "no variables", CREDENTIAL, &["AZURE_"], &[]);
}
