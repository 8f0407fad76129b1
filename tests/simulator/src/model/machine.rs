//! Machines.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shelf::Keyed;
use crate::moment::Moment;
use crate::odata::{Entity, Property};
use crate::server::reply::to_json;

/// A machine as the API writes it, in its order.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Machine {
    pub(crate) id: String,
    pub(crate) merged_into_machine_id: Option<String>,
    pub(crate) is_potential_duplication: bool,
    pub(crate) is_excluded: bool,
    pub(crate) exclusion_reason: Option<String>,
    pub(crate) computer_dns_name: String,
    pub(crate) first_seen: Moment,
    pub(crate) last_seen: Moment,
    pub(crate) os_platform: String,
    /// Null in all real data; the version is in `version`.
    pub(crate) os_version: Option<String>,
    pub(crate) os_processor: String,
    pub(crate) version: String,
    pub(crate) last_ip_address: Option<String>,
    pub(crate) last_external_ip_address: Option<String>,
    pub(crate) agent_version: Option<String>,
    pub(crate) os_build: Option<i64>,
    pub(crate) health_status: String,
    pub(crate) device_value: String,
    pub(crate) rbac_group_id: i64,
    pub(crate) rbac_group_name: Option<String>,
    pub(crate) risk_score: String,
    pub(crate) exposure_level: String,
    pub(crate) is_aad_joined: Option<bool>,
    pub(crate) aad_device_id: Option<String>,
    pub(crate) machine_tags: Vec<String>,
    pub(crate) defender_av_status: String,
    pub(crate) onboarding_status: String,
    pub(crate) os_architecture: String,
    pub(crate) managed_by: String,
    pub(crate) managed_by_status: String,
    pub(crate) ip_addresses: Vec<IpInterface>,
    pub(crate) vm_metadata: Option<Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IpInterface {
    pub(crate) ip_address: String,
    pub(crate) mac_address: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) operational_status: String,
}

/// How a machine responds to actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Behaviour {
    /// Carries actions out.
    #[default]
    Responds,
    /// Tries actions, but fails.
    Fails,
    /// Never receives actions: they stay pending until they time out.
    Offline,
}

/// A stored machine.
#[derive(Clone, Debug)]
pub(crate) struct MachineRow {
    pub(crate) machine: Machine,
    pub(crate) behaviour: Behaviour,
}

impl Keyed for MachineRow {
    fn key(&self) -> &str {
        &self.machine.id
    }
}

type Field = Property<Machine>;

impl Entity for Machine {
    const SET: &'static str = "Machines";
    const TYPE: &'static str = "microsoft.windowsDefenderATP.api.Machine";
    const PROPERTIES: &'static [Property<Self>] = &[
        Field::text("id", |machine| Some(&machine.id)).filterable(),
        Field::text("mergedIntoMachineId", |machine| machine.merged_into_machine_id.as_deref()),
        Field::boolean("isPotentialDuplication", |machine| Some(machine.is_potential_duplication)),
        Field::boolean("isExcluded", |machine| Some(machine.is_excluded)),
        Field::text("exclusionReason", |machine| machine.exclusion_reason.as_deref()),
        Field::text("computerDnsName", |machine| Some(&machine.computer_dns_name)).filterable(),
        Field::time("firstSeen", |machine| Some(machine.first_seen)),
        Field::time("lastSeen", |machine| Some(machine.last_seen)).filterable(),
        Field::text("osPlatform", |machine| Some(&machine.os_platform)).filterable(),
        Field::text("osVersion", |machine| machine.os_version.as_deref()),
        Field::text("osProcessor", |machine| Some(&machine.os_processor)),
        Field::text("version", |machine| Some(&machine.version)).filterable(),
        Field::text("lastIpAddress", |machine| machine.last_ip_address.as_deref()).filterable(),
        Field::text("lastExternalIpAddress", |machine| machine.last_external_ip_address.as_deref()),
        Field::text("agentVersion", |machine| machine.agent_version.as_deref()),
        Field::integer("osBuild", |machine| machine.os_build),
        Field::text("healthStatus", |machine| Some(&machine.health_status)).filterable(),
        Field::text("deviceValue", |machine| Some(&machine.device_value)).filterable(),
        Field::integer("rbacGroupId", |machine| Some(machine.rbac_group_id)).filterable(),
        Field::text("rbacGroupName", |machine| machine.rbac_group_name.as_deref()),
        Field::text("riskScore", |machine| Some(&machine.risk_score)).filterable(),
        Field::text("exposureLevel", |machine| Some(&machine.exposure_level)).filterable(),
        Field::boolean("isAadJoined", |machine| machine.is_aad_joined),
        Field::text("aadDeviceId", |machine| machine.aad_device_id.as_deref()).filterable(),
        Field::texts("machineTags", |machine| &machine.machine_tags).filterable(),
        Field::text("defenderAvStatus", |machine| Some(&machine.defender_av_status)),
        Field::text("onboardingStatus", |machine| Some(&machine.onboarding_status)).filterable(),
        Field::text("osArchitecture", |machine| Some(&machine.os_architecture)),
        Field::text("managedBy", |machine| Some(&machine.managed_by)),
        Field::text("managedByStatus", |machine| Some(&machine.managed_by_status)),
        Field::opaque("ipAddresses"),
        Field::opaque("vmMetadata"),
    ];

    /// The API promises no order. Sorting by id at least gives the same order every time.
    fn default_order(left: &Self, right: &Self) -> Ordering {
        left.id.cmp(&right.id)
    }

    fn write(&self, _expanded: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(&to_json(self));
    }
}
