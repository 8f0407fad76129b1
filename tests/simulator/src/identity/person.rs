//! The person who signs in: with a code on any device, or with a browser that comes back to the program.

use serde::{Deserialize, Serialize};

/// The one person of the tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Person {
    /// The user principal name, with which the person signs in.
    pub username: String,
    /// The display name.
    pub name: String,
}

/// How the person answers when an application asks for consent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Consent {
    /// Shows a page, on which whoever opens it decides.
    #[default]
    Ask,
    /// Accepts without a page.
    Accept,
    /// Declines without a page.
    Decline,
}

/// The person's object id.
pub(super) const OBJECT_ID: &str = "a4c1d7e2-93b5-4f60-8e1d-6f2b7c9a0d35";

impl Default for Person {
    fn default() -> Self {
        Self { username: "ana@contoso.onmicrosoft.com".to_owned(), name: "Ana Sanders".to_owned() }
    }
}
