//! Alerts: list, read, update, and create from an event.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;

use super::body::present;
use super::call::Call;
use crate::model::alert::{Alert, AlertRow, Comment};
use crate::model::investigation::InvestigationRow;
use crate::model::machine::Machine;
use crate::model::{Event, Organisation};
use crate::moment::Moment;
use crate::odata::expand;
use crate::server::refusal::Refusal;
use crate::server::reply::Reply;

pub(super) fn list(call: &Call<'_>) -> Result<Reply, Refusal> {
    let organisation = call.organisation();
    call.simulation.lists.serve(call.list_key(), organisation.generation(), call.now, || {
        let appears = |row: &AlertRow| (!row.is_visible(call.now)).then_some(row.visible_from);
        let next_change = organisation.alerts.iter().filter_map(appears).min();
        let visible = organisation.alerts.iter().filter(|row| row.is_visible(call.now));
        Ok((call.list(visible.map(|row| Cow::Borrowed(&row.alert)))?, next_change))
    })
}

pub(super) fn single(call: &Call<'_>) -> Result<Reply, Refusal> {
    // A single alert includes its evidence in any case.
    call.query.value("$expand").map(expand).transpose()?;
    let organisation = call.organisation();
    let row = visible(&organisation, call)?;
    let body: &Bytes = row.single.get_or_init(|| call.entity(StatusCode::OK, &row.alert).body);
    Ok(Reply::odata(StatusCode::OK, body.clone()))
}

/// The properties that may be changed. Absent keys keep their value; `null` is not accepted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Update {
    #[serde(default, deserialize_with = "present")]
    status: Option<Status>,
    #[serde(default, deserialize_with = "present")]
    assigned_to: Option<String>,
    #[serde(default, deserialize_with = "present")]
    classification: Option<String>,
    #[serde(default, deserialize_with = "present")]
    determination: Option<String>,
    #[serde(default, deserialize_with = "present")]
    comment: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Status {
    New,
    InProgress,
    Resolved,
}

pub(super) fn update(call: &Call<'_>) -> Result<Reply, Refusal> {
    let update: Update = call.body()?;
    check(update.classification.as_deref(), CLASSIFICATIONS, "classification")?;
    check(update.determination.as_deref(), DETERMINATIONS, "determination")?;
    let mut organisation = call.organisation_mut();
    let mut alert = visible(&organisation, call)?.alert.clone();
    update.apply(&mut alert, call.now, &call.simulation.identity.app_name);
    let reply = call.entity(StatusCode::OK, &alert);
    organisation.put_alert(alert, call.now);
    Ok(reply)
}

impl Update {
    fn apply(self, alert: &mut Alert, now: Moment, author: &str) {
        if let Some(status) = self.status {
            alert.status = status.name().to_owned();
            alert.resolved_time = match status {
                Status::Resolved => alert.resolved_time.or(Some(now)),
                Status::New | Status::InProgress => None,
            };
        }
        alert.assigned_to = self.assigned_to.or(alert.assigned_to.take());
        alert.classification = self.classification.or(alert.classification.take());
        alert.determination = self.determination.or(alert.determination.take());
        let by = |comment| Comment { comment, created_by: author.to_owned(), created_time: now };
        alert.comments.extend(self.comment.map(by));
        alert.last_update_time = now;
    }
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::New => "New",
            Self::InProgress => "InProgress",
            Self::Resolved => "Resolved",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Creation {
    machine_id: String,
    severity: String,
    title: String,
    description: String,
    recommended_action: String,
    event_time: Moment,
    report_id: String,
    category: String,
}

pub(super) fn create(call: &Call<'_>) -> Result<Reply, Refusal> {
    let creation: Creation = call.body()?;
    check(Some(&creation.severity), SEVERITIES, "severity")?;
    check(Some(&creation.category), CATEGORIES, "category")?;
    let blank = [&creation.title, &creation.description, &creation.recommended_action];
    if blank.iter().any(|text| text.trim().is_empty()) {
        return Err(Refusal::Body);
    }
    let mut organisation = call.organisation_mut();
    let row = organisation.machine(&creation.machine_id);
    let machine = row
        .map(|row| row.machine.clone())
        .ok_or_else(|| Refusal::not_found("Machine", &creation.machine_id))?;
    let event = Event {
        machine_id: creation.machine_id.clone(),
        report_id: creation.report_id.clone(),
        time: creation.event_time,
    };
    if !organisation.events.contains(&event) {
        return Err(Refusal::not_found("Event", &format!("{} at {}", event.report_id, event.time)));
    }
    let open = organisation.alerts.iter().find(|row| row.is_visible(call.now) && creation.joins(&row.alert));
    let (alert, is_new) = match open.map(|row| row.alert.clone()) {
        Some(mut alert) => {
            alert.last_event_time = alert.last_event_time.max(Some(event.time));
            alert.first_event_time = alert.first_event_time.map(|first| first.min(event.time));
            alert.last_update_time = call.now;
            (alert, false)
        }
        None => (creation.alert(&mut organisation, &machine, call.now), true),
    };
    let reply = call.entity(StatusCode::OK, &alert);
    if is_new {
        call.simulation.subscriptions.announce(&alert.id, &alert.machine_id, call.now);
    }
    organisation.put_alert(alert, call.now);
    Ok(reply)
}

impl Creation {
    fn joins(&self, alert: &Alert) -> bool {
        alert.is_open() && alert.machine_id == self.machine_id && alert.title == self.title
    }

    /// Creates a new alert, and the automated investigation that it starts.
    fn alert(self, organisation: &mut Organisation, machine: &Machine, now: Moment) -> Alert {
        let id = organisation.alert_id(now);
        let investigation = organisation.number();
        let row = InvestigationRow::new(
            investigation,
            now,
            (&machine.id, &machine.computer_dns_name),
            Some(id.clone()),
        );
        organisation.investigations.put(row.ending(INVESTIGATION, "Benign"));
        Alert {
            id,
            incident_id: Some(organisation.number()),
            investigation_id: Some(investigation),
            assigned_to: None,
            severity: self.severity,
            status: "New".to_owned(),
            classification: None,
            determination: None,
            investigation_state: "Queued".to_owned(),
            detection_source: "CustomerTI".to_owned(),
            detector_id: None,
            category: Some(self.category),
            threat_family_name: None,
            title: self.title,
            description: self.description,
            alert_creation_time: now,
            first_event_time: Some(self.event_time),
            last_event_time: Some(self.event_time),
            last_update_time: now,
            resolved_time: None,
            machine_id: machine.id.clone(),
            computer_dns_name: Some(machine.computer_dns_name.clone()),
            rbac_group_name: machine.rbac_group_name.clone(),
            aad_tenant_id: organisation.tenant_id.clone(),
            threat_name: None,
            mitre_techniques: Vec::new(),
            related_user: None,
            logged_on_users: Vec::new(),
            comments: Vec::new(),
            evidence: Vec::new(),
        }
    }
}

fn visible<'a>(organisation: &'a Organisation, call: &Call<'_>) -> Result<&'a AlertRow, Refusal> {
    let row = organisation.alerts.find(&call.id).filter(|row| row.is_visible(call.now));
    row.ok_or_else(|| Refusal::not_found("Alert", &call.id))
}

/// Refuses a value unless the API knows it.
fn check(value: Option<&str>, known: &[&str], what: &str) -> Result<(), Refusal> {
    match value {
        Some(value) if !known.contains(&value) => {
            Err(Refusal::InvalidInput(format!("'{value}' is not a valid {what}")))
        }
        _ => Ok(()),
    }
}

/// How long the investigation that a new alert starts takes.
const INVESTIGATION: Duration = Duration::from_mins(10);

const SEVERITIES: &[&str] = &["Low", "Medium", "High"];
const CATEGORIES: &[&str] = &[
    "General",
    "CommandAndControl",
    "Collection",
    "CredentialAccess",
    "DefenseEvasion",
    "Discovery",
    "Exfiltration",
    "Exploit",
    "Execution",
    "InitialAccess",
    "LateralMovement",
    "Malware",
    "Persistence",
    "PrivilegeEscalation",
    "Ransomware",
    "SuspiciousActivity",
];
const CLASSIFICATIONS: &[&str] =
    &["Unknown", "TruePositive", "InformationalExpectedActivity", "FalsePositive"];
/// Both spellings where the documentation has two, but without Apt and SecurityPersonnel, which were dropped
/// on 29 August 2022.
const DETERMINATIONS: &[&str] = &[
    "NotAvailable",
    "MultiStagedAttack",
    "MaliciousUserActivity",
    "CompromisedUser",
    "Malware",
    "Phishing",
    "UnwantedSoftware",
    "SecurityTesting",
    "LineOfBusinessApplication",
    "ConfirmedActivity",
    "ConfirmedUserActivity",
    "NotMalicious",
    "Clean",
    "InsufficientData",
    "Other",
];
