//! Each kind of credential that needs no person: what of it is secret.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::{Kind, TOKEN, hex, listed, sweep, token_of};
use crate::identity::applications::certificate;
use crate::identity::managed::Cluster;
use crate::support::home::{Home, simulator};

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_an_application_shows_anywhere() {
    let secret = "canary-4e81-client-secret";
    let api = simulator(json!({ "clientSecret": secret, "log": { "secrets": true } })).await;
    // The file is the user's own place for the secret.
    let elsewhere = tempfile::tempdir().expect("there is a temporary directory");
    let file = elsewhere.path().join("secret");
    std::fs::write(&file, secret).expect("the directory can be written");
    let lines = format!(
        "kind = \"client-secret\"\nclient-id = \"{}\"\nauthority = \"{}\"\n\
         scope = \"https://api.securitycenter.microsoft.com/.default\"",
        api.client_id(),
        api.url(),
    );
    let by_variable = format!("{lines}\nclient-secret-env = \"CANARY\"");
    let by_file = format!("{lines}\nclient-secret-file = \"{}\"", file.display());
    for (auth, environment) in [(by_variable, vec![("CANARY", secret.to_owned())]), (by_file, Vec::new())] {
        sweep(&api, &Kind { auth, environment, secrets: vec![secret.to_owned()] }, TOKEN);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_of_another_program_shows_anywhere() {
    let api = simulator(json!({ "log": { "secrets": true } })).await;
    let token = token_of(&api).await;
    let elsewhere = tempfile::tempdir().expect("there is a temporary directory");
    let file = elsewhere.path().join("token");
    std::fs::write(&file, &token).expect("the directory can be written");
    let by_variable = "kind = \"token\"\ntoken-env = \"CANARY\"".to_owned();
    let by_command = format!("kind = \"token\"\ntoken-command = [\"/bin/cat\", \"{}\"]", file.display());
    for (auth, environment) in [(by_variable, vec![("CANARY", token.clone())]), (by_command, Vec::new())] {
        sweep(&api, &Kind { auth, environment, secrets: vec![token.clone()] }, TOKEN);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_a_platform_shows_anywhere() {
    let cluster = Cluster::new();
    let header = "canary-93aa-identity-header";
    let options = json!({
        "log": { "secrets": true },
        "managedIdentity": { "header": header },
        "federation": cluster.federation(),
    });
    let api = simulator(options).await;
    let scope = "scope = \"https://api.securitycenter.microsoft.com/.default\"";
    let machine = Kind {
        auth: format!("kind = \"managed-identity\"\nmetadata-endpoint = \"{}\"\n{scope}", api.url()),
        environment: Vec::new(),
        secrets: Vec::new(),
    };
    sweep(&api, &machine, TOKEN);
    let app = Kind {
        auth: format!("kind = \"managed-identity\"\n{scope}"),
        environment: vec![
            ("IDENTITY_ENDPOINT", format!("{}/msi/token", api.url())),
            ("IDENTITY_HEADER", header.to_owned()),
        ],
        secrets: vec![header.to_owned()],
    };
    sweep(&api, &app, TOKEN);
    let elsewhere = tempfile::tempdir().expect("there is a temporary directory");
    let file = elsewhere.path().join("token");
    let assertion = cluster.token(|_| {});
    std::fs::write(&file, &assertion).expect("the directory can be written");
    let workload = Kind {
        auth: format!(
            "kind = \"workload-identity\"\nclient-id = \"{}\"\nauthority = \"{}\"\ntoken-file = \"{}\"\n{scope}",
            api.client_id(),
            api.url(),
            file.display(),
        ),
        environment: Vec::new(),
        secrets: vec![assertion],
    };
    sweep(&api, &workload, TOKEN);
}

/// What would give a key away: a piece of it, as its file has it and as its bytes.
fn pieces(pem: &str) -> Vec<String> {
    let line = pem.lines().nth(5).expect("it is long");
    let bytes = BASE64_STANDARD.decode(line).expect("it is PEM");
    vec![line.to_owned(), hex(&bytes), listed(&bytes)]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_of_a_certificate_shows_anywhere() {
    let api = simulator(json!({ "log": { "secrets": true } })).await;
    let key = std::fs::read_to_string(certificate("key.pem")).expect("the file is there");
    let password = "canary-password";
    let application = format!(
        "kind = \"certificate\"\nclient-id = \"{}\"\nauthority = \"{}\"\n\
         scope = \"https://api.securitycenter.microsoft.com/.default\"",
        api.client_id(),
        api.url(),
    );
    let file = |name: &str| certificate(name).display().to_string();
    let plain = Kind {
        auth: format!(
            "{application}\ncertificate-file = \"{}\"\nkey-file = \"{}\"",
            file("certificate.pem"),
            file("key.pem")
        ),
        environment: Vec::new(),
        secrets: pieces(&key),
    };
    sweep(&api, &plain, TOKEN);
    let protected = Kind {
        auth: format!(
            "{application}\ncertificate-file = \"{}\"\ncertificate-password-env = \"CANARY\"",
            file("modern.p12")
        ),
        environment: vec![("CANARY", password.to_owned())],
        secrets: [pieces(&key), vec![password.to_owned()]].concat(),
    };
    sweep(&api, &protected, TOKEN);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn no_token_of_the_azure_cli_shows_anywhere() {
    let api = simulator(json!({ "log": { "secrets": true } })).await;
    let token = token_of(&api).await;
    let desk = Home::empty();
    let file = desk.path().join("token");
    std::fs::write(&file, &token).expect("the directory can be written");
    let print = format!(
        "printf '{{\"accessToken\":\"%s\",\"expires_on\":4102444800}}' \"$(/bin/cat '{}')\"",
        file.display()
    );
    let program = desk.program("az", &print);
    let kind = Kind {
        auth: "kind = \"azure-cli\"\nscope = \"https://api.securitycenter.microsoft.com/.default\"".into(),
        environment: vec![("PATH", program.parent().expect("it is in a folder").display().to_string())],
        secrets: vec![token],
    };
    sweep(&api, &kind, TOKEN);
}
