//! The failures that any action may meet, from `failures.json`.

use serde::Deserialize;

use super::file::{Failure, Reply, parse};
use crate::support;

/// A reply of the API that makes any action fail, and what its caller must get.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FailureFile {
    pub(crate) name: String,
    pub(crate) reply: Reply,
    /// What becomes of an action that changes nothing.
    pub(crate) read: Expected,
    /// What becomes of an action that changes something.
    pub(crate) change: Expected,
    /// Actions that this is no failure of.
    #[serde(default)]
    not_of: Vec<String>,
}

/// What an action's caller and its API must see.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) failure: Failure,
    /// How often the request arrives.
    pub(crate) requests: usize,
}

/// The failures, in order.
pub(crate) fn read() -> Vec<FailureFile> {
    parse(&support::path("cases/failures.json"), "")
}

impl FailureFile {
    /// Whether it is a failure of that action.
    pub(crate) fn is_of(&self, action: &str) -> bool {
        !self.not_of.iter().any(|other| other == action)
    }

    /// The cases of the contract that it shows.
    pub(crate) fn cases(&self) -> [String; 2] {
        [self.read.failure.case.clone(), self.change.failure.case.clone()]
    }
}
