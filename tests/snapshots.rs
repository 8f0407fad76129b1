//! The words that people read, each in a file that is reviewed when it changes: help, descriptions, messages, tables.
//!
//! `INSTA_UPDATE=always cargo test snapshots` takes over what the program says now; the difference is for review.

use insta::Settings;
use serde_json::Value;

use crate::support::home::{Home, Outcome};

mod descriptions;
mod help;
mod messages;
mod tables;

/// Compares a text with its file `tests/snapshots/<folder>/<name>.snap`.
fn check(folder: &str, name: &str, text: &str) {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path(crate::support::path("snapshots").join(folder));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (pattern, word) in CHANGING {
        settings.add_filter(pattern, word);
    }
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// What differs from run to run, and the word that stands for it.
const CHANGING: [(&str, &str); 6] = [
    (r"127\.0\.0\.1:[0-9]{4,5}", "127.0.0.1:PORT"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "00000000-0000-0000-0000-000000000000"),
    (r"Correlation ID: [0-9a-f-]+", "Correlation ID: 00000000-0000-0000-0000-000000000000"),
    (r"Timestamp: [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}Z", "Timestamp: 2030-01-31 12:00:00Z"),
    (r"/\S*/config\.toml", "HOME/config.toml"),
    // What the operating system calls it.
    (r"\(os error [0-9]+\)", "(os error)"),
];

/// What a person sees who runs that: the command line, what it printed, and its exit code unless that is 0.
fn seen(home: &Home, words: &[&str], outcome: &Outcome) -> String {
    let mut text =
        format!("$ connector {}\n", words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "));
    text.push_str(&outcome.stdout);
    text.push_str(&outcome.stderr);
    if outcome.code != 0 {
        text.push_str(&format!("exit code {}\n", outcome.code));
    }
    text.replace(home.path().to_str().expect("temporary paths are text"), "HOME")
}

/// Runs it and says what a person sees.
fn run(home: &Home, words: &[&str]) -> String {
    seen(home, words, &home.run(words))
}

fn quoted(word: &str) -> String {
    match word.contains(|letter: char| !letter.is_ascii_alphanumeric() && !"-_./:=,".contains(letter)) {
        true => format!("'{word}'"),
        false => word.to_owned(),
    }
}

/// The names of all actions, or of all triggers.
fn names(of: &str) -> Vec<String> {
    let manifest = Home::empty().run(&["describe", "--output", "json"]).done().json();
    let list = manifest[of].as_array().unwrap_or_else(|| panic!("there are {of}"));
    list.iter()
        .filter_map(|each| each["name"].as_str())
        .map(Value::from)
        .map(|name| name.to_string().replace('"', ""))
        .collect()
}
