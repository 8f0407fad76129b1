//! Actions and triggers.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Field;

/// A number of calls within a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limit {
    /// How many calls.
    pub calls: u32,
    /// The period, in seconds.
    pub period_seconds: u32,
}

impl Limit {
    /// The period as a duration.
    #[must_use]
    pub fn period(self) -> Duration {
        Duration::from_secs(u64::from(self.period_seconds))
    }
}

/// What an action changes, from harmless to far-reaching.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// It changes nothing, and may be sent again.
    Read,
    /// It creates or changes a record, such as an alert or a tag.
    #[default]
    Write,
    /// It acts on something outside the API's own records, such as a machine.
    Disruptive,
}

impl Effect {
    /// Whether a request may be sent again when its outcome is unknown.
    #[must_use]
    pub fn is_read(self) -> bool {
        self == Self::Read
    }
}

/// How far an action can be relied on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is stable.
    #[default]
    Stable,
    /// It may still change.
    Preview,
    /// It will be removed, or has been.
    Deprecated,
}

/// An action, as described in the manifest.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Action {
    /// The function's name, such as `isolate-machine`.
    pub name: String,
    /// The interface that exports it, such as `example:echo/echo@0.1.0`.
    pub interface: String,
    /// The operation's name in the API or the published connector.
    #[serde(default)]
    pub operation_id: String,
    /// The title, for people.
    pub title: String,
    /// What it does, in one line.
    #[serde(default)]
    pub summary: String,
    /// More details, in paragraphs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// How far-reaching it is.
    pub effect: Effect,
    /// The action that undoes it, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inverse: Option<String>,
    /// The permissions that it needs.
    #[serde(default)]
    pub permissions: Permissions,
    /// The API's own limits on how often it is called.
    #[serde(default)]
    pub limits: Arc<[Limit]>,
    /// How to get the next page, if its result comes in pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paging: Option<Paging>,
    /// How far it can be relied on.
    #[serde(default)]
    pub status: Status,
    /// When it will be removed: an ISO 8601 date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated_on: Option<String>,
    /// What to use instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
    /// Whether it is an addition that the published connector does not have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub extension: bool,
    /// Where the API documents it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// Its parameters, in order.
    #[serde(default)]
    pub parameters: Vec<Field>,
    /// What it returns.
    #[serde(default)]
    pub returns: Returns,
}

/// The permissions that an action needs. Any one of each list is enough; the least powerful comes first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Permissions {
    /// The permissions for an application that signs in as itself.
    #[serde(default)]
    pub application: Vec<String>,
    /// The permissions for an application that acts for a signed-in user.
    #[serde(default)]
    pub delegated: Vec<String>,
}

/// How to get from one page of a result to the next.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Paging {
    /// The parameter that takes the link to the next page.
    pub parameter: String,
    /// The result's field that holds the items.
    pub items: String,
    /// The result's field that holds the link to the next page.
    pub next: String,
}

/// What an action returns: a record by name, or a single value with its own key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Returns {
    /// The key of a single value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The title of a single value, or of a result that is returned whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What the single value means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The type, as in [`Field::type_name`].
    #[serde(rename = "type", default)]
    pub type_name: String,
}

/// A trigger: a function that polls, three functions that handle a subscription, or both.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trigger {
    /// The trigger's name, such as `new-alerts`.
    pub name: String,
    /// The title, for people.
    pub title: String,
    /// What it waits for.
    #[serde(default)]
    pub summary: String,
    /// The operation's name in the API or the published connector.
    #[serde(default)]
    pub operation_id: String,
    /// How far it can be relied on.
    #[serde(default)]
    pub status: Status,
    /// The function that polls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<Action>,
    /// The function that subscribes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscribe: Option<Action>,
    /// The function that unsubscribes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsubscribe: Option<Action>,
    /// The function that reads a notification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parse: Option<Action>,
}
