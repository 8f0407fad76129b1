//! Four investigations, one of them still running.

use super::{Past, hours, minutes, names};
use crate::model::investigation::InvestigationRow;

pub(super) fn all(past: Past) -> Vec<InvestigationRow> {
    let row = |place: usize, machine: names::SeededMachine, ago, alert: Option<usize>| {
        let id = names::INVESTIGATIONS.get(place).and_then(|id| id.parse().ok()).unwrap_or_default();
        let alert = alert.and_then(|alert| names::ALERTS.get(alert)).map(|id| (*id).to_owned());
        InvestigationRow::new(id, past.at(ago, 0), (machine.id, machine.name), alert)
    };
    vec![
        row(0, names::DESKTOP, minutes(38), Some(0)),
        row(1, names::LAPTOP, hours(26), Some(4)).ending(minutes(31), "PendingApproval"),
        row(2, names::WEB_SERVER, hours(75), Some(7)).ending(hours(2), "SuccessfullyRemediated"),
        row(3, names::MAC, hours(240), None).ending(minutes(9), "Benign"),
    ]
}
