//! What `connector describe` says of the connector, each action and each trigger.

use super::{check, names, run};
use crate::support::home::Home;

#[test]
fn the_connector_is_described_as_reviewed() {
    let home = Home::empty();
    check("descriptions", "connector", &run(&home, &["describe"]));
    check("descriptions", "actions", &run(&home, &["actions", "--output", "table"]));
}

#[test]
fn each_action_and_trigger_is_described_as_reviewed() {
    let home = Home::empty();
    for name in names("actions").iter().chain(&names("triggers")) {
        check("descriptions", name, &run(&home, &["describe", name]));
    }
}
