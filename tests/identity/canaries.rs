//! A canary in every place where a secret can be: after all kinds of calls it is in no output, no log, no file, no
//! crash message and not in the memory of a connector.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use connector_host::config::Variables;
use defender_simulator::Simulator;
use serde_json::json;

use super::managed::Cluster;
use crate::support::guests;
use crate::support::home::{Home, Outcome, simulator};

/// How every token of the stand-in authority begins.
pub(super) const TOKEN: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImtpZCI6InNpbXVsYXRvciJ9.";

/// One kind of credential, and what of it is secret.
pub(super) struct Kind {
    /// The lines of `auth`.
    pub(super) auth: String,
    pub(super) environment: Vec<(&'static str, String)>,
    pub(super) secrets: Vec<String>,
}

/// Makes all kinds of calls with the credential, and looks for its secrets, and for those of the tokens that the API saw.
/// `start` is how each of its tokens begins.
pub(super) fn sweep(api: &Simulator, kind: &Kind, start: &str) {
    let home = Home::empty();
    home.configure(&format!(
        "[connections.default]\napi-url = \"{}\"\ntenant-id = \"{}\"\nallow-loopback-http = true\n\
         [connections.default.auth]\n{}\n",
        api.url(),
        api.tenant_id(),
        kind.auth,
    ));
    let mut printed = everything_printed(&home, kind);
    printed += &of_hostile_connector(&home, kind, start);
    assert!(printed.len() > 20_000, "the log says too little to be a test: {printed}");

    let mut secrets = kind.secrets.clone();
    let log = api.log();
    let bearers = log.iter().filter_map(|arrival| arrival.header("authorization")?.strip_prefix("Bearer "));
    secrets.extend(bearers.map(str::to_owned));
    assert!(secrets.len() > kind.secrets.len(), "{}: no token was used", kind.auth);
    // The signature alone would do for a thief.
    let signatures = secrets.iter().filter_map(|secret| Some(secret.rsplit_once('.')?.1.to_owned()));
    secrets.extend(signatures.collect::<Vec<_>>());
    secrets.sort();
    secrets.dedup();

    let disguised: Vec<String> = secrets.iter().flat_map(|secret| disguises(secret)).collect();
    for secret in &disguised {
        assert!(!printed.contains(secret.as_str()), "{}: {secret} was printed", kind.auth);
    }
    let mut files = 0;
    look_into(home.path(), &mut |path, bytes| {
        files += 1;
        for secret in &disguised {
            assert!(!bytes.contains(secret.as_str()), "{}: {secret} is in {}", kind.auth, path.display());
        }
    });
    assert!(files >= 2, "there is no state to search");
    let configuration = std::fs::read_to_string(home.config()).expect("it is there");
    assert!(configuration.contains(api.tenant_id()), "the search finds nothing at all");
}

/// Good calls, calls that fail, and the looks at a connection, each with a log as full as it gets.
fn everything_printed(home: &Home, kind: &Kind) -> String {
    let calls: [&[&str]; 5] = [
        &["call", "list-machines", "--top", "1"],
        &["call", "get-machine", "--machine-id", "none", "--output", "json"],
        &["call", "list-alerts", "--filter", "nonsense"],
        &["connections", "test"],
        &["connections", "list", "--output", "json"],
    ];
    let mut printed = String::new();
    for words in calls {
        let outcome = run(traced(home, kind, words));
        // A call that the API refuses has used the credential as well.
        let known = matches!(outcome.code, 0 | 2 | 4 | 6);
        assert!(known, "{}: {words:?}: {outcome:?}", kind.auth);
        printed += &outcome.stdout;
        printed += &outcome.stderr;
    }
    printed
}

/// A connector that looks for secrets in its own memory, and one that crashes after a request.
fn of_hostile_connector(home: &Home, kind: &Kind, start: &str) -> String {
    let component = guests::build("hostile-connector");
    let component = component.to_str().expect("the path is text");
    let hostile = |action: &str, input: &serde_json::Value| {
        let input = input.to_string();
        run(traced(home, kind, &["--component", component, "call", action, "--input", &input]))
    };
    let mut printed = String::new();
    for secret in kind.secrets.iter().map(String::as_str).chain([start]) {
        // Whether it would be found is a test of the sandbox's.
        let shifted: Vec<u8> = secret.bytes().map(|byte| byte.wrapping_add(1)).collect();
        let outcome = hostile("search-memory", &json!({ "path": "/x", "shifted": shifted })).done();
        assert_eq!(outcome.json()["value"], 0, "{}: {secret} is in the memory of a connector", kind.auth);
        printed += &outcome.stderr;
    }
    for crash in ["panic", "exit"] {
        let outcome = hostile(crash, &json!({}));
        assert_ne!(outcome.code, 0);
        printed += &outcome.stderr;
    }
    printed
}

fn traced(home: &Home, kind: &Kind, words: &[&str]) -> Command {
    let mut command = home.command(words);
    command.env("CONNECTOR_LOG", "trace").env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
    command.envs(kind.environment.iter().map(|(name, value)| (*name, value.as_str())));
    command
}

fn run(mut command: Command) -> Outcome {
    command.output().expect("the command starts").into()
}

/// The secret, and what else it may look like.
fn disguises(secret: &str) -> [String; 6] {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    [
        secret.to_owned(),
        BASE64_STANDARD_NO_PAD.encode(secret),
        BASE64_URL_SAFE_NO_PAD.encode(secret),
        percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string(),
        hex(secret.as_bytes()),
        // As the bytes of a buffer are shown.
        format!("{:?}", secret.as_bytes()).trim_matches(['[', ']']).to_owned(),
    ]
}

fn look_into(folder: &Path, look: &mut impl FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            look_into(&path, look);
        } else {
            let bytes = std::fs::read(&path).expect("the file can be read");
            // What is not text is replaced; secrets are text.
            look(&path, &String::from_utf8_lossy(&bytes));
        }
    }
}

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

/// A token that the API takes, from whoever has one.
async fn token_of(api: &Simulator) -> String {
    use connector_host::{Host, Profile, Trust};
    let host = Host::builder().concurrency(1).build().expect("the engine starts");
    let connector = host.load(&crate::support::component()).expect("the component is a connector");
    let profile = Profile::builder()
        .api_url(api.url())
        .authority(api.url())
        .tenant(api.tenant_id())
        .allow_loopback_http(true)
        .client_secret_variable(api.client_id(), "SECRET")
        .variables(Variables::fixed([("SECRET", api.client_secret())]))
        .trust(Trust::Connector)
        .build(connector.manifest())
        .expect("the profile is complete");
    let connection = host.connect(&connector, profile).expect("nothing is sent yet");
    connection.call("list-machines", json!({})).await.expect("the API answers");
    let log = api.log();
    let mut bearers =
        log.iter().filter_map(|arrival| arrival.header("authorization")?.strip_prefix("Bearer "));
    bearers.next().expect("a token was used").to_owned()
}
