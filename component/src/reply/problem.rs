//! The message of a refusal: the API's own, or a description of the reply if it has none.

use super::Reply;
use crate::decode::{keys, pick, plain};
use crate::failure::Problem;
use crate::prelude::*;

/// The largest part of a body that is searched for a message, in bytes.
const MOST_SEARCHED: usize = 1 << 20;
/// The longest message, in characters.
const LONGEST_MESSAGE: usize = 2000;
/// The longest excerpt shown of a body without a message, in characters.
const LONGEST_EXCERPT: usize = 200;

/// The members that hold errors.
const WORDS: [&str; 3] = ["error", "error_description", "message"];

/// What a refusal says.
pub(super) struct Words {
    /// The API's error code.
    pub(super) code: Option<String>,
    /// The problem, with the code, the message and the status.
    pub(super) problem: Problem,
}

/// Reads a refusal. Neither its code nor its problem repeats `secret`.
pub(super) fn read(reply: &Reply, secret: Option<&str>) -> Words {
    let Said { code, message, target } = cleaned(said(&reply.body).unwrap_or_default(), secret);
    let message = message.unwrap_or_else(|| match &code {
        Some(code) => format!("the API answered {} ({code})", reply.status),
        None => without_words(reply, secret),
    });
    let problem = Problem { message, code: code.clone(), target, status: Some(reply.status) };
    Words { code, problem }
}

/// Reads the error in a successful reply, if there is one. An object with a code or a message is an error.
/// Any other value of `error` is one only if the reply has no member that was asked for: machine actions of
/// older tenants, for example, have a member `error` with the value `None`.
pub(super) fn beside_success(
    status: u16,
    json: &[u8],
    secret: Option<&str>,
    is_asked_for: fn(&str) -> bool,
) -> Option<Words> {
    if !may_say_error(json) {
        return None;
    }
    let error = pick(json, &["error"]).ok()?.first().copied().flatten()?;
    let is_result =
        |key: &String| is_asked_for(key) && !WORDS.iter().any(|word| key.eq_ignore_ascii_case(word));
    if !has_words(error) && keys(json).ok()?.iter().any(is_result) {
        return None;
    }
    let Said { code, message, target } = cleaned(said(json)?, secret);
    let words = message.or_else(|| code.clone()).unwrap_or_else(|| "it gave no message".to_owned());
    let message = format!("the API answered {status} with an error: {words}");
    let problem = Problem { message, code: code.clone(), target, status: Some(status) };
    Some(Words { code, problem })
}

/// Whether JSON is an object with a code or a message, as the API's errors are.
fn has_words(error: &str) -> bool {
    let words = pick(error.as_bytes(), &["code", "message"]).unwrap_or_default();
    words.iter().flatten().any(|word| plain(word).is_some_and(|word| !word.is_empty()))
}

/// Whether text may contain the word `error` in any case. Every successful reply is checked before it is
/// read, so the check is cheap: it only looks for a double `r`, eight bytes at a time.
fn may_say_error(text: &[u8]) -> bool {
    const EACH: u64 = u64::MAX / 0xFF;
    const LOW_BITS: u64 = EACH * 0x7F;
    let (words, rest) = text.as_chunks();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let mut before = 0;
    words.iter().chain([&last]).any(|word| {
        let unlike_r = (u64::from_le_bytes(*word) | (EACH * 0x20)) ^ (EACH * u64::from(b'r'));
        // The highest bit is set in each byte that was an `r`.
        let r = !(((unlike_r & LOW_BITS) + LOW_BITS) | unlike_r | LOW_BITS);
        let doubled = r & ((r << 8) | before);
        before = r >> 56;
        doubled != 0
    })
}

fn cleaned(Said { code, message, target }: Said, secret: Option<&str>) -> Said {
    let clean = |text: Option<String>| {
        let text = text.map(|text| printable(&redacted(&text, secret), LONGEST_MESSAGE));
        text.filter(|text| !text.is_empty())
    };
    Said { code: clean(code), message: clean(message), target: clean(target) }
}

/// Replaces the secret in a text.
pub(super) fn redacted(text: &str, secret: Option<&str>) -> String {
    match secret {
        Some(secret) if !secret.is_empty() => text.replace(secret, "[token]"),
        _ => text.to_owned(),
    }
}

#[derive(Default)]
struct Said {
    code: Option<String>,
    message: Option<String>,
    target: Option<String>,
}

/// Reads an error body. The API writes `{"error": {"code", "message", "target"}}`, the token authority writes
/// `{"error": "…", "error_description": "…"}`, and gateways in front of them write `{"message": "…"}`.
fn said(body: &[u8]) -> Option<Said> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let searched = body.get(..MOST_SEARCHED).unwrap_or(body);
    let outer = pick(searched, &WORDS).ok()?;
    let text = |values: &[Option<&str>], place: usize| plain((*values.get(place)?)?);
    match outer.first().copied().flatten() {
        Some(error) if error.starts_with('{') => {
            let inner = pick(error.as_bytes(), &["code", "message", "target"]).ok()?;
            Some(Said { code: text(&inner, 0), message: text(&inner, 1), target: text(&inner, 2) })
        }
        _ => Some(Said {
            code: text(&outer, 0),
            message: text(&outer, 1).or_else(|| text(&outer, 2)),
            target: None,
        }),
    }
}

/// Describes a reply without a message of the API's.
fn without_words(reply: &Reply, secret: Option<&str>) -> String {
    let kind = reply.header("content-type").map(|kind| printable(&redacted(kind, secret), LONGEST_EXCERPT));
    let kind = kind.filter(|kind| !kind.is_empty()).unwrap_or_else(|| "of no stated type".to_owned());
    // Take enough text to recognise a secret that extends past the end of the excerpt.
    let shown = LONGEST_EXCERPT * 16 + secret.map_or(0, str::len);
    let start = String::from_utf8_lossy(reply.body.get(..shown).unwrap_or(&reply.body));
    let excerpt = printable(&redacted(&start, secret), LONGEST_EXCERPT);
    if excerpt.is_empty() {
        format!("the API answered {} without a message", reply.status)
    } else {
        format!(
            "the API answered {} with a body that is not one of its errors ({kind}): {excerpt}",
            reply.status
        )
    }
}

/// The first `most` characters of a text, without control characters and with white space reduced to single
/// spaces.
fn printable(text: &str, most: usize) -> String {
    let mut kept = String::new();
    for (count, letter) in text.split_whitespace().flat_map(|word| word.chars().chain([' '])).enumerate() {
        if count >= most {
            return kept.trim_end().to_owned() + "…";
        }
        if !letter.is_control() {
            kept.push(letter);
        }
    }
    kept.truncate(kept.trim_end().len());
    kept
}

#[cfg(test)]
mod tests {
    use super::may_say_error;

    #[test]
    fn the_word_is_found_wherever_it_stands() {
        for before in 0..20 {
            for after in 0..20 {
                for word in ["error", "Error", "ERROR"] {
                    let text = ["-".repeat(before).as_str(), word, &"-".repeat(after)].concat();
                    assert!(may_say_error(text.as_bytes()), "{text}");
                }
                let text =
                    ["r".repeat(before.min(1)).as_str(), "ero\u{f2}-\u{d2}r2R", &"-".repeat(after)].concat();
                assert!(!may_say_error(text.as_bytes()), "{text}");
            }
        }
        assert!(!may_say_error(b""));
    }
}
