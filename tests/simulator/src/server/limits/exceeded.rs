//! The refusal of a call over a limit.

use std::fmt;
use std::time::{Duration, SystemTime};

use http::HeaderValue;

use super::options::{RetryAfter, Wording};

/// A refused call: the limit that refused it, and when the next call would pass.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Exceeded {
    pub(super) limit: usize,
    pub(super) period: Duration,
    pub(super) wait: Duration,
    pub(super) retry_after: RetryAfter,
    pub(super) wording: Wording,
}

impl Exceeded {
    pub(crate) fn retry_after(&self) -> Option<HeaderValue> {
        match self.retry_after {
            RetryAfter::Seconds => Some(HeaderValue::from(self.seconds())),
            RetryAfter::HttpDate => {
                let date = httpdate::fmt_http_date(
                    SystemTime::now() + Duration::from_secs(self.seconds().min(LONGEST)),
                );
                HeaderValue::try_from(date).ok()
            }
            RetryAfter::Junk => Some(HeaderValue::from_static("soon; maybe")),
            RetryAfter::Absent => None,
        }
    }

    /// The wait in whole seconds, rounded up so that it always suffices.
    pub(super) fn seconds(&self) -> u64 {
        self.wait.as_secs() + u64::from(self.wait.subsec_nanos() > 0)
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.period.as_secs();
        let period = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        match self.wording {
            Wording::Short => {
                write!(f, "API calls quota exceeded! maximum allowed {} per {period}", self.limit)
            }
            Wording::Hinted => write!(
                f,
                "API calls quota exceeded! Maximum allowed {} per {period} for the key \
                 Destination+TenantID+AppID. You can send requests again in {} seconds.",
                self.limit,
                self.seconds()
            ),
        }
    }
}

/// The longest wait in seconds: HTTP dates further ahead than a year might be impossible to write.
const LONGEST: u64 = 366 * 24 * 3600;
