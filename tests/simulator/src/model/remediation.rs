//! Remediation activities and the machines that they affect.

use std::cmp::Ordering;

use serde::Serialize;

use super::machine::Machine;
use super::shelf::Keyed;
use crate::moment::Moment;
use crate::odata::{Entity, Property};
use crate::server::reply::to_json;

/// A remediation activity as the API writes it, in its order.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Activity {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) created_on: Moment,
    pub(crate) requester_id: String,
    pub(crate) requester_email: String,
    pub(crate) status: String,
    pub(crate) status_last_modified_on: Moment,
    pub(crate) description: String,
    pub(crate) related_component: String,
    pub(crate) target_devices: i64,
    pub(crate) rbac_group_names: Option<Vec<String>>,
    pub(crate) fixed_devices: i64,
    pub(crate) requester_notes: Option<String>,
    pub(crate) due_on: Option<Moment>,
    pub(crate) category: String,
    pub(crate) productivity_impact_remediation_type: Option<String>,
    pub(crate) priority: String,
    pub(crate) completion_method: Option<String>,
    pub(crate) completer_id: Option<String>,
    pub(crate) completer_email: Option<String>,
    pub(crate) scid: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) product_id: Option<String>,
    pub(crate) vendor_id: Option<String>,
    pub(crate) name_id: Option<String>,
    pub(crate) recommended_version: Option<String>,
    pub(crate) recommended_vendor: Option<String>,
    pub(crate) recommended_program: Option<String>,
    /// Missing from the documentation's samples, but in its property table: only some activities have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recommendation_reference: Option<String>,
}

/// The four properties by which an activity names a machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MachineReference {
    pub(crate) id: String,
    pub(crate) computer_dns_name: String,
    pub(crate) os_platform: String,
    pub(crate) rbac_group_name: Option<String>,
}

/// A stored activity.
#[derive(Clone, Debug)]
pub(crate) struct ActivityRow {
    pub(crate) activity: Activity,
    pub(crate) machines: Vec<MachineReference>,
}

impl From<&Machine> for MachineReference {
    fn from(machine: &Machine) -> Self {
        Self {
            id: machine.id.clone(),
            computer_dns_name: machine.computer_dns_name.clone(),
            os_platform: machine.os_platform.clone(),
            rbac_group_name: machine.rbac_group_name.clone().or_else(|| Some("UnassignedGroup".to_owned())),
        }
    }
}

impl Keyed for ActivityRow {
    fn key(&self) -> &str {
        &self.activity.id
    }
}

type Field = Property<Activity>;

impl Entity for Activity {
    const SET: &'static str = "RemediationTasks";
    const TYPE: &'static str = "microsoft.windowsDefenderATP.api.RemediationTask";
    const PROPERTIES: &'static [Property<Self>] = &[
        Field::text("id", |activity| Some(&activity.id)),
        Field::text("title", |activity| Some(&activity.title)),
        Field::time("createdOn", |activity| Some(activity.created_on)).filterable(),
        Field::text("requesterId", |activity| Some(&activity.requester_id)),
        Field::text("requesterEmail", |activity| Some(&activity.requester_email)),
        Field::text("status", |activity| Some(&activity.status)).filterable(),
        Field::time("statusLastModifiedOn", |activity| Some(activity.status_last_modified_on)),
        Field::text("description", |activity| Some(&activity.description)),
        Field::text("relatedComponent", |activity| Some(&activity.related_component)),
        Field::integer("targetDevices", |activity| Some(activity.target_devices)),
        Field::opaque("rbacGroupNames"),
        Field::integer("fixedDevices", |activity| Some(activity.fixed_devices)),
        Field::text("requesterNotes", |activity| activity.requester_notes.as_deref()),
        Field::time("dueOn", |activity| activity.due_on),
        Field::text("category", |activity| Some(&activity.category)),
        Field::opaque("productivityImpactRemediationType"),
        Field::text("priority", |activity| Some(&activity.priority)),
        Field::text("completionMethod", |activity| activity.completion_method.as_deref()),
        Field::text("completerId", |activity| activity.completer_id.as_deref()),
        Field::text("completerEmail", |activity| activity.completer_email.as_deref()),
        Field::text("scid", |activity| activity.scid.as_deref()),
        Field::text("type", |activity| Some(&activity.kind)),
        Field::text("productId", |activity| activity.product_id.as_deref()),
        Field::text("vendorId", |activity| activity.vendor_id.as_deref()),
        Field::text("nameId", |activity| activity.name_id.as_deref()),
        Field::text("recommendedVersion", |activity| activity.recommended_version.as_deref()),
        Field::text("recommendedVendor", |activity| activity.recommended_vendor.as_deref()),
        Field::text("recommendedProgram", |activity| activity.recommended_program.as_deref()),
        Field::text("recommendationReference", |activity| activity.recommendation_reference.as_deref()),
    ];

    /// Newest first.
    fn default_order(left: &Self, right: &Self) -> Ordering {
        right.created_on.cmp(&left.created_on)
    }

    fn write(&self, _expanded: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(&to_json(self));
    }
}

impl Entity for MachineReference {
    const SET: &'static str = "MachineReferences";
    const TYPE: &'static str = "microsoft.windowsDefenderATP.api.MachineReference";
    const PROPERTIES: &'static [Property<Self>] = &[
        Property::text("id", |machine| Some(&machine.id)),
        Property::text("computerDnsName", |machine| Some(&machine.computer_dns_name)),
        Property::text("osPlatform", |machine| Some(&machine.os_platform)),
        Property::text("rbacGroupName", |machine| machine.rbac_group_name.as_deref()),
    ];

    fn default_order(left: &Self, right: &Self) -> Ordering {
        left.id.cmp(&right.id)
    }

    fn write(&self, _expanded: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(&to_json(self));
    }
}
