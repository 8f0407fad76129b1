//! Automated investigations.

use std::cmp::Ordering;
use std::time::Duration;

use serde::Serialize;

use super::shelf::Keyed;
use crate::moment::Moment;
use crate::odata::{Entity, Property};
use crate::server::reply::to_json;

/// A stored investigation.
#[derive(Clone, Debug)]
pub(crate) struct InvestigationRow {
    id: String,
    started: Moment,
    machine_id: Option<String>,
    computer_dns_name: Option<String>,
    triggering_alert_id: Option<String>,
    /// The time and the state in which the investigation ends.
    ending: Option<(Moment, &'static str)>,
}

/// An investigation as the API writes it, in its order.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Investigation {
    id: String,
    start_time: Moment,
    end_time: Option<Moment>,
    state: String,
    cancelled_by: Option<String>,
    status_details: Option<String>,
    machine_id: Option<String>,
    computer_dns_name: Option<String>,
    triggering_alert_id: Option<String>,
}

impl InvestigationRow {
    /// Creates an investigation that starts at `started`, without its fraction of a second as in the API, and
    /// runs until it is given an ending.
    pub(crate) fn new(id: i64, started: Moment, machine: (&str, &str), alert: Option<String>) -> Self {
        let (machine_id, computer_dns_name) = machine;
        Self {
            id: id.to_string(),
            started: started.whole_second(),
            machine_id: Some(machine_id.to_owned()),
            computer_dns_name: Some(computer_dns_name.to_owned()),
            triggering_alert_id: alert,
            ending: None,
        }
    }

    /// Ends the investigation this long after its start, in this state.
    #[must_use]
    pub(crate) fn ending(mut self, after: Duration, state: &'static str) -> Self {
        self.ending = Some((self.started.after(after), state));
        self
    }

    pub(crate) fn is_triggered_by(&self, alert: &str) -> bool {
        self.triggering_alert_id.as_deref() == Some(alert)
    }

    /// The investigation as the API shows it at `now`.
    pub(crate) fn at(&self, now: Moment) -> Investigation {
        let ending = self.ending.filter(|(ended, _)| *ended <= now);
        Investigation {
            id: self.id.clone(),
            start_time: self.started,
            end_time: ending.map(|(ended, _)| ended.whole_second()),
            state: ending.map_or("Running", |(_, state)| state).to_owned(),
            cancelled_by: None,
            status_details: None,
            machine_id: self.machine_id.clone(),
            computer_dns_name: self.computer_dns_name.clone(),
            triggering_alert_id: self.triggering_alert_id.clone(),
        }
    }
}

impl Keyed for InvestigationRow {
    fn key(&self) -> &str {
        &self.id
    }
}

type Field = Property<Investigation>;

impl Entity for Investigation {
    const SET: &'static str = "Investigations";
    const TYPE: &'static str = "microsoft.windowsDefenderATP.api.Investigation";
    const PROPERTIES: &'static [Property<Self>] = &[
        Field::text("id", |investigation| Some(&investigation.id)).filterable(),
        Field::time("startTime", |investigation| Some(investigation.start_time)).filterable(),
        Field::time("endTime", |investigation| investigation.end_time),
        Field::text("state", |investigation| Some(&investigation.state)).filterable(),
        Field::text("cancelledBy", |investigation| investigation.cancelled_by.as_deref()),
        Field::text("statusDetails", |investigation| investigation.status_details.as_deref()),
        Field::text("machineId", |investigation| investigation.machine_id.as_deref()).filterable(),
        Field::text("computerDnsName", |investigation| investigation.computer_dns_name.as_deref()),
        Field::text("triggeringAlertId", |investigation| investigation.triggering_alert_id.as_deref())
            .filterable(),
    ];

    /// Newest first.
    fn default_order(left: &Self, right: &Self) -> Ordering {
        right.start_time.cmp(&left.start_time)
    }

    fn write(&self, _expanded: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(&to_json(self));
    }
}
