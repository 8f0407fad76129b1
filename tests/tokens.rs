//! Tokens: one for all tasks and processes, renewed in time, kept where only its user can read it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use connector_host::config::{Config, Variables};
use connector_host::vault::{FileVault, KeyPlace};
use connector_host::{Connection, Host};
use defender_simulator::{Effect, Fault, Settings, Simulator};
use serde_json::json;

use crate::identity::{Cluster, certificate};
use crate::support::home::{Home, Outcome, SECRET, cache, simulator};

/// How many processes begin at once.
const PROCESSES: usize = 8;
/// How many calls each makes at once.
const CALLS: usize = 125;
/// The folder in which the processes meet.
const MEETING: &str = "TEST_MEETING";
/// Lines that let any number of calls through.
pub(crate) const UNLIMITED: &str =
    "[connections.default.quota]\ncalls = 1000000\nperiod-seconds = 1\naction-limits = false\n";

fn token_requests(simulator: &Simulator) -> usize {
    simulator.log().iter().filter(|arrival| arrival.operation == Some("Token")).count()
}

/// A connection as the command line has it, of a home.
fn connect(home: &Path, variables: &Variables) -> Connection {
    let vault = FileVault::new(home.join("state/vault"), KeyPlace::File);
    let host = Host::builder().concurrency(128).cache_dir(cache().join("code")).vault(Arc::new(vault));
    let host = host.build().expect("the engine starts");
    let connector = host.load_file(crate::support::COMPONENT).expect("the component is a connector");
    let config = Config::load(&home.join("config.toml"), variables).expect("there is a configuration");
    let profile = config
        .profile("default", connector.manifest(), connector_host::Trust::Connector)
        .expect("the connection is complete");
    host.connect(&connector, profile).expect("the connection can be set up")
}

async fn read(connection: &Connection) -> Result<(), String> {
    let call = connection.call("list-machines", json!({ "$top": 1 }));
    call.await.map(drop).map_err(|error| error.to_string())
}

/// A home whose connection to the simulator signs in so, without a quota to speak of.
fn home_with(simulator: &Simulator, auth: &str) -> Home {
    let home = Home::with_secret(simulator.client_secret());
    let url = simulator.url();
    home.configure(&format!(
        "[connections.default]\napi-url = \"{url}\"\ntenant-id = \"{}\"\nallow-loopback-http = true\n\
         [connections.default.auth]\n{auth}\n{UNLIMITED}",
        simulator.tenant_id(),
    ));
    home
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_first_calls_from_eight_processes_make_one_token_request() {
    let cluster = Cluster::new();
    let options = json!({ "limits": { "mode": "off" }, "federation": cluster.federation() });
    let simulator = simulator(options).await;
    let file = tempfile::NamedTempFile::new().expect("there is a temporary directory");
    std::fs::write(file.path(), cluster.token(|_| {})).expect("the file can be written");
    let application =
        format!("client-id = \"{}\"\nauthority = \"{}\"", simulator.client_id(), simulator.url());
    let kinds = [
        format!("kind = \"client-secret\"\n{application}\nclient-secret-env = \"{SECRET}\""),
        format!(
            "kind = \"certificate\"\n{application}\ncertificate-file = \"{}\"\nkey-file = \"{}\"",
            certificate("certificate.pem").display(),
            certificate("key.pem").display()
        ),
        format!("kind = \"workload-identity\"\n{application}\ntoken-file = \"{}\"", file.path().display()),
        format!("kind = \"managed-identity\"\nmetadata-endpoint = \"{}\"", simulator.url()),
    ];
    for auth in &kinds {
        simulator.clear_log();
        let home = home_with(&simulator, auth);
        let asked = async || simulator.log().iter().filter(|arrival| gives_tokens(arrival.operation)).count();
        call_all_at_once(&home, asked).await;
        let calls = simulator.log().iter().filter(|arrival| arrival.path == "/api/machines").count();
        assert_eq!(calls, PROCESSES * CALLS, "{auth}");
    }
}

fn gives_tokens(operation: Option<&str>) -> bool {
    matches!(operation, Some("Token" | "ManagedIdentity"))
}

/// Makes a thousand calls at once from eight processes that begin without a token, and checks that they ask for one
/// once. `asked` counts how often a token was asked for.
pub(crate) async fn call_all_at_once(home: &Home, asked: impl AsyncFn() -> usize) {
    let meeting = home.path().join("meeting");
    std::fs::create_dir(&meeting).expect("the temporary directory can be written");
    let mut children: Vec<Child> = (0..PROCESSES).map(|_| process(home, &meeting)).collect();
    let arrived = || std::fs::read_dir(&meeting).expect("it is a directory").count();
    while arrived() < PROCESSES {
        for child in &mut children {
            let gone = child.try_wait().expect("it is a child of ours");
            assert!(gone.is_none(), "a process ended before the calls began: {gone:?}");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let before = asked().await;
    std::fs::write(meeting.join("go"), "").expect("the temporary directory can be written");
    for child in children {
        let outcome = tokio::task::block_in_place(|| child.wait_with_output()).expect("the process ends");
        let outcome = Outcome::from(outcome);
        assert_eq!(outcome.code, 0, "{outcome:?}");
    }
    assert_eq!(asked().await - before, 1);
}

/// This program again, to run [`one_of_the_processes`].
fn process(home: &Home, meeting: &Path) -> Child {
    let command = home.command(&[]);
    let variables: Vec<_> =
        command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
    Command::new(std::env::current_exe().expect("this program has a file"))
        .args(["--exact", "--ignored", "--nocapture", "tokens::one_of_the_processes"])
        .envs(variables)
        .env(MEETING, meeting)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("this program can be run again")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of the processes of another test, which runs it"]
async fn one_of_the_processes() {
    let Some(meeting) = std::env::var_os(MEETING).map(PathBuf::from) else { return };
    let home = meeting.parent().expect("the meeting is in a home");
    let connection = connect(home, &Variables::process());
    std::fs::write(meeting.join(std::process::id().to_string()), "").expect("the home can be written");
    while !meeting.join("go").exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let outcomes = futures::future::join_all((0..CALLS).map(|_| read(&connection))).await;
    for outcome in outcomes {
        outcome.expect("the call succeeds");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_share_a_token_with_those_alone_who_have_the_secret() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let call = ["call", "list-machines", "--top", "1"];
    for _ in 0..3 {
        home.run(&call).done();
    }
    assert_eq!(token_requests(&simulator), 1);

    let wrong = home.command(&call).env(SECRET, "wrong").output().expect("the command starts");
    let wrong = Outcome::from(wrong);
    assert_eq!(wrong.code, 3, "{wrong:?}");
    assert!(wrong.stderr.contains("secret is wrong"), "{wrong:?}");
    assert_eq!(token_requests(&simulator), 2);

    home.run(&call).done();
    assert_eq!(token_requests(&simulator), 2, "the token that the right secret bought is still shared");

    home.command(&call).env("CONNECTOR_VAULT", "none").output().expect("the command starts");
    assert_eq!(token_requests(&simulator), 3);

    let odd = home.command(&call).env("CONNECTOR_VAULT", "cellar").output().expect("the command starts");
    let odd = Outcome::from(odd);
    assert_eq!(odd.code, 2, "{odd:?}");
    assert!(odd.stderr.contains("CONNECTOR_VAULT"), "{odd:?}");
    if cfg!(not(feature = "keyring")) {
        let keyring = home.command(&call).env("CONNECTOR_VAULT", "keyring").output();
        let told = Outcome::from(keyring.expect("the command starts"));
        assert_eq!(told.code, 2, "{told:?}");
        assert!(told.stderr.contains("built without support") && told.stderr.contains("`file`"), "{told:?}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_cannot_be_used_keeps_nobody_from_calling() {
    use std::os::unix::fs::PermissionsExt;
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let call = ["call", "list-machines", "--top", "1", "-v"];
    home.run(&call).done();
    let vault = home.path().join("state/vault");
    std::fs::set_permissions(&vault, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    let outcome = home.run(&call).done();
    assert!(outcome.stderr.contains("accessible to other users"), "{outcome:?}");
    assert_eq!(token_requests(&simulator), 2);
    std::fs::set_permissions(&vault, std::fs::Permissions::from_mode(0o700)).expect("it is ours");
    for entry in std::fs::read_dir(vault.join("file")).expect("the vault is there") {
        let path = entry.expect("it can be read").path();
        if path.file_name().is_some_and(|name| name != "key") {
            std::fs::write(path, "junk").expect("it is ours");
        }
    }
    let outcome = home.run(&call).done();
    assert!(outcome.stderr.contains("damaged"), "{outcome:?}");
    home.run(&call).done();
    assert_eq!(token_requests(&simulator), 3, "what was damaged was replaced");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_granted_counts_at_the_next_command() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let roles: Vec<String> =
        simulator.roles().into_iter().filter(|role| role.starts_with("Machine.")).collect();
    assert!(!roles.is_empty());
    roles.iter().for_each(|role| simulator.revoke_role(role));
    let call = ["call", "list-machines", "--top", "1"];
    assert_eq!(home.run(&call).code, 3);
    roles.iter().for_each(|role| simulator.grant_role(role));
    home.run(&call).done();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_while_it_asks_for_a_token_holds_up_nobody() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    simulator.faults().add(Fault::new(Effect::Latency { milliseconds: 60_000 }).on("Token").times(1));
    let call = ["call", "list-machines", "--top", "1"];
    let mut child = home.command(&call).spawn().expect("the command starts");
    while token_requests(&simulator) == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    child.kill().and_then(|()| child.wait()).expect("it can be killed");
    home.run(&[&call[..], &["--deadline", "10s"]].concat()).done();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_is_down_stops_nobody_who_has_a_token() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let call = ["call", "list-machines", "--top", "1"];
    home.run(&call).done();
    let unavailable = Effect::Status { status: 503, body: None, content_type: None, retry_after: None };
    simulator.faults().add(Fault::new(unavailable).on("Token"));
    home.run(&call).done();
    simulator.expire_tokens();
    // The token is refused, and there is no other: it is the API that says no, and not for good.
    let outcome = home.run(&call);
    assert_eq!(outcome.code, 7, "{outcome:?}");
}

/// Tokens that are used up all the time, in two hosts: each has its own memory, and both have one vault. Two seconds
/// make a short test; `CONNECTOR_LONG_TESTS` makes it ten seconds for three minutes.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_live_a_moment_are_never_refused() {
    let (life, time) = match std::env::var_os("CONNECTOR_LONG_TESTS") {
        Some(_) => (10, Duration::from_secs(180)),
        None => (2, Duration::from_secs(7)),
    };
    let simulator = simulator(json!({ "limits": { "mode": "off" }, "log": { "capacity": 1_000_000 } })).await;
    simulator.set_settings(Settings { token_lifetime_seconds: life, ..Settings::default() });
    let home = Home::with(&simulator, UNLIMITED);
    let variables = Variables::fixed([(SECRET, simulator.client_secret())]);
    let connections = [connect(home.path(), &variables), connect(home.path(), &variables)];
    let (calls, end) = (AtomicUsize::new(0), Instant::now() + time);
    let callers = (0..8).map(|number| {
        let (connection, calls) = (&connections[number % 2], &calls);
        async move {
            while Instant::now() < end {
                read(connection).await.expect("no call is refused");
                calls.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    futures::future::join_all(callers).await;
    let log = simulator.log();
    let refused = log.iter().filter(|arrival| arrival.status() == Some(401)).count();
    let (calls, tokens) = (calls.into_inner(), token_requests(&simulator));
    println!("{calls} calls, {tokens} tokens of {life} s, {refused} refused and renewed");
    assert!(tokens >= 3, "only {tokens} tokens: none ran out");
    assert!(calls > tokens * 5, "{tokens} tokens for {calls} calls");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_401_that_says_nothing_is_answered_with_one_renewal() {
    let simulator = simulator(json!({ "limits": { "mode": "off" } })).await;
    let silent =
        || Effect::Status { status: 401, body: Some(String::new()), content_type: None, retry_after: None };
    for (times, code, calls) in [(1, 0, 2), (9, 3, 2)] {
        simulator.clear_log();
        simulator.faults().clear();
        simulator.faults().add(Fault::new(silent()).on("GetMachines").times(times));
        let home = Home::of(&simulator);
        let outcome = home.run(&["call", "list-machines", "--top", "1"]);
        assert_eq!(outcome.code, code, "{outcome:?}");
        let asked = simulator.log().iter().filter(|arrival| arrival.path == "/api/machines").count();
        assert_eq!((asked, token_requests(&simulator)), (calls, 2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_suspended_with_the_login_does_not_hold_up_others_for_good() {
    let simulator = simulator(json!({})).await;
    let home = Home::empty();
    home.configure(&format!(
        "[connections.default]\napi-url = \"{url}\"\ntenant-id = \"contoso.com\"\nallow-loopback-http = true\n\
         [connections.default.auth]\nkind = \"device-code\"\nclient-id = \"app-1\"\nauthority = \"{url}\"\n",
        url = simulator.url(),
    ));
    let call = ["call", "list-machines", "--top", "1", "--deadline", "1s"];
    let stranger = home.run(&call);
    assert!(stranger.code == 3 && stranger.stderr.contains("nobody has logged in"), "{stranger:?}");
    let vault = std::fs::read_dir(home.path().join("state/vault/file")).expect("it was made");
    let locks: Vec<_> = vault
        .map(|file| file.expect("it is there").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "lock"))
        .map(|path| {
            let file = std::fs::File::options().write(true).open(path).expect("it is ours");
            file.try_lock().expect("nobody has it");
            file
        })
        .collect();
    assert!(!locks.is_empty());
    let began = Instant::now();
    let late = home.run(&call);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(late.code, 7, "{late:?}");
    assert!(late.stderr.contains("time") && late.stderr.contains("hint: "), "{late:?}");
    drop(locks);
    assert_eq!(home.run(&call).code, 3);
}
