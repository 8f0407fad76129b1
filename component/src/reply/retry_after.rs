//! How long to wait after too many calls.

use super::Reply;
use crate::instant::Instant;

/// The longest wait that is accepted, in seconds: a day.
const LONGEST: u32 = 86_400;

/// The seconds to wait, if the reply says so: in its `Retry-After` header as a number or a date, or in its
/// message.
pub(super) fn seconds(reply: &Reply, message: &str, now: fn() -> Instant) -> Option<u32> {
    let header = reply.header("retry-after");
    let seconds = header.and_then(number).or_else(|| until(header?, reply.date().unwrap_or_else(now)));
    seconds.or_else(|| hint(message)).map(|seconds| seconds.min(LONGEST))
}

fn number(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(LONGEST))
}

/// The seconds from now until a date; `None` if it has passed.
fn until(date: &str, now: Instant) -> Option<u32> {
    let wait = now.seconds_until(Instant::parse_http(date)?);
    Some(u32::try_from(wait).unwrap_or(LONGEST))
}

/// Finds `in 8 seconds`.
fn hint(message: &str) -> Option<u32> {
    message.match_indices("in ").find_map(|(place, word)| {
        let rest = &message[place + word.len()..];
        let digits = &rest[..rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len())];
        number(digits).filter(|_| rest[digits.len()..].starts_with(" second"))
    })
}
