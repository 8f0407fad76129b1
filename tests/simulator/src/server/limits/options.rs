//! The options of the call limits.

use serde::{Deserialize, Serialize};

/// The options of the call limits. All keys are optional when read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct LimitOptions {
    /// Whether calls over a limit are refused, only counted, or not even counted.
    pub mode: LimitMode,
    /// The calls allowed per minute, over all operations.
    pub per_minute: usize,
    /// The calls allowed per hour, over all operations.
    pub per_hour: usize,
    /// Whether the limits of single operations also apply (hunting 45 a minute, package URI 2 a minute…).
    pub per_operation: bool,
    /// How long a minute lasts, in milliseconds. An hour lasts 60 of them. Tests shorten it.
    pub minute_milliseconds: u64,
    /// The form of a refusal's `Retry-After` header.
    pub retry_after: RetryAfter,
    /// Which of the two wordings seen in real refusals to use.
    pub wording: Wording,
}

/// What happens to a call that exceeds a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LimitMode {
    /// The call is refused with 429.
    Enforce,
    /// The call passes, but the statistics count it.
    Observe,
    /// Calls are not counted at all, to measure speed.
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
    /// A value that is neither.
    Junk,
    /// No header.
    Absent,
}

/// The two wordings seen in real refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Wording {
    /// Names only the limit.
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
