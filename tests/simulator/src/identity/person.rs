//! The person who signs in: with a code on any device, or with a browser that comes back to the program.

use serde::{Deserialize, Serialize};

/// The tenant's one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Person {
    /// The user principal name, by which the person signs in.
    pub username: String,
    /// The display name.
    pub name: String,
}

/// What the person says when an application asks to act for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Consent {
    /// Whoever opens the page decides.
    #[default]
    Ask,
    /// Yes, without a page.
    Accept,
    /// No, without a page.
    Decline,
}

/// The person's object id.
pub(super) const OBJECT_ID: &str = "a4c1d7e2-93b5-4f60-8e1d-6f2b7c9a0d35";

impl Default for Person {
    fn default() -> Self {
        Self { username: "ana@contoso.onmicrosoft.com".to_owned(), name: "Ana Sanders".to_owned() }
    }
}
