//! What is for reading: descriptions that end and say what is in a result, words that are never broken.

use crate::support::home::Home;

#[test]
fn a_description_says_which_fields_a_result_has() {
    let home = Home::empty();
    let described = |action: &str| home.run(&["describe", action]).done().stdout;
    let list = described("list-alerts");
    for part in [
        "\nresult\n",
        "\n  @odata.count (integer): How many alerts match in all",
        "\n  value (array of object, required): ",
        "\n    id (string",
        "\n    evidence (array of ",
        "\n      entityType (string",
    ] {
        assert!(list.contains(part), "{part} is not in\n{list}");
    }
    assert!(described("get-live-response-result-uri").contains("\nresult\n  value (string): "));
    assert!(
        described("run-hunting-query").contains("\n  results (array of json"),
        "{}",
        described("run-hunting-query")
    );
}

#[test]
fn words_are_never_broken_at_80_columns() {
    let home = Home::empty();
    let known = home.run(&["describe", "isolate-machine"]).done().stdout;
    let words: Vec<&str> = known.split_whitespace().collect();
    let shown = home.on_terminal(80, &["describe", "isolate-machine"]).done().stdout;
    assert_eq!(shown.split_whitespace().collect::<Vec<_>>(), words);
    let fits = |text: &str| {
        text.lines().all(|line| {
            line.chars().count() <= 80
                || line.split_whitespace().count() <= 2
                || line.contains("  connector call ")
        })
    };
    assert!(fits(&shown), "{shown}");
    let failed = ["call", "get-machine", "--machine-id", "m1", "--connection", "no-such-connection-anywhere"];
    let whole = home.run(&failed).stderr;
    let shown = home.on_terminal(80, &failed).stdout;
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&shown), words(&whole));
    assert!(fits(&shown), "{shown}");
}

#[test]
fn what_is_deprecated_is_seen_in_the_list_of_actions() {
    let home = Home::empty();
    let shown = home.on_terminal(80, &["actions"]).done().stdout;
    let line = shown.lines().find(|line| line.starts_with("run-hunting-query ")).expect("it is there");
    assert!(line.contains(" deprecated "), "{shown}");
    let preview = shown.lines().find(|line| line.starts_with("start-investigation ")).expect("it is there");
    assert!(preview.contains(" preview "), "{shown}");
    assert!(shown.lines().skip(1).all(|line| line.chars().count() <= 80), "{shown}");
}

#[test]
fn the_description_of_a_type_that_contains_itself_ends() {
    let home = Home::empty();
    let mut bytes = crate::support::component();
    // Evidence becomes a list of alerts, in a manifest of the same length.
    let (from, to) = (r#""type":"array of alert-evidence""#, r#""type":"array of alert"         "#);
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, part)| *part == from.as_bytes())
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty(), "alerts have evidence");
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    let file = home.path().join("endless.wasm");
    std::fs::write(&file, bytes).expect("the home can be written");
    let file = file.to_str().expect("temporary paths are text");
    let described = home.run(&["describe", "list-alerts", "--component", file]).done().stdout;
    assert!(described.contains("\n    evidence (array of object): "), "{described}");
    assert!(described.contains("\n      (as in value, above)\n"), "{described}");
}
