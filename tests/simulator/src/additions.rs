//! The things that can be added to the organisation while the simulator runs, and the events to create alerts
//! from.

use serde::{Deserialize, Serialize};

use crate::moment::Moment;

/// An alert to add. Missing values are filled in; the default machine is the first seeded one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct NewAlert {
    /// The alert's id.
    pub id: Option<String>,
    /// A machine's id or name. The first seeded machine if not given.
    pub machine: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// The severity. Any text is accepted, so that clients can be tested with unknown values.
    pub severity: Option<String>,
    /// The category. Any text is accepted.
    pub category: Option<String>,
    /// The status. Any text is accepted.
    pub status: Option<String>,
    /// The creation time. Now if not given.
    pub alert_creation_time: Option<Moment>,
    /// When the alert can first be found. Its creation time if not given; a later time simulates late
    /// indexing.
    pub visible_from: Option<Moment>,
    /// The incident's id.
    pub incident_id: Option<i64>,
    /// Whether the alert has a piece of evidence (an IP address).
    pub with_evidence: bool,
}

/// A remediation activity to add. Missing values are filled in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct NewActivity {
    /// The activity's id.
    pub id: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// The creation time. Now if not given. An activity from the future cannot be found until then.
    pub created_on: Option<Moment>,
    /// The status. Any text is accepted.
    pub status: Option<String>,
    /// Ids or names of the affected machines. Unknown ones are ignored.
    pub machines: Vec<String>,
}

/// An event from which an alert can be created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportedEvent {
    /// The machine's id.
    pub machine_id: String,
    /// The sensor's id of the report.
    pub report_id: String,
    /// The time of the event. Requests to create an alert must give it exactly, to the tick.
    pub event_time: Moment,
}
