//! When a request is sent again, and after how long.
//!
//! A read may always be sent again. A change is sent again only when it provably was not made:
//!
//! - there was no connection, or it closed before anything of the request was written;
//! - the server said over HTTP/2 that it did not process the request ([`TransportError::Refused`]);
//! - the API answered 429, which says that there were too many requests;
//! - the API answered 401, and a different token could be obtained: once because of the token's age, and once
//!   for the claims that the API asks for. This is decided in [`Egress::send`](super::Egress::send), which
//!   has the tokens.

use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, StatusCode, header};

use super::transport::{DialError, TransportError};
use crate::clock::Timestamp;
use crate::manifest::Effect;

/// How many times a request is sent at most, including the first.
pub const ATTEMPTS: u32 = 3;
/// How many times a request is sent at most while the server rejects it unprocessed. A server that closes
/// each connection after a number of requests rejects all requests that are in flight at that moment.
pub const REFUSALS: u32 = 6;
/// The longest wait before the second attempt. It doubles with each attempt.
const BASE: Duration = Duration::from_millis(500);
/// The shortest wait after a 429 that does not say how long to wait. It doubles as well.
const COOLING: Duration = Duration::from_secs(1);
/// The longest wait that the API did not ask for.
const CEILING: Duration = Duration::from_secs(20);
/// If the API asks for a longer wait, the reply goes to the caller, who can read when to try again.
const LONGEST_WISH: Duration = Duration::from_secs(120);

/// What to do after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Stop: the attempt's outcome is final.
    Final,
    /// Send the request again, after this wait.
    Again(Duration),
}

/// Decides what to do after a reply, which may say how long to wait. `chance` is a random number from 0 to 1.
#[must_use]
pub fn after_reply(
    effect: Effect,
    attempt: u32,
    status: StatusCode,
    wish: Option<Duration>,
    chance: f64,
) -> Verdict {
    // A request over the limit was not processed; after the other statuses it may have been.
    let unprocessed = status == StatusCode::TOO_MANY_REQUESTS;
    let passing = matches!(status.as_u16(), 408 | 500 | 502 | 503 | 504);
    if attempt >= ATTEMPTS || !(unprocessed || passing && effect.is_read()) {
        return Verdict::Final;
    }
    match wish {
        Some(wish) if wish > LONGEST_WISH => Verdict::Final,
        // Wait a little longer than asked, so that not all rejected requests come back at once.
        Some(wish) => Verdict::Again(wish + BASE.mul_f64(chance)),
        None if unprocessed => {
            let least = COOLING.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(CEILING / 2);
            Verdict::Again(least + least.mul_f64(chance.clamp(0.0, 1.0)))
        }
        None => Verdict::Again(backoff(attempt, chance)),
    }
}

/// How long a refusal asks to wait in its text, such as `… in 8 seconds`, for replies without a header that
/// says so.
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

/// Decides what to do after an attempt without a reply. `chance` is a random number from 0 to 1.
#[must_use]
pub fn after_failure(effect: Effect, attempt: u32, error: &TransportError, chance: f64) -> Verdict {
    let (again, most) = match error {
        TransportError::NotSent(dial) => (dial.is_passing(), ATTEMPTS),
        // The sender asks for permission again instead of waiting here.
        TransportError::Withheld => (false, 0),
        TransportError::Refused(_) => (true, REFUSALS),
        TransportError::Closing(_) | TransportError::Broken(_) => (effect.is_read(), ATTEMPTS),
        TransportError::Timeout { .. } => (false, 0),
    };
    match attempt {
        _ if !again || attempt >= most => Verdict::Final,
        // Nothing is wrong with the server; it only wants a new connection.
        1 if is_goodbye(error) => Verdict::Again(Duration::ZERO),
        _ if is_goodbye(error) => Verdict::Again(backoff(attempt.saturating_sub(1), chance)),
        _ => Verdict::Again(backoff(attempt, chance)),
    }
}

/// Whether only the connection came to its end, so that a new one will do.
fn is_goodbye(error: &TransportError) -> bool {
    match error {
        TransportError::NotSent(dial) => matches!(**dial, DialError::Closed(_)),
        TransportError::Refused(_) | TransportError::Closing(_) => true,
        _ => false,
    }
}

/// The wait after this attempt, counted from 1: exponential, with full jitter.
#[must_use]
pub fn backoff(attempt: u32, chance: f64) -> Duration {
    let most = BASE.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(CEILING);
    most.mul_f64(chance.clamp(0.0, 1.0))
}

/// How long the API asks to wait: a number of seconds, or until a date ([RFC 9110, section 10.2.3]). Anything else is
/// ignored.
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const READ: Effect = Effect::Read;
    const CHANGES: [Effect; 2] = [Effect::Write, Effect::Disruptive];

    fn status(code: u16) -> StatusCode {
        StatusCode::from_u16(code).unwrap()
    }

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn not_sent(dial: DialError) -> TransportError {
        TransportError::NotSent(Arc::new(dial))
    }

    #[test]
    fn a_read_is_sent_again_after_what_may_pass() {
        for code in 200..600 {
            let verdict = after_reply(READ, 1, status(code), None, 1.0);
            let again = [408, 429, 500, 502, 503, 504].contains(&code);
            assert_eq!(verdict != Verdict::Final, again, "{code}");
        }
        for (attempt, wait) in [(1, Some(500)), (2, Some(1000)), (3, None), (4, None)] {
            let expected = wait.map_or(Verdict::Final, |wait| Verdict::Again(ms(wait)));
            assert_eq!(after_reply(READ, attempt, status(503), None, 1.0), expected, "{attempt}");
        }
    }

    #[test]
    fn a_change_is_sent_again_after_a_429_only() {
        for effect in CHANGES {
            for code in 200..600 {
                let verdict = after_reply(effect, 1, status(code), None, 0.0);
                assert_eq!(verdict != Verdict::Final, code == 429, "{code}");
            }
            assert_eq!(after_reply(effect, ATTEMPTS, status(429), None, 0.0), Verdict::Final);
        }
    }

    #[test]
    fn a_wish_is_waited_for_and_a_little_longer_unless_it_is_beyond_reason() {
        let after =
            |seconds, chance| after_reply(READ, 1, status(503), Some(Duration::from_secs(seconds)), chance);
        assert_eq!(after(7, 0.0), Verdict::Again(ms(7000)));
        assert_eq!(after(7, 1.0), Verdict::Again(ms(7500)));
        assert_eq!(after(0, 0.5), Verdict::Again(ms(250)));
        assert_eq!(after(120, 0.0), Verdict::Again(ms(120_000)));
        assert_eq!(after(121, 0.0), Verdict::Final);
    }

    #[test]
    fn too_many_requests_wait_a_second_and_then_two() {
        let after = |attempt, chance| after_reply(READ, attempt, status(429), None, chance);
        assert_eq!((after(1, 0.0), after(1, 1.0)), (Verdict::Again(ms(1000)), Verdict::Again(ms(2000))));
        assert_eq!((after(2, 0.0), after(2, 1.0)), (Verdict::Again(ms(2000)), Verdict::Again(ms(4000))));
    }

    #[test]
    fn without_a_reply_a_read_goes_again_and_a_change_only_if_it_was_not_processed() {
        let lost = "lost".into();
        let (refused, closing) = (TransportError::Refused("x".into()), TransportError::Closing("x".into()));
        for (error, read, change) in [
            (not_sent(DialError::Refused), true, true),
            (not_sent(DialError::TimedOut), true, true),
            (not_sent(DialError::Closed("x".into())), true, true),
            (not_sent(DialError::OutOfFiles), true, true),
            (not_sent(DialError::Tls("x".into())), false, false),
            (not_sent(DialError::NotTls), false, false),
            (not_sent(DialError::Proxy("x".into())), false, false),
            (refused, true, true),
            (closing, true, false),
            (TransportError::Broken(lost), true, false),
            (TransportError::Withheld, false, false),
            (TransportError::Timeout { sent: false }, false, false),
            (TransportError::Timeout { sent: true }, false, false),
        ] {
            assert_eq!(after_failure(READ, 1, &error, 1.0) != Verdict::Final, read, "{error:?}");
            for effect in CHANGES {
                assert_eq!(after_failure(effect, 1, &error, 1.0) != Verdict::Final, change, "{error:?}");
            }
        }
    }

    #[test]
    fn a_goodbye_is_followed_by_another_connection_at_once_and_then_by_waits() {
        let refused = TransportError::Refused("x".into());
        let waits: Vec<_> =
            (1..=7).map(|attempt| after_failure(CHANGES[0], attempt, &refused, 1.0)).collect();
        let expected = [0, 500, 1000, 2000, 4000].map(|wait| Verdict::Again(ms(wait)));
        assert_eq!(waits, [&expected[..], &[Verdict::Final, Verdict::Final]].concat());

        for goodbye in [TransportError::Closing("x".into()), not_sent(DialError::Closed("x".into()))] {
            assert_eq!(after_failure(READ, 1, &goodbye, 1.0), Verdict::Again(ms(0)), "{goodbye:?}");
            assert_eq!(after_failure(READ, 2, &goodbye, 1.0), Verdict::Again(ms(500)), "{goodbye:?}");
            assert_eq!(after_failure(READ, 3, &goodbye, 1.0), Verdict::Final, "{goodbye:?}");
        }
        for trouble in [TransportError::Broken("x".into()), not_sent(DialError::Refused)] {
            assert_eq!(after_failure(READ, 1, &trouble, 1.0), Verdict::Again(ms(500)), "{trouble:?}");
        }
    }

    #[test]
    fn backoff_doubles_up_to_a_ceiling_with_full_jitter() {
        let most = [1, 2, 3, 4, 5, 6, 7, 8, 1000, u32::MAX].map(|attempt| backoff(attempt, 1.0).as_millis());
        assert_eq!(most, [500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000, 20_000, 20_000]);
        assert_eq!(backoff(3, 0.0), Duration::ZERO);
        assert_eq!(backoff(3, 0.25), ms(500));
        assert_eq!((backoff(1, 7.0), backoff(1, -7.0)), (ms(500), Duration::ZERO));
    }

    #[test]
    fn the_words_of_a_refusal_say_how_long_to_wait() {
        let wish = |text: &str| wish_in_words(text.as_bytes());
        assert_eq!(wish("You can send requests again in 8 seconds."), Some(ms(8000)));
        assert_eq!(wish("AGAIN IN 1 SECOND"), Some(ms(1000)));
        assert_eq!(wish("sent in vain; try in 30 seconds"), Some(ms(30_000)));
        assert_eq!(wish("try in 99999999999999999999 seconds"), Some(Duration::MAX));
        for text in [
            "",
            "again in 8 minutes",
            "again in  8 seconds",
            "again in -8 seconds",
            "again in 8",
            "within 8 seconds",
        ] {
            assert_eq!(wish(text), None, "{text}");
        }
    }

    #[test]
    fn a_retry_after_is_a_number_of_seconds_or_a_date() {
        let now = Timestamp::from_micros(784_111_777_000_000);
        let wish = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, value.parse().unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(wish("7"), Some(ms(7000)));
        assert_eq!(wish(" 0 "), Some(Duration::ZERO));
        assert_eq!(wish("99999999999999999999999"), Some(Duration::MAX));
        assert_eq!(wish("Sun, 06 Nov 1994 08:49:47 GMT"), Some(ms(10_000)));
        assert_eq!(wish("Sun, 06 Nov 1994 08:49:27 GMT"), Some(Duration::ZERO));
        for nonsense in ["", "soon", "-5", "1.5", "7 s"] {
            assert_eq!(wish(nonsense), None, "{nonsense}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
