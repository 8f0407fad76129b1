//! What a connector says of itself.
//!
//! The manifest is JSON. A component carries it in the custom section [`SECTION`], so that it can be read without
//! running anything, and returns the same bytes from `workflow:connector/connector-manifest#describe`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The name of the custom section that holds the manifest.
pub const SECTION: &str = "connector-manifest";

/// A connector's manifest.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Manifest {
    /// The contract that the connector follows, such as `workflow:connector@0.1.0`.
    pub contract: String,
    /// The connector's name, such as `echo`.
    pub name: String,
    /// The connector's version.
    pub version: String,
    /// The connector's title, for people.
    pub title: String,
    /// What the connector is for.
    #[serde(default)]
    pub summary: String,
    /// How many calls a connection may make, when the connector names a quota.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<Limit>,
    /// The environment variables that the component reads.
    #[serde(default)]
    pub environment: Environment,
    /// The clouds in which the API is offered, by name.
    #[serde(default)]
    pub clouds: BTreeMap<String, Cloud>,
    /// The audiences of tokens that the API takes, besides the resources of the clouds' scopes and its own address; when
    /// there are none, nothing can be said of a token's audience.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// The actions, in the order of the contract.
    pub actions: Vec<Action>,
    /// The triggers.
    #[serde(default)]
    pub triggers: Vec<Trigger>,
    /// The records and enums that actions and triggers use, by name.
    #[serde(default)]
    pub types: BTreeMap<String, TypeDefinition>,
}

/// The environment variables that a component reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    /// The variable that names the API's origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_url: Option<String>,
    /// The variable that holds a bearer token, in engines that cannot add the header. This host never sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
}

/// Where an API and its sign-in are in one cloud. What is one of these is all of them: they are chosen together.
///
/// There are no rules for redirects among them. A redirect is followed in no cloud, with or without a credential; and
/// which links to a next page are the API's own is for the component to know, which asks for them at the connection's
/// origin and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cloud {
    /// The API's origin.
    pub api: String,
    /// The token authority's origin.
    pub authority: String,
    /// The scope to ask a token for.
    pub scope: String,
    /// The paths of the token authority's endpoints; Microsoft Entra's when left out.
    #[serde(default, skip_serializing_if = "Endpoints::is_default")]
    pub endpoints: Endpoints,
}

/// Where a token authority has its endpoints: paths, in which `{tenant}` stands for the tenant.
///
/// What is left out is as [Microsoft Entra](https://learn.microsoft.com/entra/identity-platform/v2-protocols) has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Endpoints {
    /// Where tokens are given: [RFC 6749, section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2).
    pub token: String,
    /// Where a person signs in: [RFC 6749, section 3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1).
    pub authorization: String,
    /// Where a device asks for a code: [RFC 8628, section 3.1](https://www.rfc-editor.org/rfc/rfc8628#section-3.1).
    pub device_authorization: String,
}

impl Default for Endpoints {
    fn default() -> Self {
        Self {
            token: "/{tenant}/oauth2/v2.0/token".into(),
            authorization: "/{tenant}/oauth2/v2.0/authorize".into(),
            device_authorization: "/{tenant}/oauth2/v2.0/devicecode".into(),
        }
    }
}

impl Endpoints {
    /// Whether any path has a tenant in it.
    #[must_use]
    pub fn need_tenant(&self) -> bool {
        self.all().iter().any(|path| path.contains(Self::TENANT))
    }

    /// A path that is none, if there is one.
    #[must_use]
    pub fn broken(&self) -> Option<&str> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
        let sound = |path: &str| path.starts_with('/') && path.replace(Self::TENANT, "").bytes().all(plain);
        self.all().into_iter().find(|path| !sound(path))
    }

    const TENANT: &str = "{tenant}";

    /// The path with that tenant.
    pub(crate) fn of_tenant(path: &str, tenant: &str) -> String {
        path.replace(Self::TENANT, tenant)
    }

    fn all(&self) -> [&str; 3] {
        [&self.token, &self.authorization, &self.device_authorization]
    }

    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// So many calls in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limit {
    /// How many calls.
    pub calls: u32,
    /// In how many seconds.
    pub period_seconds: u32,
}

impl Limit {
    /// The time in which the calls count.
    #[must_use]
    pub fn period(self) -> Duration {
        Duration::from_secs(u64::from(self.period_seconds))
    }
}

/// What an action changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Nothing: it may be sent again.
    Read,
    /// A record, such as an alert or a tag.
    #[default]
    Write,
    /// Something outside the API's own records, such as a machine.
    Disruptive,
}

impl Effect {
    /// Whether a request may be sent again when its outcome is unknown.
    #[must_use]
    pub fn is_read(self) -> bool {
        self == Self::Read
    }
}

/// Whether an action may be relied on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It may.
    #[default]
    Stable,
    /// It may still change.
    Preview,
    /// It will go, or has gone.
    Deprecated,
}

/// An action, as the manifest has it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Action {
    /// The function's name, such as `isolate-machine`.
    pub name: String,
    /// The interface that exports it, such as `example:echo/echo@0.1.0`.
    pub interface: String,
    /// The API's or published connector's own name of the operation.
    #[serde(default)]
    pub operation_id: String,
    /// The title, for people.
    pub title: String,
    /// What it does, in a line.
    #[serde(default)]
    pub summary: String,
    /// What else there is to know.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What it changes.
    pub effect: Effect,
    /// The action that undoes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inverse: Option<String>,
    /// The permissions that it needs.
    #[serde(default)]
    pub permissions: Permissions,
    /// The API's own limits on it.
    #[serde(default)]
    pub limits: Arc<[Limit]>,
    /// How its result goes on, when it comes in pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paging: Option<Paging>,
    /// Whether it may be relied on.
    #[serde(default)]
    pub status: Status,
    /// When it goes, an ISO 8601 date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated_on: Option<String>,
    /// What to use instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
    /// Whether it is absent from the published connector.
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

/// The permissions that an action needs: in each list, any one of them, the least powerful first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Permissions {
    /// Of an application that signs in as itself.
    #[serde(default)]
    pub application: Vec<String>,
    /// Of an application that acts for a signed-in user.
    #[serde(default)]
    pub delegated: Vec<String>,
}

/// How a result that comes in pages goes on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Paging {
    /// The parameter that takes the link to the next page.
    pub parameter: String,
    /// The result's field that holds the items.
    pub items: String,
    /// The result's field that holds the link to the next page.
    pub next: String,
}

/// A parameter, or a field of a record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Field {
    /// The name in the contract, such as `machine-id`.
    pub name: String,
    /// The key in JSON, such as `Machine ID` or `computerDnsName`.
    pub key: String,
    /// The title, for people.
    #[serde(default)]
    pub title: String,
    /// What it means.
    #[serde(default)]
    pub description: String,
    /// The type: `string`, `boolean`, `integer`, `number`, `date-time`, `json`, `array of …`, or a name in
    /// [`Manifest::types`].
    #[serde(rename = "type", default)]
    pub type_name: String,
    /// Whether it must be given, or is always there.
    #[serde(default)]
    pub required: bool,
    /// Whether it is absent from the published connector.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub extension: bool,
    /// Whether the record's fields stand in for it, as parameters of their own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inline: bool,
}

/// What an action returns: a record by name, or a single value with a key of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Returns {
    /// The key under which a single value stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The title, of a single value or of what is returned whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What the single value means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The type, as in [`Field::type_name`].
    #[serde(rename = "type", default)]
    pub type_name: String,
}

/// A trigger: a function that polls, or three that handle a subscription, or both.
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
    /// The API's or published connector's own name of the operation.
    #[serde(default)]
    pub operation_id: String,
    /// Whether it may be relied on.
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

/// A record or an enum.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum TypeDefinition {
    /// A record.
    Record {
        /// The published connector's name of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        definition: Option<String>,
        /// What it is.
        #[serde(default)]
        summary: String,
        /// The keys of the fields that a person wants to see first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        columns: Vec<String>,
        /// Its fields, in order.
        fields: Vec<Field>,
    },
    /// A closed set of values.
    Enum {
        /// What it is.
        #[serde(default)]
        summary: String,
        /// Its values, in order.
        cases: Vec<Case>,
    },
}

/// A value of an enum.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Case {
    /// The name in the contract, such as `run-script`.
    pub name: String,
    /// The spelling in JSON, such as `RunScript`.
    pub key: String,
    /// What it means.
    #[serde(default)]
    pub description: String,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// Says where the text is not a manifest.
    pub fn parse(text: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(text)
    }

    /// The action of that name.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.name == name)
    }

    /// The functions of triggers, with their triggers.
    pub fn trigger_functions(&self) -> impl Iterator<Item = &Action> {
        self.triggers.iter().flat_map(|trigger| {
            [&trigger.poll, &trigger.subscribe, &trigger.unsubscribe, &trigger.parse].into_iter().flatten()
        })
    }

    /// The keys of an action's result, or of what it lists, that a person wants to see first.
    #[must_use]
    pub fn columns(&self, action: &Action) -> Vec<String> {
        let mut name = action.returns.type_name.as_str();
        if let Some(paging) = &action.paging {
            let items = self.record(name).unwrap_or_default().iter().find(|field| field.name == paging.items);
            name = items.and_then(|field| field.type_name.strip_prefix("array of ")).unwrap_or(name);
        }
        match self.types.get(name) {
            Some(TypeDefinition::Record { columns, .. }) => columns.clone(),
            _ => Vec::new(),
        }
    }

    /// The fields of a record.
    #[must_use]
    pub fn record(&self, name: &str) -> Option<&[Field]> {
        match self.types.get(name) {
            Some(TypeDefinition::Record { fields, .. }) => Some(fields),
            _ => None,
        }
    }
}
