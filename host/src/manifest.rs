//! What a connector says about itself.
//!
//! The manifest is JSON. A component carries it in the custom section [`SECTION`], so that it can be read
//! without running anything, and returns the same bytes from
//! `workflow:connector/connector-manifest#describe`.

mod action;
mod check;
mod cloud;
mod hosts;
mod lookup;
mod types;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use action::{Action, Effect, Limit, Paging, Permissions, Returns, Status, Trigger};
pub use check::ManifestError;
pub use cloud::{Cloud, Endpoints};
pub use hosts::Hosts;
pub use lookup::Lookup;
pub use types::{Case, Field, TypeDefinition};

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
    /// How many calls a connection may make, if the connector names a quota.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<Limit>,
    /// The environment variables that the component reads.
    #[serde(default)]
    pub environment: Environment,
    /// The clouds in which the API is offered, by name.
    #[serde(default)]
    pub clouds: BTreeMap<String, Cloud>,
    /// The audiences that the API accepts in tokens, besides the resources of the clouds' scopes and its own
    /// address. If there are none, a token's audience cannot be judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// The API's hosts that links in its replies may name, besides the connection's own. Such links use https
    /// and its usual port.
    #[serde(default, skip_serializing_if = "Hosts::is_empty")]
    pub hosts: Hosts,
    /// The actions, in the order of the contract.
    pub actions: Vec<Action>,
    /// The triggers.
    #[serde(default)]
    pub triggers: Vec<Trigger>,
    /// How the things that parameters name by id can be found by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lookups: Vec<Arc<Lookup>>,
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

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`ManifestError`] says where the text is not a manifest. A manifest comes from a stranger: malformed
    /// names, and characters that could drive a terminal, are refused here, so that everything else may print
    /// it.
    pub fn parse(text: &[u8]) -> Result<Self, ManifestError> {
        let manifest: Self = serde_json::from_slice(text)?;
        check::texts(&serde_json::from_slice(text)?)?;
        check::names(&manifest)?;
        Ok(manifest)
    }

    /// Finds the action with this name.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.name == name)
    }

    /// Finds the [`Lookup`] for the parameter with this name, if its action changes nothing.
    #[must_use]
    pub fn lookup(&self, parameter: &str) -> Option<&Arc<Lookup>> {
        let reads = |action: &str| self.action(action).is_some_and(|action| action.effect.is_read());
        self.lookups.iter().find(|lookup| lookup.parameter == parameter && reads(&lookup.action))
    }

    /// The functions of all triggers, in the triggers' order.
    pub fn trigger_functions(&self) -> impl Iterator<Item = &Action> {
        self.triggers.iter().flat_map(|trigger| {
            [&trigger.poll, &trigger.subscribe, &trigger.unsubscribe, &trigger.parse].into_iter().flatten()
        })
    }

    /// Finds the entry for an exported function: an action, or a part of a trigger.
    #[must_use]
    pub fn function(&self, interface: &str, name: &str) -> Option<&Action> {
        let all = self.actions.iter().chain(self.trigger_functions());
        all.into_iter().find(|action| action.name == name && action.interface == interface)
    }

    /// The keys that people want to see first, of an action's result or of the items that it lists.
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

    /// The fields of the record with this name.
    #[must_use]
    pub fn record(&self, name: &str) -> Option<&[Field]> {
        match self.types.get(name) {
            Some(TypeDefinition::Record { fields, .. }) => Some(fields),
            _ => None,
        }
    }
}
