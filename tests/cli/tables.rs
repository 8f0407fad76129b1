//! Tables in a terminal of 80 columns: a line for each row, ids whole, nothing that drives the terminal.

use serde_json::json;

use crate::support::home::{Home, simulator};

#[tokio::test(flavor = "multi_thread")]
async fn a_table_fits_80_columns_and_cannot_drive_the_terminal() {
    let simulator = simulator(json!({})).await;
    simulator.add_alert(defender_simulator::NewAlert {
        title: Some("\u{1b}[31mred\u{7}\u{202e}txt\r\nnew line".into()),
        ..Default::default()
    });
    let home = Home::of(&simulator);
    let table = home.in_columns(80, &["call", "list-alerts", "--output", "table"]).done().stdout;
    assert!(table.lines().count() > 10, "{table}");
    for line in table.lines() {
        assert!(!line.contains(|letter: char| letter.is_control() || letter == '\u{202e}'), "{line:?}");
    }
    for heading in ["severity", "alertCreationTime", "title", "id"] {
        assert!(table.lines().next().is_some_and(|line| line.contains(heading)), "{table}");
    }
    assert!(table.contains('…'), "a title is too long for its column:\n{table}");
    let none = home.run(&["call", "list-alerts", "--filter", "id eq 'none'", "--output", "table"]).done();
    assert_eq!(none.stdout, "nothing found\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_row_is_a_line_with_its_whole_id() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let lists = [
        "list-alerts",
        "list-machines",
        "list-machine-actions",
        "list-investigations",
        "list-remediation-activities",
    ];
    for list in lists {
        let known = home.run(&["call", list, "--output", "json"]).done().json();
        let known = known["value"].as_array().expect("it is a list").clone();
        let table = home.in_columns(80, &["call", list, "--output", "table"]).done().stdout;
        let (mut lines, mut rows) = (table.lines(), known.iter());
        assert!(lines.next().is_some_and(|heading| heading.starts_with("id ")), "{table}");
        for (line, row) in lines.by_ref().zip(rows.by_ref()) {
            let id = row["id"].as_str().expect("each has an id");
            assert!(line.starts_with(&format!("{id}  ")), "{id} is not in `{line}`");
            assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
        }
        assert!(lines.next().is_none() && rows.next().is_none(), "{list}: {table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_thing_shows_what_is_nested_below_its_name() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let alert = defender_simulator::names::ALERTS[0];
    let table =
        home.in_columns(80, &["call", "get-alert", "--alert-id", alert, "--output", "table"]).done().stdout;
    for part in ["\nevidence[0]\n", "\n  entityType ", "\nrelatedUser\n", "\n  userName "] {
        assert!(table.contains(part), "{part} is not in\n{table}");
    }
    assert!(!table.contains(['{', '}']), "{table}");
    let whole = home.run(&["call", "get-alert", "--alert-id", alert, "--output", "json"]).done().json();
    let sha256 = whole["evidence"][0]["sha256"].as_str().expect("the first evidence is a file");
    assert!(table.contains(sha256), "{table}");
    for line in table.lines() {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
    }
}
