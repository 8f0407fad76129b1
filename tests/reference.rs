//! The manifest against the published reference of the connector: titles, summaries, keys, types, required flags.
//!
//! The repository holds the reference's facts, without its sentences. `CONNECTOR_REFERENCE` may name a file with the
//! published text; then it is read instead, and the facts must be its reduction.

mod facts;
mod reading;
mod text;

use std::collections::BTreeMap;
use std::path::PathBuf;

use text::Document;

use crate::support;

const VARIABLE: &str = "CONNECTOR_REFERENCE";
const FIXTURE: &str = "reference/connector-reference.txt";

/// Where the manifest differs from the reference, and why; what is below such a place may differ too. What is not listed
/// must not differ, and what is listed must.
const DIFFERENCES: [(&str, &str); 7] = [
    (
        "Remediation activities - Get list of related machines (Preview) / heading",
        "the reference forgets the heading above the details of this action",
    ),
    (
        "Machine / fields / systemProductName / type",
        "the reference calls the name of a product a date-time; the API documents none, and sends text or null",
    ),
    (
        "Advanced Hunting / returns",
        "the reference leaves the outputs to the query; here the columns are typed, and the rows are JSON",
    ),
    (
        "Triggers - Trigger when new WDATP alert occurs / returns",
        "the reference leaves them empty; a poll returns a batch of events, and a notification is a WebHookNotification",
    ),
    (
        "Triggers when a new remediation activity is created (Preview) / returns",
        "the reference returns the page that its poll fetched; here a poll returns a batch of events, each once",
    ),
    ("LiveResponseCommand / summary", "the reference has none"),
    ("WebHookNotification / summary", "the reference has none"),
];

#[test]
fn the_manifest_says_what_the_reference_says() {
    let (_, connector) = support::connector();
    let reference = facts::of_reference(&document());
    let manifest = facts::of_manifest(connector.manifest());
    let nothing = "(nothing)".to_owned();
    let mut different = BTreeMap::new();
    for what in reference.keys().chain(manifest.keys()) {
        let (theirs, ours) =
            (reference.get(what).unwrap_or(&nothing), manifest.get(what).unwrap_or(&nothing));
        if theirs != ours {
            different.insert(what.as_str(), format!("the reference has `{theirs}`, the manifest `{ours}`"));
        }
    }
    let covers = |place: &str, what: &str| {
        what.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with(" / "))
    };
    let is_known = |what: &str| DIFFERENCES.iter().any(|(place, _)| covers(place, what));
    let unknown: Vec<_> = different.iter().filter(|(what, _)| !is_known(what)).collect();
    let list: String = unknown.iter().map(|(what, how)| format!("\n  {what}: {how}")).collect();
    assert!(unknown.is_empty(), "{} unknown differences:{list}", unknown.len());
    for (place, reason) in DIFFERENCES {
        let is_there = different.keys().any(|what| covers(place, what));
        assert!(is_there, "{place} is listed as different ({reason}), but is equal");
    }
}

#[test]
fn the_reference_is_read_in_full() {
    let document = document();
    assert_eq!((document.actions.len(), document.triggers.len(), document.definitions.len()), (30, 2, 11));
    let parameters: usize = document.actions.iter().map(|action| action.parameters.len()).sum();
    let fields: usize = document.definitions.iter().map(|definition| definition.fields.len()).sum();
    assert_eq!((parameters, fields), (88, 109));
}

#[test]
fn the_fixture_is_the_reduced_reference() {
    let fixture = std::fs::read_to_string(support::path(FIXTURE)).expect("the fixture is there");
    let reduced = document().reduced();
    let line = fixture.lines().zip(reduced.lines()).position(|(fixture, reduced)| fixture != reduced);
    assert!(fixture == reduced, "they part at line {}", line.map_or(0, |line| line + 1));
}

fn document() -> Document {
    let path = std::env::var_os(VARIABLE).map_or_else(|| support::path(FIXTURE), PathBuf::from);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Document::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
