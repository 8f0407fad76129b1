//! `--columns`, what a table leaves out, and how wide it may be.

use serde_json::json;

use crate::support::home::{Home, simulator};

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_chosen_by_name_in_tables_and_csv() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let list = |words: &[&str]| home.run(&[&["call", "list-machines"], words].concat());
    let csv =
        list(&["--output", "csv", "--columns", "riskScore,id,computer-dns-name,ipAddresses.type"]).done();
    assert_eq!(csv.stdout.lines().next(), Some("riskScore,id,computerDnsName,ipAddresses.type"));
    let table = list(&["--columns", "computerDnsName,riskScore"]).done().stdout;
    let heading = table.lines().next().expect("a heading");
    assert_eq!(heading.split_whitespace().collect::<Vec<_>>(), ["computerDnsName", "riskScore"]);
    let first = list(&["--output", "json", "--top", "1"]).done().json();
    let id = first["value"][0]["id"].as_str().expect("it has an id").to_owned();
    let one =
        home.run(&["call", "get-machine", "--machine-id", &id, "--columns", "riskScore,id"]).done().stdout;
    let fields: Vec<&str> = one.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(fields, ["field", "riskScore", "id"], "{one}");

    let unknown = list(&["--columns", "osplatform"]);
    assert!(unknown.stderr.contains("did you mean `osPlatform`?"), "{unknown:?}");
    unknown.usage("no column `osplatform`");
    let nested = list(&["--columns", "ipAddresses.typ"]);
    assert!(nested.stderr.contains("did you mean `ipAddresses.type`?"), "{nested:?}");
    nested.usage("no column `ipAddresses.typ`");
    list(&["--columns", "nothing-like-it"]).usage("no column `nothing-like-it`");
    list(&["--columns", "id.x"]).usage("no column `id.x`");
    let json = list(&["--columns", "id", "--output", "json"]);
    assert_eq!((json.code, &*json.stdout), (2, ""), "{json:?}");
    assert_eq!(json.error()["error"]["message"], "--columns is for tables and CSV");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_says_how_many_columns_it_hides() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let list =
        |words: &[&str]| home.run(&[&["call", "list-machines", "--output", "table"], words].concat()).done();
    let all = list(&[]);
    assert!(all.stderr.contains(" columns are hidden: `--columns NAME,NAME` chooses"), "{}", all.stderr);
    assert_eq!(list(&["--columns", "id,riskScore"]).stderr, "", "nothing that was asked for is hidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_redirected_are_not_cut_and_on_a_terminal_they_fit() {
    let simulator = simulator(json!({})).await;
    let title =
        "A title that is much longer than any column of a terminal would allow it to be, and then some";
    simulator.add_alert(defender_simulator::NewAlert { title: Some(title.into()), ..Default::default() });
    let home = Home::of(&simulator);
    let words = ["call", "list-alerts", "--output", "table"];
    let redirected = home.run(&words).done().stdout;
    assert!(redirected.contains(title) && !redirected.contains('…'), "{redirected}");
    for columns in [80, 120] {
        let shown = home.on_terminal(columns, &words).done().stdout;
        let rows = shown.lines().filter(|line| !line.contains('\u{1b}'));
        assert!(rows.clone().all(|line| line.chars().count() <= columns.into()), "{shown}");
        assert!(shown.contains("alertCreationTime") && shown.contains("title"), "{shown}");
        assert!(shown.contains('…') && shown.contains("columns are hidden"), "{shown}");
    }
}
