//! How a call fails, as the contract defines it: the variant `failure` of
//! `workflow:connector/connector-types`.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::remedy::Remedy;

/// Why a call has no result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{message}")]
#[non_exhaustive]
pub struct Failure {
    /// The kind of failure.
    pub case: FailureCase,
    /// What happened, and to what, for people to read.
    pub message: String,
    /// The API's error code, if it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What the API says the error is about: often a correlation id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The HTTP status of the reply, if there was a reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Seconds to wait before the next call, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
    /// The permissions of which any one would have sufficed, if the API names them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_roles: Vec<String>,
    /// The parameter to blame, if it is a single one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// What to do next, if the host knows.
    #[serde(skip)]
    pub hint: Option<Remedy>,
}

/// The kinds of failure. A call that failed with one whose name begins with `Permanent` never succeeds by
/// being sent again unchanged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FailureCase {
    /// The API, or the connection's own quota, wants fewer calls.
    Throttled,
    /// The API could not be reached or could not answer. Nothing was changed.
    Unavailable,
    /// A parameter is missing, malformed or refused by the API.
    PermanentInvalidInput,
    /// There is no credential, or the API does not accept it.
    PermanentUnauthorized,
    /// The credential lacks a permission, or the feature is switched off.
    PermanentForbidden,
    /// The thing named does not exist, or not yet.
    PermanentNotFound,
    /// The current state of the thing does not allow the action.
    PermanentConflict,
    /// The API understood the request and refused it.
    PermanentRejected,
    /// The API's reply violates its contract.
    PermanentUnexpectedReply,
    /// A request that changes something was sent, and no clear answer came back.
    PermanentOutcomeUnknown,
    /// The engine stopped the call, or the connector crashed.
    #[default]
    ExecutionFailed,
}

impl FailureCase {
    const ALL: [Self; 11] = [
        Self::Throttled,
        Self::Unavailable,
        Self::PermanentInvalidInput,
        Self::PermanentUnauthorized,
        Self::PermanentForbidden,
        Self::PermanentNotFound,
        Self::PermanentConflict,
        Self::PermanentRejected,
        Self::PermanentUnexpectedReply,
        Self::PermanentOutcomeUnknown,
        Self::ExecutionFailed,
    ];

    /// The case's name in the contract, such as `permanent-not-found`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::PermanentInvalidInput => "permanent-invalid-input",
            Self::PermanentUnauthorized => "permanent-unauthorized",
            Self::PermanentForbidden => "permanent-forbidden",
            Self::PermanentNotFound => "permanent-not-found",
            Self::PermanentConflict => "permanent-conflict",
            Self::PermanentRejected => "permanent-rejected",
            Self::PermanentUnexpectedReply => "permanent-unexpected-reply",
            Self::PermanentOutcomeUnknown => "permanent-outcome-unknown",
            Self::ExecutionFailed => "execution-failed",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|case| case.name() == name)
    }
}

impl fmt::Display for FailureCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Failure {
    /// A failure that the host itself found.
    pub(crate) fn new(case: FailureCase, message: impl Into<String>) -> Self {
        Self { case, message: message.into(), ..Self::default() }
    }

    /// Reads the error of a function's result: a case, with its payload if it has one. A component may
    /// declare anything, so unknown cases and fields are accepted: the case becomes
    /// [`FailureCase::ExecutionFailed`], and its name the message.
    pub(crate) fn from_json(json: &[u8]) -> Self {
        let value = serde_json::from_slice(json).unwrap_or_default();
        let (name, payload) = match &value {
            Value::String(name) => (name, None),
            Value::Object(case) if let Some((name, payload)) = case.iter().next() => {
                (name, payload.as_object())
            }
            _ => return Self::new(FailureCase::ExecutionFailed, "the connector failed without saying how"),
        };
        let case = FailureCase::named(name);
        let mut failure = Self { case: case.unwrap_or_default(), ..Self::default() };
        if let Some(payload) = payload {
            failure.read(payload);
        }
        if failure.message.is_empty() {
            failure.message.clone_from(name);
        }
        failure
    }

    fn read(&mut self, payload: &Map<String, Value>) {
        for (key, value) in payload {
            match (key.as_str(), value) {
                ("problem", Value::Object(problem)) => self.read(problem),
                ("message", Value::String(text)) => self.message.clone_from(text),
                ("code", Value::String(text)) => self.code = Some(text.clone()),
                ("target", Value::String(text)) => self.target = Some(text.clone()),
                ("parameter", Value::String(text)) => self.parameter = Some(text.clone()),
                ("status", Value::Number(status)) => self.status = unsigned(status),
                ("retryAfterSeconds", Value::Number(seconds)) => self.retry_after_seconds = unsigned(seconds),
                ("missingRoles", Value::Array(roles)) => {
                    self.missing_roles = roles.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                }
                _ => {}
            }
        }
    }
}

fn unsigned<T: TryFrom<u64>>(number: &serde_json::Number) -> Option<T> {
    number.as_u64().and_then(|number| number.try_into().ok())
}
