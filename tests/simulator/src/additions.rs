//! What can be added to the organisation while the simulator runs, and what there is to add to.

use serde::{Deserialize, Serialize};

use crate::moment::Moment;

/// An alert to add. Everything that is not given is filled in; the machine defaults to the first seeded one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct NewAlert {
    /// The alert's id.
    pub id: Option<String>,
    /// A machine's id or name.
    pub machine: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// The severity: any text, so that unknown values can be tried.
    pub severity: Option<String>,
    /// The category: any text.
    pub category: Option<String>,
    /// The status: any text.
    pub status: Option<String>,
    /// The creation time; now unless given.
    pub alert_creation_time: Option<Moment>,
    /// When it can first be found; at its creation unless given. Later: an alert that is indexed late.
    pub visible_from: Option<Moment>,
    /// The incident's id, 64 bits wide.
    pub incident_id: Option<i64>,
    /// Whether it has a piece of evidence.
    pub with_evidence: bool,
}

/// A remediation activity to add. Everything that is not given is filled in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct NewActivity {
    /// The activity's id.
    pub id: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// The creation time; now unless given. One in the future cannot be found until then.
    pub created_on: Option<Moment>,
    /// The status: any text.
    pub status: Option<String>,
    /// Ids or names of the machines it concerns; unknown ones are left out.
    pub machines: Vec<String>,
}

/// An event from which an alert can be created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportedEvent {
    /// The machine's id.
    pub machine_id: String,
    /// The sensor's report id.
    pub report_id: String,
    /// The time, which a request must give to the tick.
    pub event_time: Moment,
}
