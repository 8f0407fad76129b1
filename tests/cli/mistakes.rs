//! What is wrong with a command line is said in a paragraph: what, of what, and what next; as JSON to those who want JSON.

use serde_json::{Value, json};

use crate::support::home::{Home, simulator};

#[test]
fn flags_that_make_no_sense_are_named_with_a_hint() {
    let home = Home::empty();
    for (words, message, hint) in [
        (
            &["call", "list-alerts", "--bogus"][..],
            "unknown flag `--bogus`",
            "`connector call list-alerts --help` lists the flags",
        ),
        (&["call", "list-alerts", "--fliter", "x"], "unknown flag `--fliter`", "did you mean `--filter`?"),
        (
            &["call", "list-alerts", "--filter"],
            "`--filter <TEXT>` needs a value",
            "`connector call list-alerts --help`",
        ),
        (&["call", "list-alerts", "-o", "xml"], "`--output <FORMAT>` cannot be `xml`", "one of: json, table"),
        (&["--output", "xml", "actions"], "`--output <FORMAT>` cannot be `xml`", "one of: json, table"),
        (
            &["call", "list-alerts", "--deadline", "0"],
            "`--deadline <TIME>` cannot be `0`",
            "greater than zero",
        ),
        (&["call", "get-machine", "--all"], "unknown flag `--all`", "`connector call get-machine --help`"),
        (
            &["call", "isolate-machine", "--isolation-type", "half"],
            "`--isolation-type <full|selective>` cannot be `half`",
            "one of: full, selective",
        ),
        (
            &["call", "list-alerts", "--top", "1", "--top", "2"],
            "`--top <NUMBER>` is given more than once",
            "--help` lists",
        ),
        (
            &["call", "get-machine", "--machine", "m1"],
            "unknown flag `--machine`",
            "did you mean `--machine-id`?",
        ),
        (&["call"], "the action is missing", "`connector actions` lists the actions"),
        (&["call", "--version"], "the action is missing", "`connector actions` lists the actions"),
        (
            &["call", "nothing-like-it"],
            "no action `nothing-like-it`",
            "`connector actions` lists the actions",
        ),
        (&["call", "new-alerts"], "`new-alerts` is a trigger", "`connector watch new-alerts`"),
        (&["zzzz"], "unknown command `zzzz`", "`connector --help` lists the commands"),
        (&["actions", "list-alerts"], "unexpected argument `list-alerts`", "`connector actions --help`"),
        (&["watch", "new-alerts"], "`--to <URL|exec:…|->` is missing", "`connector watch --help`"),
        (&["connections", "test", "--x"], "unknown flag `--x`", "`connector connections test --help`"),
    ] {
        let outcome = home.run(words);
        assert_eq!((outcome.code, &*outcome.stdout), (2, ""), "{outcome:?}");
        let lines: Vec<&str> = outcome.stderr.lines().collect();
        let [error, next] = lines[..] else { panic!("{words:?}: {}", outcome.stderr) };
        assert!(error.starts_with("error: ") && error.contains(message), "{words:?}: {error}");
        assert!(next.starts_with("hint: ") && next.contains(hint), "{words:?}: {next}");
    }
}

#[test]
fn whoever_asks_for_json_gets_mistakes_as_json() {
    let home = Home::empty();
    for words in [
        &["call", "no-such", "--output", "json"][..],
        &["call", "list-alerts", "--bogus", "--output=json"],
        &["call", "list-alerts", "-ojson", "--deadline", "0"],
        &["-o", "json", "call", "list-alerts", "--filter"],
        &["--output", "json", "zzzz"],
        &["describe", "no-such", "--output", "json"],
    ] {
        let outcome = home.run(words);
        assert_eq!(outcome.code, 2, "{outcome:?}");
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
        assert_eq!(outcome.error()["error"]["case"], "permanent-invalid-input", "{outcome:?}");
        assert!(outcome.error()["error"]["hint"].is_string(), "{outcome:?}");
    }
    let help = home.run(&["call", "list-alerts", "--help", "--output", "json"]).done();
    assert!(help.stdout.contains("Usage:"), "{help:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_answer_to_the_published_keys() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    for flag in ["--order-by", "--orderby", "--orderBy"] {
        home.run(&["call", "list-alerts", flag, "severity asc", "--top", "1"]).done();
    }
    let machine = defender_simulator::names::DESKTOP.id;
    let isolate =
        ["call", "isolate-machine", "--machineId", machine, "--comment", "x", "--isolation-type", "Full"];
    assert_eq!(home.run(&isolate).done().json()["status"], "Pending");
}

/// What the component refuses is told like what the host refuses: by action and parameter.
#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_to_blame_is_named_in_a_whole_sentence() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let long = "a".repeat(5000);
    let get = |id: &str| json!({ "Machine ID": id });
    let run = |commands: Value| json!({ "Machine ID": "m1", "Comment": "x", "Commands": commands });
    for (action, input, message) in [
        ("get-machine", get(""), "get-machine: Machine ID is empty"),
        ("get-machine", get(".."), "get-machine: Machine ID is nothing but dots"),
        ("get-machine", get("a\r\nb"), "get-machine: Machine ID holds a control character, U+000D"),
        ("get-machine", get("a\0b"), "get-machine: Machine ID holds a control character, U+0000"),
        ("get-machine", get(&long), "get-machine: Machine ID has 5000 bytes, more than 2048"),
        (
            "run-live-response",
            run(json!([])),
            "run-live-response: Commands is empty: give at least one command",
        ),
        (
            "subscribe-to-alerts",
            json!({ "notificationUrl": "x" }),
            "subscribe-to-alerts: notificationUrl is not an absolute http or https URL",
        ),
        ("list-alerts", json!({ "nextLink": "x" }), "list-alerts: nextLink "),
    ] {
        let input = input.to_string();
        let text = home.run(&["call", action, "--input", &input]);
        assert_eq!(text.code, 2, "{text:?}");
        assert!(text.stderr.starts_with(&format!("error: {message}")), "{}", text.stderr);
        let hint = format!("hint: `connector describe {action}` shows");
        assert!(text.stderr.contains(&hint), "{}", text.stderr);
        let json = home.run(&["call", action, "--input", &input, "--output", "json"]).error();
        assert!(json["error"]["message"].as_str().is_some_and(|text| text.starts_with(message)), "{json}");
        assert!(json["error"]["parameter"].is_string(), "{json}");
    }
    assert!(simulator.log().iter().all(|arrival| !arrival.path.starts_with("/api/")), "nothing was sent");
}

#[test]
fn a_missing_parameter_names_its_flag_and_its_key() {
    let home = Home::empty();
    home.configure(
        "[connections.default]\napi-url = \"http://127.0.0.1:9\"\nallow-loopback-http = true\n\
         [connections.default.auth]\nkind = \"none\"\n",
    );
    let isolate = home.run(&["call", "isolate-machine", "--machine-id", "m1", "--isolation-type", "full"]);
    assert_eq!(isolate.code, 2, "{isolate:?}");
    assert_eq!(
        isolate.stderr,
        "error: isolate-machine: Comment is required (string)\n\
         hint: give it with --comment, or as \"Comment\" in --input\n"
    );
}

#[test]
fn a_key_that_is_given_twice_is_refused() {
    let home = Home::empty();
    let input = r#"{"Machine ID": "m1", "Comment": "a", "Comment": "b"}"#;
    home.run(&["call", "unisolate-machine", "--input", input]).usage("the key `Comment` is given twice");
}

#[test]
fn a_foreign_component_is_named_by_its_file() {
    let home = Home::empty();
    let file = home.path().join("foreign.wasm");
    let file = file.to_str().expect("temporary paths are text");
    for (bytes, what) in [
        (&b"hello"[..], "not a WebAssembly component"),
        (b"\0asm\x01\0\0\0", "core module"),
        (b"\0asm\x0d\0\x01\0", "not a workflow connector"),
    ] {
        std::fs::write(file, bytes).expect("the home can be written");
        for words in [&["actions"][..], &["call", "list-alerts"]] {
            let outcome = home.run(&[words, &["--component", file]].concat());
            assert!(outcome.stderr.starts_with(&format!("error: {file}: ")), "{}", outcome.stderr);
            assert!(outcome.stderr.contains(what), "{}", outcome.stderr);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_cache_that_cannot_be_written_costs_time_and_nothing_else() {
    let home = Home::empty();
    let file = home.path().join("file");
    std::fs::write(&file, "").expect("the home can be written");
    let outcome = home.command(&["actions"]).env("CONNECTOR_CACHE_DIR", file.join("cache")).output();
    let outcome = crate::support::home::Outcome::from(outcome.expect("the command starts")).done();
    assert!(outcome.stdout.contains("isolate-machine"), "{outcome:?}");
    assert!(outcome.stderr.contains("set CONNECTOR_CACHE_DIR"), "{outcome:?}");
}

#[test]
fn descriptions_go_down_to_the_last_field() {
    let home = Home::empty();
    let described = home.run(&["describe", "run-live-response"]).done().stdout;
    for part in ["put-file (PutFile): ", "params (array of object)", "key (string", "RunScript"] {
        assert!(described.contains(part), "{part} is not in\n{described}");
    }
    // The example is a command line that is understood: what it lacks is a connection.
    let example = described.lines().last().expect("there is an example").trim();
    let words = shell_words(example);
    let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    let outcome = home.run(&words);
    assert!(outcome.stderr.contains("there is no configuration file"), "{example}: {outcome:?}");

    let trigger = home.run(&["describe", "new-alerts"]).done().stdout;
    assert!(
        trigger.contains("poll-new-alerts") && trigger.contains("connector watch new-alerts"),
        "{trigger}"
    );
    home.run(&["describe", "new-alert"]).usage("did you mean `new-alerts`?");
    let json = home.run(&["describe", "new-alerts", "--output", "json"]).done().json();
    assert_eq!(json["name"], "new-alerts");
}

#[test]
fn csv_and_help_say_what_there_is() {
    let home = Home::empty();
    let csv = home.run(&["actions", "-o", "csv"]).done().stdout;
    assert!(csv.starts_with("name,effect,status,title,summary\n"), "{csv}");
    assert_eq!(csv.lines().count(), 32, "{csv}");
    let help = home.run(&["call", "--help"]).done().stdout;
    assert!(help.contains("connector actions") && help.contains("--deadline"), "{help}");
}

/// The words of a command line in which nothing but single quotes is special.
fn shell_words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match (letter, words.last_mut()) {
            ('\'', _) => quoted = !quoted,
            (' ', _) if !quoted => words.push(String::new()),
            (letter, Some(word)) => word.push(letter),
            (_, None) => {}
        }
    }
    words
}
