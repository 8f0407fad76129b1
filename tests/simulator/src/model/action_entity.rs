//! Machine actions as the API writes them.

use std::cmp::Ordering;

use serde::Serialize;

use super::live_response::CommandView;
use super::machine_action::{ActionKind, ActionStatus, RelatedFile, RequestSource};
use crate::moment::Moment;
use crate::odata::{Entity, Property};
use crate::server::reply::to_json;

/// An action as the API writes it, in its order.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MachineAction {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(super) kind: ActionKind,
    pub(super) title: Option<String>,
    pub(super) requestor: String,
    pub(super) requestor_comment: String,
    pub(crate) status: ActionStatus,
    pub(super) machine_id: String,
    pub(super) computer_dns_name: String,
    pub(super) creation_date_time_utc: Moment,
    pub(super) last_update_date_time_utc: Moment,
    pub(super) cancellation_requestor: Option<String>,
    pub(super) cancellation_comment: Option<String>,
    pub(super) cancellation_date_time_utc: Option<Moment>,
    #[serde(rename = "errorHResult")]
    pub(super) error: i64,
    pub(super) scope: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) request_source: RequestSource,
    pub(super) related_file_info: Option<RelatedFile>,
    pub(crate) commands: Vec<CommandView>,
    pub(super) troubleshoot_info: Option<String>,
}

type Field = Property<MachineAction>;

impl Entity for MachineAction {
    const SET: &'static str = "MachineActions";
    const TYPE: &'static str = "microsoft.windowsDefenderATP.api.MachineAction";
    const PROPERTIES: &'static [Property<Self>] = &[
        Field::text("id", |action| Some(&action.id)).filterable(),
        Field::text("type", |action| Some(action.kind.name())).filterable(),
        Field::text("title", |action| action.title.as_deref()),
        Field::text("requestor", |action| Some(&action.requestor)).filterable(),
        Field::text("requestorComment", |action| Some(&action.requestor_comment)),
        Field::text("status", |action| Some(action.status.name())).filterable(),
        Field::text("machineId", |action| Some(&action.machine_id)).filterable(),
        Field::text("computerDnsName", |action| Some(&action.computer_dns_name)),
        Field::time("creationDateTimeUtc", |action| Some(action.creation_date_time_utc)).filterable(),
        // Not documented as filterable, but a product in the field relies on it.
        Field::time("lastUpdateDateTimeUtc", |action| Some(action.last_update_date_time_utc)).filterable(),
        Field::text("cancellationRequestor", |action| action.cancellation_requestor.as_deref()),
        Field::text("cancellationComment", |action| action.cancellation_comment.as_deref()),
        Field::time("cancellationDateTimeUtc", |action| action.cancellation_date_time_utc),
        Field::integer("errorHResult", |action| Some(action.error)),
        Field::text("scope", |action| action.scope.as_deref()),
        Field::text("externalId", |action| action.external_id.as_deref()),
        Field::opaque("requestSource"),
        Field::opaque("relatedFileInfo"),
        Field::opaque("commands"),
        Field::opaque("troubleshootInfo"),
    ];

    /// Newest first.
    fn default_order(left: &Self, right: &Self) -> Ordering {
        right.creation_date_time_utc.cmp(&left.creation_date_time_utc)
    }

    fn write(&self, _expanded: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(&to_json(self));
    }
}
