//! How the call limits can be set.

use serde::{Deserialize, Serialize};

/// How the limits behave. Deserialises with every key optional.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct LimitOptions {
    /// Whether calls are refused, merely counted, or not even counted.
    pub mode: LimitMode,
    /// Calls per minute, over all operations.
    pub per_minute: usize,
    /// Calls per hour, over all operations.
    pub per_hour: usize,
    /// Whether the operations' own limits hold too (hunting 45 a minute, package URI 2 a minute…).
    pub per_operation: bool,
    /// How long a minute lasts, in milliseconds; an hour lasts 60 of them. Tests shorten it.
    pub minute_milliseconds: u64,
    /// What a refusal's `Retry-After` header holds.
    pub retry_after: RetryAfter,
    /// Which of the two wordings seen in real refusals is used.
    pub wording: Wording,
}

/// What happens to a call over a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LimitMode {
    /// 429.
    Enforce,
    /// It passes, but the report knows of it.
    Observe,
    /// It passes unseen: for measuring speed.
    Off,
}

/// Forms of the `Retry-After` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RetryAfter {
    /// Whole seconds, rounded up.
    Seconds,
    /// An HTTP date by the machine's wall clock.
    HttpDate,
    /// Something that is neither.
    Junk,
    /// No header.
    Absent,
}

/// The two message texts seen in real refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Wording {
    /// Names the limit only.
    Short,
    /// Also names the key and the seconds to wait.
    Hinted,
}

impl Default for LimitOptions {
    fn default() -> Self {
        Self {
            mode: LimitMode::Enforce,
            per_minute: 100,
            per_hour: 1500,
            per_operation: true,
            minute_milliseconds: 60_000,
            retry_after: RetryAfter::Seconds,
            wording: Wording::Hinted,
        }
    }
}
