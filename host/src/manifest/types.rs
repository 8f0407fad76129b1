//! The records and enums that actions and triggers use.

use serde::{Deserialize, Serialize};

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
    /// What it means, for people.
    #[serde(default)]
    pub description: String,
    /// The type: `string`, `boolean`, `integer`, `number`, `date-time`, `json`, `array of …`, or a name in
    /// [`Manifest::types`](super::Manifest::types).
    #[serde(rename = "type", default)]
    pub type_name: String,
    /// Whether a parameter must be given, or a field is always present.
    #[serde(default)]
    pub required: bool,
    /// Whether it is an addition that the published connector does not have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub extension: bool,
    /// Whether it is a record whose fields are parameters of their own in its place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inline: bool,
}

/// A record or an enum.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum TypeDefinition {
    /// A record.
    Record {
        /// The published connector's name for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        definition: Option<String>,
        /// What it stands for, in one line.
        #[serde(default)]
        summary: String,
        /// The keys of the fields that people want to see first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        columns: Vec<String>,
        /// Its fields, in order.
        fields: Vec<Field>,
    },
    /// A closed set of values.
    Enum {
        /// What it stands for, in one line.
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
