//! Lists and single things as tables, at the width that output has when nobody says otherwise.

use defender_simulator::{Moment, Simulator};
use serde_json::json;

use super::{check, run};
use crate::support::home::{Home, simulator};

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_shown_as_reviewed() {
    let simulator = world().await;
    let home = Home::of(&simulator);
    for list in [
        "list-alerts",
        "list-machines",
        "list-machine-actions",
        "list-investigations",
        "list-remediation-activities",
    ] {
        check("tables", list, &run(&home, &["call", list, "--output", "table"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn single_things_are_shown_as_reviewed() {
    let simulator = world().await;
    let home = Home::of(&simulator);
    let alert = defender_simulator::names::ALERTS[0];
    let machine = defender_simulator::names::DESKTOP.id;
    check("tables", "get-alert", &run(&home, &["call", "get-alert", "--alert-id", alert, "-o", "table"]));
    check(
        "tables",
        "get-machine",
        &run(&home, &["call", "get-machine", "--machine-id", machine, "-o", "table"]),
    );
    let query = "DeviceInfo | take 3";
    check(
        "tables",
        "run-hunting-query",
        &run(&home, &["call", "run-hunting-query", "--query", query, "-o", "table"]),
    );
}

/// A simulator whose clock stands, so that its times are the same in each run.
async fn world() -> Simulator {
    let simulator = simulator(json!({})).await;
    let moment: Moment = "2026-06-01T12:00:00Z".parse().expect("this is a time");
    simulator.clock().set(moment);
    simulator.clock().stop();
    simulator.reset();
    simulator
}
