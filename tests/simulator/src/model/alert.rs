//! Alerts and their evidence.

use std::cmp::Ordering;
use std::sync::OnceLock;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::shelf::Keyed;
use crate::moment::Moment;
use crate::odata::{Entity, Property};
use crate::server::reply::to_json;

/// An alert as the API writes it, in its order. `evidence`, the last property, is written separately.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Alert {
    pub(crate) id: String,
    pub(crate) incident_id: Option<i64>,
    pub(crate) investigation_id: Option<i64>,
    pub(crate) assigned_to: Option<String>,
    pub(crate) severity: String,
    pub(crate) status: String,
    pub(crate) classification: Option<String>,
    pub(crate) determination: Option<String>,
    pub(crate) investigation_state: String,
    pub(crate) detection_source: String,
    pub(crate) detector_id: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) threat_family_name: Option<String>,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) alert_creation_time: Moment,
    pub(crate) first_event_time: Option<Moment>,
    pub(crate) last_event_time: Option<Moment>,
    pub(crate) last_update_time: Moment,
    pub(crate) resolved_time: Option<Moment>,
    pub(crate) machine_id: String,
    pub(crate) computer_dns_name: Option<String>,
    pub(crate) rbac_group_name: Option<String>,
    pub(crate) aad_tenant_id: String,
    pub(crate) threat_name: Option<String>,
    pub(crate) mitre_techniques: Vec<String>,
    pub(crate) related_user: Option<RelatedUser>,
    pub(crate) logged_on_users: Vec<LoggedOnUser>,
    pub(crate) comments: Vec<Comment>,
    #[serde(skip)]
    pub(crate) evidence: Vec<Evidence>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RelatedUser {
    pub(crate) user_name: String,
    pub(crate) domain_name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoggedOnUser {
    pub(crate) account_name: String,
    pub(crate) domain_name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Comment {
    pub(crate) comment: String,
    pub(crate) created_by: String,
    pub(crate) created_time: Moment,
}

/// One piece of evidence. All properties are always written; those of other entity types are null.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Evidence {
    pub(crate) entity_type: String,
    pub(crate) evidence_creation_time: Moment,
    pub(crate) sha1: Option<String>,
    pub(crate) sha256: Option<String>,
    pub(crate) file_name: Option<String>,
    pub(crate) file_path: Option<String>,
    pub(crate) process_id: Option<i64>,
    pub(crate) process_command_line: Option<String>,
    pub(crate) process_creation_time: Option<Moment>,
    pub(crate) parent_process_id: Option<i64>,
    pub(crate) parent_process_creation_time: Option<Moment>,
    pub(crate) parent_process_file_name: Option<String>,
    pub(crate) parent_process_file_path: Option<String>,
    pub(crate) ip_address: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) registry_key: Option<String>,
    pub(crate) registry_hive: Option<String>,
    pub(crate) registry_value_type: Option<String>,
    pub(crate) registry_value: Option<String>,
    pub(crate) account_name: Option<String>,
    pub(crate) domain_name: Option<String>,
    pub(crate) user_sid: Option<String>,
    pub(crate) aad_user_id: Option<String>,
    pub(crate) user_principal_name: Option<String>,
    pub(crate) detection_status: Option<String>,
}

/// A stored alert. An alert can be indexed later than it was created.
#[derive(Clone, Debug)]
pub(crate) struct AlertRow {
    pub(crate) alert: Alert,
    /// No request finds the alert before this time.
    pub(crate) visible_from: Moment,
    /// The reply that shows only this alert, once it has been requested.
    pub(crate) single: OnceLock<Bytes>,
}

impl AlertRow {
    pub(crate) fn new(alert: Alert, visible_from: Moment) -> Self {
        Self { alert, visible_from, single: OnceLock::new() }
    }

    pub(crate) fn is_visible(&self, now: Moment) -> bool {
        self.visible_from <= now
    }
}

impl Alert {
    /// Whether another event of the same kind on the same machine joins this alert.
    pub(crate) fn is_open(&self) -> bool {
        self.status != "Resolved"
    }
}

impl Keyed for AlertRow {
    fn key(&self) -> &str {
        &self.alert.id
    }
}

type Field = Property<Alert>;

impl Entity for Alert {
    const SET: &'static str = "Alerts";
    const TYPE: &'static str = "microsoft.windowsDefenderATP.api.Alert";
    const PROPERTIES: &'static [Property<Self>] = &[
        Field::text("id", |alert| Some(&alert.id)).filterable(),
        Field::integer("incidentId", |alert| alert.incident_id).filterable(),
        Field::integer("investigationId", |alert| alert.investigation_id).filterable(),
        // The documentation spells it with three s; both spellings are accepted.
        Field::text("assignedTo", |alert| alert.assigned_to.as_deref()).filterable().also("asssignedTo"),
        Field::text("severity", |alert| Some(&alert.severity)).filterable(),
        Field::text("status", |alert| Some(&alert.status)).filterable(),
        Field::text("classification", |alert| alert.classification.as_deref()),
        Field::text("determination", |alert| alert.determination.as_deref()),
        Field::text("investigationState", |alert| Some(&alert.investigation_state)),
        Field::text("detectionSource", |alert| Some(&alert.detection_source)).filterable(),
        Field::text("detectorId", |alert| alert.detector_id.as_deref()),
        Field::text("category", |alert| alert.category.as_deref()).filterable(),
        Field::text("threatFamilyName", |alert| alert.threat_family_name.as_deref()),
        Field::text("title", |alert| Some(&alert.title)),
        Field::text("description", |alert| Some(&alert.description)),
        Field::time("alertCreationTime", |alert| Some(alert.alert_creation_time)).filterable(),
        Field::time("firstEventTime", |alert| alert.first_event_time),
        Field::time("lastEventTime", |alert| alert.last_event_time).filterable(),
        Field::time("lastUpdateTime", |alert| Some(alert.last_update_time)).filterable(),
        Field::time("resolvedTime", |alert| alert.resolved_time),
        Field::text("machineId", |alert| Some(&alert.machine_id)),
        Field::text("computerDnsName", |alert| alert.computer_dns_name.as_deref()),
        Field::text("rbacGroupName", |alert| alert.rbac_group_name.as_deref()),
        Field::text("aadTenantId", |alert| Some(&alert.aad_tenant_id)),
        Field::text("threatName", |alert| alert.threat_name.as_deref()),
        Field::texts("mitreTechniques", |alert| &alert.mitre_techniques),
        Field::opaque("relatedUser"),
        Field::opaque("loggedOnUsers"),
        Field::opaque("comments"),
        Field::opaque("evidence"),
    ];

    /// Newest first.
    fn default_order(left: &Self, right: &Self) -> Ordering {
        right.alert_creation_time.cmp(&left.alert_creation_time)
    }

    fn write(&self, expanded: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(&to_json(self));
        if out.last() == Some(&b'}') {
            out.pop();
        }
        out.extend_from_slice(b",\"evidence\":");
        match expanded {
            true => out.extend_from_slice(&to_json(&self.evidence)),
            false => out.extend_from_slice(b"[]"),
        }
        out.push(b'}');
    }
}
