//! The JSON bodies of the administration that no other module defines.

use serde::{Deserialize, Serialize};

use crate::clock::ClockChange;
use crate::moment::Moment;
use crate::notifications::Delivery;
use crate::server::limits::{LimitOptions, WindowReport};
use crate::server::log::ArrivalView;

/// Everything that a client must know to use the simulator.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Overview {
    pub(super) url: String,
    pub(super) tenant_id: String,
    pub(super) client_id: String,
    pub(super) now: Moment,
    pub(super) machines: usize,
    pub(super) alerts: usize,
    pub(super) requests_logged: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogView {
    pub(super) arrivals: Vec<ArrivalView>,
}

/// The part of the log to read.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct LogQuery {
    /// Only requests with a higher sequence number than this.
    pub(super) after: u64,
    /// Only requests for this operation.
    pub(super) operation: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClockView {
    pub(super) now: Moment,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LimitsView {
    pub(super) options: LimitOptions,
    pub(super) windows: Vec<WindowReport>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct RoleChange {
    pub(super) grant: Vec<String>,
    pub(super) revoke: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubscriptionView {
    pub(super) id: String,
    pub(super) notification_url: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubscriptionsView {
    pub(super) subscriptions: Vec<SubscriptionView>,
    pub(super) deliveries: Vec<Delivery>,
}

#[derive(Debug, Serialize)]
pub(super) struct Added {
    pub(super) ids: Vec<String>,
}

/// One item or a list of them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

/// One change of the clock, or several in order.
pub(super) type ClockChanges = OneOrMany<ClockChange>;

impl<T> OneOrMany<T> {
    pub(super) fn into_vec(self) -> Vec<T> {
        match self {
            Self::Many(many) => many,
            Self::One(one) => vec![one],
        }
    }
}
