//! The words of a refusal: the API's own where it gave any, else what came in their place.

use super::Reply;
use crate::decode::{keys, pick, plain};
use crate::failure::Problem;
use crate::prelude::*;

/// The most of a body that is searched for words, in bytes.
const MOST_SEARCHED: usize = 1 << 20;
/// The most characters of a message.
const LONGEST_MESSAGE: usize = 2000;
/// The most characters of a body that is shown for want of a message.
const LONGEST_EXCERPT: usize = 200;

/// The members in which errors are told.
const WORDS: [&str; 3] = ["error", "error_description", "message"];

/// What a refusal says.
pub(super) struct Words {
    /// The API's error code.
    pub(super) code: Option<String>,
    /// All of it.
    pub(super) problem: Problem,
}

/// Reads a refusal. No word of it repeats `secret`.
pub(super) fn read(reply: &Reply, secret: Option<&str>) -> Words {
    let Said { code, message, target } = cleaned(said(&reply.body).unwrap_or_default(), secret);
    let message = message.unwrap_or_else(|| match &code {
        Some(code) => format!("the API answered {} ({code})", reply.status),
        None => without_words(reply, secret),
    });
    let problem = Problem { message, code: code.clone(), target, status: Some(reply.status) };
    Words { code, problem }
}

/// Reads the error that a reply of success holds, if it holds one: an object with the API's words in it, or anything
/// else under that name where nothing stands beside it that was asked for. A machine action of an older tenant, say, has
/// a member `error` that says `None`.
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

/// Whether JSON is an object that has a code or a message: the API's error.
fn has_words(error: &str) -> bool {
    let words = pick(error.as_bytes(), &["code", "message"]).unwrap_or_default();
    words.iter().flatten().any(|word| plain(word).is_some_and(|word| !word.is_empty()))
}

/// Whether the word `error` may be in a text, in any case of letters. Every reply of success is asked that, before it is
/// read: it costs little to look for the double `r` alone, in eight bytes at a time.
fn may_say_error(text: &[u8]) -> bool {
    const EACH: u64 = u64::MAX / 0xFF;
    const LOW_BITS: u64 = EACH * 0x7F;
    let (words, rest) = text.as_chunks();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let mut before = 0;
    words.iter().chain([&last]).any(|word| {
        let unlike_r = (u64::from_le_bytes(*word) | (EACH * 0x20)) ^ (EACH * u64::from(b'r'));
        // The highest bit of each byte that was an `r`.
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

/// A text in which the secret is blotted out.
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

/// The API says `{"error": {"code", "message", "target"}}`; the token authority says
/// `{"error": "…", "error_description": "…"}`; gateways before them say `{"message": "…"}`.
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

/// What to say of a reply that has no words of the API's.
fn without_words(reply: &Reply, secret: Option<&str>) -> String {
    let kind = reply.header("content-type").map(|kind| printable(&redacted(kind, secret), LONGEST_EXCERPT));
    let kind = kind.filter(|kind| !kind.is_empty()).unwrap_or_else(|| "of no stated type".to_owned());
    // A secret that reaches over the end of what is shown must still be seen whole.
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

/// At most so many characters of a text, without control characters, and with one space for any white space.
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
