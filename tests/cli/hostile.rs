//! Nothing from outside drives a terminal: neither an API's replies, nor a connector's manifest, nor what was typed or
//! configured, whatever command prints it.

use defender_simulator::NewAlert;
use serde_json::json;

use crate::support::component;
use crate::support::home::{Home, Outcome, SECRET, simulator};
use crate::support::server::{Answer, Server};

/// Clears the screen in two ways, rings, hides, turns text around, and begins a line of its own.
const HOSTILE: &str = "a\u{1b}[2J\u{9b}2J\u{1b}]0;t\u{7}\u{7f}\u{202e}\u{2066}\u{200b}\u{200e}\u{61c}\u{ad}\u{e0041}\u{2028}\r\nhint: run rm";

/// An API that answers everything so.
pub(super) async fn api(status: u16, body: &str) -> Server {
    let server = Server::start().await.expect("loopback is there");
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    server.answer(Answer { status, headers, body: body.as_bytes().to_vec(), ..Answer::default() });
    server
}

/// A home whose connection is to that API.
pub(super) fn home_of(api: &Server) -> Home {
    let home = Home::with_secret("token");
    home.configure(&format!(
        "[connections.default]\napi-url = \"{}\"\nallow-loopback-http = true\n\
         [connections.default.auth]\nkind = \"token\"\ntoken-env = \"{SECRET}\"\n",
        api.origin()
    ));
    home
}

/// Checks that there is nothing that could drive a terminal but colours, and no line that data began.
fn check(text: &str, colours: bool, what: &[&str]) {
    let mut rest = text.to_owned();
    if colours {
        for number in ["0", "1", "4", "31", "32", "33", "34", "35"] {
            rest = rest.replace(&format!("\u{1b}[{number}m"), "");
        }
    }
    let drives = |letter: char| {
        (letter.is_control() && letter != '\n')
            || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    assert!(!rest.contains(drives), "{what:?}: {rest:?}");
    assert!(!text.lines().any(|line| line.starts_with("hint: run rm")), "{what:?}: {text}");
}

/// Runs a command in a pipe and on a terminal. What is data stays as it is in a pipe.
fn run(home: &Home, words: &[&str]) -> Outcome {
    let has = |word: &str| words.contains(&word);
    let is_data =
        ["json", "ndjson", "csv", "-"].into_iter().any(has) || (words[0] == "call" && !has("table"));
    let piped = home.run(words);
    check(&piped.stderr, false, words);
    if !is_data {
        check(&piped.stdout, false, words);
    }
    let shown = home.on_terminal(80, words).stdout;
    // A cell of CSV may have lines.
    check(&if has("csv") { shown.replace("\nhint", " hint") } else { shown }, true, words);
    piped
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_reply_drives_no_terminal_in_any_format() {
    let simulator = simulator(json!({})).await;
    simulator.add_alert(NewAlert { title: Some(HOSTILE.into()), ..NewAlert::default() });
    let home = Home::of(&simulator);
    let newest = ["call", "list-alerts", "--orderby", "alertCreationTime desc", "--top", "3"];
    for format in ["json", "ndjson", "csv", "table"] {
        let outcome = run(&home, &[&newest[..], &["--output", format]].concat()).done();
        assert!(outcome.stdout.contains("hint: run rm"), "the alert is there: {}", outcome.stdout);
    }
    run(&home, &newest).done();
    run(&home, &["watch", "new-alerts", "--to", "-", "--once", "--since", "1d", "-vv"]).done();
    run(&home, &["watch", "new-alerts", "--to", "exec:false", "--once", "--since", "1d", "--give-up", "1s"]);
    for list in ["list", "dead", "pending"] {
        run(&home, &["events", list]).done();
        run(&home, &["events", list, "--output", "json"]).done();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_of_a_hostile_name_drives_no_terminal() {
    let schema =
        json!({ "Schema": [{ "Name": HOSTILE, "Type": "String" }], "Results": [{ HOSTILE: HOSTILE }] });
    let api = api(200, &schema.to_string()).await;
    let home = home_of(&api);
    for format in ["json", "ndjson", "csv", "table"] {
        run(&home, &["call", "run-hunting-query", "--query", "x", "--output", format]).done();
    }
    let table = home.run(&["call", "run-hunting-query", "--query", "x", "--output", "table"]).done().stdout;
    assert!(table.starts_with(r"a\u001b[2J\u009b2J"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_on_a_terminal_shows_c1_controls_as_escapes_and_stays_the_same_json() {
    let simulator = simulator(json!({})).await;
    let title = "a\u{9b}2Jb\u{e0041}";
    simulator.add_alert(NewAlert { title: Some(title.into()), ..NewAlert::default() });
    let home = Home::of(&simulator);
    let words = ["call", "list-alerts", "--orderby", "alertCreationTime desc", "--top", "1"];
    let shown = home.on_terminal(80, &words).done();
    assert!(shown.stdout.contains(r"a\u009b2Jb"), "{}", shown.stdout);
    let piped = home.run(&words).done();
    assert!(piped.stdout.contains(title), "in a pipe the text is as it came");
    assert_eq!(shown.json(), piped.json());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_error_drives_no_terminal() {
    let body = json!({ "error": { "code": HOSTILE, "message": HOSTILE, "target": HOSTILE } }).to_string();
    for status in [400, 403, 429, 500] {
        let api = api(status, &body).await;
        let home = home_of(&api);
        for words in [
            &["call", "list-alerts", "--deadline", "1s"][..],
            &["call", "list-alerts", "--deadline", "1s", "--output", "json"],
            &[
                "call",
                "isolate-machine",
                "--machine-id",
                "m1",
                "--comment",
                "x",
                "--isolation-type",
                "full",
                "-vv",
            ],
        ] {
            assert_ne!(run(&home, words).code, 0, "{status}");
        }
        run(&home, &["connections", "test", "--deadline", "1s"]);
    }
    let api = api(200, HOSTILE).await;
    run(&home_of(&api), &["call", "list-alerts", "-vvv"]);
}

#[test]
fn what_is_typed_drives_no_terminal() {
    let home = Home::empty();
    let to = format!("exec:{HOSTILE}");
    for words in [
        &["call", HOSTILE][..],
        &["call", "list-alerts", HOSTILE],
        &["call", "list-alerts", "--input", HOSTILE],
        &["call", "list-alerts", "--input", &json!({ HOSTILE: 1 }).to_string()],
        &["call", "list-alerts", "--filter", &format!("@{HOSTILE}")],
        &["call", "list-alerts", "--columns", HOSTILE],
        &["call", "list-alerts", "--top", HOSTILE],
        &["call", "list-alerts", "--connection", HOSTILE],
        &["describe", HOSTILE],
        &["actions", "--component", HOSTILE],
        &["actions", "--output", HOSTILE],
        &["connections", "list", "--config", HOSTILE],
        &["connections", "remove", HOSTILE],
        &["connections", "test", "--for", HOSTILE],
        &["events", "dead", HOSTILE],
        &["watch", HOSTILE, "--to", "-"],
        &["watch", "new-alerts", "--to", HOSTILE],
        &["watch", "new-alerts", "--to", &to],
        &["completions", HOSTILE],
        &["simulate", "--options", HOSTILE],
        &[HOSTILE],
    ] {
        assert_ne!(run(&home, words).code, 0, "{words:?}");
        run(&home, &[words, &["--output", "json"]].concat());
    }
    // On a terminal these would ask.
    for words in [["connections", "add", HOSTILE], ["connections", "add", "--cloud"]] {
        let words = [&words[..], &[HOSTILE]].concat();
        check(&home.run(&words).stderr, false, &words);
    }
}

#[test]
fn what_is_configured_drives_no_terminal() {
    let home = Home::empty();
    let quoted = json!(HOSTILE).to_string();
    let toml = quoted.replace("\u{7f}", "\\u007f");
    for text in [
        format!("[connections.{toml}]\ncloud = \"public\"\n"),
        format!("[connections.default]\ncloud = {toml}\n"),
        format!("[connections.default]\ntenant-id = {toml}\n{toml} = 1\n"),
        format!("[connections.default]\napi-url = {toml}\n"),
        format!("[connections.default]\n[connections.default.auth]\nkind = {toml}\n"),
        format!("[connections.default]\n[connections.default.auth]\nkind = \"token\"\ntoken-env = {toml}\n"),
        format!("[triggers.{toml}]\ntrigger = \"new-alerts\"\nto = \"-\"\n"),
        format!("[triggers.x]\ntrigger = {toml}\nto = {toml}\n"),
        HOSTILE.to_owned(),
    ] {
        home.configure(&text);
        for words in [
            &["connections", "list"][..],
            &["connections", "list", "--output", "json"],
            &["call", "list-alerts"],
        ] {
            run(&home, words);
        }
        if text.contains("[triggers") {
            run(&home, &["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        }
    }
}

#[test]
fn a_hostile_manifest_drives_no_terminal() {
    let home = Home::empty();
    // Escapes of JSON, as long as the text that they replace, so that the file stays whole.
    let driving = r"\u001b\u009b\u202e\u200b\u0007\u001b\u009b";
    let mut bytes = component();
    let mut replaced = 0;
    for from in [
        "Actions - Isolate machine",
        "Isolate a machine from network",
        "Retrieve from Windows Defender ATP the most recent alerts",
        "How many alerts match in all, when asked for.",
        "The machine to isolate.",
    ] {
        let to = format!("{:.<len$}", &driving[..driving.len().min(from.len() / 6 * 6)], len = from.len());
        let places: Vec<usize> = bytes
            .windows(from.len())
            .enumerate()
            .filter(|(_, part)| *part == from.as_bytes())
            .map(|(at, _)| at)
            .collect();
        for at in places {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
            replaced += 1;
        }
    }
    assert!(replaced > 2, "the manifest's texts are in the file");
    let file = home.path().join("hostile.wasm");
    std::fs::write(&file, bytes).expect("the home can be written");
    let file = file.to_str().expect("temporary paths are text");
    for words in [
        &["actions"][..],
        &["actions", "--output", "csv"],
        &["actions", "--output", "json"],
        &["describe"],
        &["describe", "isolate-machine"],
        &["describe", "list-alerts"],
        &["describe", "new-alerts"],
        &["call", "isolate-machine", "--help"],
        &["call", "list-alerts", "--help"],
        &["call", "isolate-machine"],
        &["completions", "bash"],
        &["connections", "list"],
    ] {
        run(&home, &[words, &["--component", file]].concat());
    }
}
