//! An application that signs in with a certificate, at an authority that checks each statement as Entra does: its
//! signature, whom it is for, when it is good, that it is used once, and which certificate its `x5t#S256` names.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::applications::certificate;
use super::authority::Authority;
use super::failures::assert_told;
use crate::support::home::{Home, Outcome};

/// By `openssl x509 -outform der | openssl dgst -sha256 -binary | basenc --base64url`.
const THUMBPRINT: &str = "9eYF57X-3s89ItUzqilW-iICZiEdA0pxyEtFyZq07k0";
/// The variable with the password, and what opens `modern.p12`.
const PASSWORD: (&str, &str) = ("TEST_PASSWORD", "canary-password");
const CLIENT: &str = "22222222-8e47-4f0b-b6a1-2d7e9f4c8051";

/// An authority whose application has these certificates.
pub(super) fn authority_with(certificates: &[&str]) -> Authority {
    let read = |name: &&str| std::fs::read_to_string(certificate(name)).expect("the file is there");
    let certificates: Vec<String> = certificates.iter().map(read).collect();
    Authority::start(&json!({ "certificateClient": { "id": CLIENT, "certificates": certificates } }))
}

/// The lines of an application with a certificate in PEM, and its key.
pub(super) fn pem_lines(name: &str) -> String {
    format!(
        "kind = \"certificate\"\nclient-id = \"{CLIENT}\"\ncertificate-file = \"{}\"\nkey-file = \"{}\"",
        certificate(name).display(),
        certificate("key.pem").display()
    )
}

/// The lines of an application with a protected PKCS#12 file.
pub(super) fn pkcs12_lines() -> String {
    format!(
        "kind = \"certificate\"\nclient-id = \"{CLIENT}\"\ncertificate-file = \"{}\"\n\
         certificate-password-env = \"{}\"",
        certificate("modern.p12").display(),
        PASSWORD.0
    )
}

fn call(home: &Home, password: &str) -> Outcome {
    let mut command = home.command(&["call", "list-machines", "--top", "1", "--deadline", "60s"]);
    command.env(PASSWORD.0, password).output().expect("the command starts").into()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn an_application_signs_in_with_its_certificate() {
    let authority = authority_with(&["other.pem", "certificate.pem"]);
    let api = authority.api().await;
    let rs256 = format!("{}\nsigning-algorithm = \"RS256\"", pem_lines("certificate.pem"));
    for lines in [pem_lines("certificate.pem"), pkcs12_lines(), rs256] {
        let outcome = call(&authority.home(&api, &lines), PASSWORD.1).done();
        assert!(outcome.json()["value"].is_array(), "{lines}");
    }
    let asked = authority.token_requests("client_credentials").await;
    assert_eq!(asked.len(), 3);
    let mut used = BTreeSet::new();
    for (request, algorithm) in asked.iter().zip(["PS256", "PS256", "RS256"]) {
        assert_eq!(request["status"], 200);
        assert_eq!(request["form"]["client_secret"], Value::Null);
        let (header, claims) = statement(request);
        assert_eq!(header, json!({ "alg": algorithm, "typ": "JWT", "x5t#S256": THUMBPRINT }));
        used.insert(claims["jti"].to_string());
    }
    assert_eq!(used.len(), 3, "each statement is its own");
    let arrivals = api.log();
    assert_eq!(arrivals.iter().filter(|arrival| arrival.status() == Some(200)).count(), 3);
}

/// The header and the claims of the statement in a request.
fn statement(request: &Value) -> (Value, Value) {
    let text = request["form"]["client_assertion"].as_str().expect("there is a statement");
    let parts: Vec<Value> = text
        .split('.')
        .take(2)
        .map(|part| BASE64_URL_SAFE_NO_PAD.decode(part).expect("it is Base64"))
        .map(|part| serde_json::from_slice(&part).expect("it is JSON"))
        .collect();
    let [header, claims] = &parts[..] else { panic!("{text}") };
    (header.clone(), claims.clone())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn a_certificate_that_the_application_does_not_have_is_told() {
    for (name, registered) in [
        ("another key", "other.pem"),
        // Its signature is good: only the thumbprint tells that it is another certificate.
        ("another certificate of the same key", "future.pem"),
    ] {
        let authority = authority_with(&[registered]);
        let api = authority.api().await;
        let outcome = call(&authority.home(&api, &pem_lines("certificate.pem")), "");
        let words = ["does not know the certificate", "AADSTS700027", "add the certificate"];
        assert_told(&outcome, name, 3, &words, &["eyJ", "PRIVATE"]);
        let asked = authority.token_requests("client_credentials").await;
        let statuses: Vec<_> = asked.iter().map(|request| &request["status"]).collect();
        assert_eq!(statuses, [401], "{name}: it was refused by the authority, and not asked again");
        assert!(api.log().is_empty(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn a_certificate_that_cannot_be_good_is_not_even_sent() {
    let authority = authority_with(&["certificate.pem", "expired.pem", "future.pem", "other.pem"]);
    let api = authority.api().await;
    let rows: [(&str, String, &str, &[&str]); 5] = [
        ("expired", pem_lines("expired.pem"), "", &["expired on 2021-01-02", "create a new certificate"]),
        ("not yet good", pem_lines("future.pem"), "", &["valid from 2099-01-01"]),
        ("another's key", pem_lines("other.pem"), "", &["its key is another certificate's"]),
        ("wrong password", pkcs12_lines(), "canary-wrong", &["its password is another"]),
        ("no password", pkcs12_lines(), "", &[PASSWORD.0]),
    ];
    for (name, lines, password, words) in rows {
        let outcome = call(&authority.home(&api, &lines), password);
        assert_told(&outcome, name, 3, words, &["canary", "PRIVATE"]);
    }
    assert!(authority.log().await.is_empty(), "nothing was sent");
    assert!(api.log().is_empty());
}
