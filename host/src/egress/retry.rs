//! When a request is sent again, and after how long.
//!
//! A read may always be sent again. A change is sent again only when it provably was not made: there was no
//! connection, or the API said that it is over its limit.

use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, StatusCode, header};

use super::transport::TransportError;
use crate::clock::Timestamp;
use crate::manifest::Effect;

/// How often a request is sent at most.
pub const ATTEMPTS: u32 = 3;
/// The longest wait before the second attempt; it doubles with each.
const BASE: Duration = Duration::from_millis(500);
/// The shortest wait after a reply that says that there were too many requests, and not for how long; it doubles too.
const COOLING: Duration = Duration::from_secs(1);
/// The longest wait that is not the API's own wish.
const CEILING: Duration = Duration::from_secs(20);
/// A wish beyond this is not waited for: the reply goes to the caller, who can read when to come again.
const LONGEST_WISH: Duration = Duration::from_secs(120);

/// What to do after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// This is the outcome.
    Final,
    /// Send the request again, so much later.
    Again(Duration),
}

/// What to do after a reply, which may say how long to wait. `chance` is a random number from 0 to 1.
#[must_use]
pub fn after_reply(
    effect: Effect,
    attempt: u32,
    status: StatusCode,
    wish: Option<Duration>,
    chance: f64,
) -> Verdict {
    // Over the limit, a request was not processed; after the others it may have been.
    let unprocessed = status == StatusCode::TOO_MANY_REQUESTS;
    let passing = matches!(status.as_u16(), 408 | 500 | 502 | 503 | 504);
    if attempt >= ATTEMPTS || !(unprocessed || passing && effect.is_read()) {
        return Verdict::Final;
    }
    match wish {
        Some(wish) if wish > LONGEST_WISH => Verdict::Final,
        // A little more than asked, so that all who were turned away do not come back at once.
        Some(wish) => Verdict::Again(wish + BASE.mul_f64(chance)),
        None if unprocessed => {
            let least = COOLING.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(CEILING / 2);
            Verdict::Again(least + least.mul_f64(chance.clamp(0.0, 1.0)))
        }
        None => Verdict::Again(backoff(attempt, chance)),
    }
}

/// How long the words of a refusal ask to wait, where it has no header that does: `… in 8 seconds`.
#[must_use]
pub fn wish_in_words(body: &[u8]) -> Option<Duration> {
    let words = String::from_utf8_lossy(body).to_ascii_lowercase();
    words.match_indices(" in ").find_map(|(place, word)| {
        let (number, rest) = words.get(place + word.len()..)?.split_once(' ')?;
        if number.is_empty()
            || !number.bytes().all(|byte| byte.is_ascii_digit())
            || !rest.starts_with("second")
        {
            return None;
        }
        Some(number.parse().map_or(Duration::MAX, Duration::from_secs))
    })
}

/// What to do after an attempt without a reply.
#[must_use]
pub fn after_failure(effect: Effect, attempt: u32, error: &TransportError, chance: f64) -> Verdict {
    let again = match error {
        TransportError::NotSent(dial) => dial.is_passing(),
        TransportError::Broken(_) => effect.is_read(),
        TransportError::Timeout { .. } => false,
    };
    if again && attempt < ATTEMPTS { Verdict::Again(backoff(attempt, chance)) } else { Verdict::Final }
}

/// The wait after that attempt, the first being 1: exponential, with full jitter.
#[must_use]
pub fn backoff(attempt: u32, chance: f64) -> Duration {
    let most = BASE.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(CEILING);
    most.mul_f64(chance.clamp(0.0, 1.0))
}

/// How long the API asks to wait: so many seconds, or until a date ([RFC 9110, section 10.2.3]). What is neither is no
/// wish.
///
/// [RFC 9110, section 10.2.3]: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(value.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    let date = date.duration_since(UNIX_EPOCH).unwrap_or_default();
    Some(Timestamp::from_micros(0).saturating_add(date).since(now))
}
