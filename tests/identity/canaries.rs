//! A canary in every place where a secret can be: after all kinds of calls it is in no output, no log, no file, no
//! crash message and not in the memory of a connector.

#[cfg(target_os = "linux")]
mod crash;
mod kinds;
mod people;
mod servers;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use connector_host::config::Variables;
use defender_simulator::Simulator;
use serde_json::json;

use crate::support::guests;
use crate::support::home::{Home, Outcome, cache};

/// How every token of the stand-in authority begins.
const TOKEN: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImtpZCI6InNpbXVsYXRvciJ9.";

/// One kind of credential, and what of it is secret.
struct Kind {
    /// The lines of `auth`.
    auth: String,
    environment: Vec<(&'static str, String)>,
    secrets: Vec<String>,
}

impl Kind {
    fn home(&self, api: &Simulator) -> Home {
        let home = Home::empty();
        home.configure(&format!(
            "[connections.default]\napi-url = \"{}\"\ntenant-id = \"{}\"\nallow-loopback-http = true\n\
             [connections.default.auth]\n{}\n",
            api.url(),
            api.tenant_id(),
            self.auth,
        ));
        home
    }
}

/// Makes all kinds of calls with the credential, and looks for its secrets, and for those that the API and the authority
/// saw. `start` is how each of its tokens begins.
fn sweep(api: &Simulator, kind: &Kind, start: &str) {
    let home = kind.home(api);
    let printed = used(&home, kind, start);
    let mut secrets = kind.secrets.clone();
    for arrival in api.log() {
        let form = url::form_urlencoded::parse(arrival.body()).into_owned();
        secrets.extend(form.filter(|(name, _)| name == "client_assertion").map(|(_, value)| value));
    }
    look_for(&home, api, &printed, secrets);
}

/// Makes all kinds of calls with the credential; all that they print.
fn used(home: &Home, kind: &Kind, start: &str) -> String {
    let mut printed = everything_printed(home, kind);
    printed += &of_hostile_connector(home, kind, start);
    assert!(printed.len() > 20_000, "the log says too little to be a test: {printed}");
    printed
}

/// Looks for secrets, and for the tokens that the API saw, in what was printed and in every file of the home.
fn look_for(home: &Home, api: &Simulator, printed: &str, mut secrets: Vec<String>) {
    let known = secrets.len();
    let log = api.log();
    let bearers = log.iter().filter_map(|arrival| arrival.header("authorization")?.strip_prefix("Bearer "));
    secrets.extend(bearers.map(str::to_owned));
    assert!(secrets.len() > known, "no token was used");
    // The signature alone would do for a thief.
    let signatures = secrets.iter().filter_map(|secret| Some(secret.rsplit_once('.')?.1.to_owned()));
    secrets.extend(signatures.collect::<Vec<_>>());
    nowhere(home, printed, secrets);
}

/// Looks for secrets in what was printed and in every file of the home, with those of its cache.
fn nowhere(home: &Home, printed: &str, mut secrets: Vec<String>) {
    secrets.sort();
    secrets.dedup();
    let configuration = std::fs::read_to_string(home.config()).expect("it is there");
    let disguised: Vec<String> = secrets.iter().flat_map(|secret| disguises(secret)).collect();
    for secret in &disguised {
        assert!(!printed.contains(secret.as_str()), "{secret} was printed: {configuration}");
    }
    let mut places = BTreeSet::new();
    for folder in [home.path(), own_cache()] {
        look_into(folder, &mut |path, bytes| {
            places.extend(
                path.strip_prefix(folder).ok().and_then(|path| path.iter().next()).map(PathBuf::from),
            );
            for secret in &disguised {
                assert!(
                    !bytes.contains(secret.as_str()),
                    "{secret} is in {}: {configuration}",
                    path.display()
                );
            }
        });
    }
    for place in ["config.toml", "state", "code"] {
        assert!(places.contains(Path::new(place)), "the search does not see {place}: {places:?}");
    }
}

/// A cache that only these tests write. What they run is compiled in it already: a compiler that tells all of what it does
/// would take minutes.
fn own_cache() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = cache().with_file_name("cache-of-canaries");
        let hostile = guests::build("hostile-connector").display().to_string();
        for words in [&["actions"][..], &["--component", &hostile, "actions"]] {
            let output = Home::empty().command(words).env("CONNECTOR_CACHE_DIR", &folder).output();
            Outcome::from(output.expect("the command starts")).done();
        }
        folder
    });
    &FOLDER
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

/// What CONNECTOR_LOG has to be for all to tell all that secrets pass through.
const EVERYTHING: &str = "trace,axum=trace,h2=trace,hyper=trace,hyper_util=trace,keyring=trace,oauth2=trace,rusqlite=trace,\
    rustls=trace,tower=trace,wasmtime_wasi=trace,wasmtime_wasi_http=trace";

fn traced(home: &Home, kind: &Kind, words: &[&str]) -> Command {
    let mut command = home.command(words);
    command.env("CONNECTOR_LOG", EVERYTHING).env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
    command.env("CONNECTOR_CACHE_DIR", own_cache());
    command.envs(kind.environment.iter().map(|(name, value)| (*name, value.as_str())));
    command
}

fn run(mut command: Command) -> Outcome {
    command.output().expect("the command starts").into()
}

/// The secret, and what else it may look like.
fn disguises(secret: &str) -> [String; 6] {
    [
        secret.to_owned(),
        BASE64_STANDARD_NO_PAD.encode(secret),
        BASE64_URL_SAFE_NO_PAD.encode(secret),
        percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string(),
        hex(secret.as_bytes()),
        listed(secret.as_bytes()),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As the bytes of a buffer are shown.
fn listed(bytes: &[u8]) -> String {
    format!("{bytes:?}").trim_matches(['[', ']']).to_owned()
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
