//! Which characters may reach a terminal, and how the others are shown.

use std::fmt::Write;

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

/// The selectors between emoji and text presentation, which many emoji contain; they hide and move nothing.
const PRESENTATION: [char; 2] = ['\u{fe0e}', '\u{fe0f}'];

/// Returns the text on one line, without anything that could drive a terminal or deceive its reader.
///
/// Line feeds and tabs become spaces. Other controls (C0, DEL, C1), format characters (directional,
/// zero-width, tags) and line separators are shown as escapes, in JSON's form: `\u009b`.
pub(crate) fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => safe.push(' '),
            letter => push(&mut safe, letter),
        }
    }
    safe
}

/// Like [`printable`], for text that may have lines and tabs.
pub(super) fn with_lines(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => safe.push(letter),
            letter => push(&mut safe, letter),
        }
    }
    safe
}

/// Like [`with_lines`], for this program's own text with its colours (`ESC [ … m`).
pub(super) fn with_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut safe = with_lines(parts.next().unwrap_or_default());
    for part in parts {
        match part.split_once('m') {
            Some((colour, rest)) if colour.bytes().all(|byte| byte.is_ascii_digit() || byte == b';') => {
                safe.extend(["\u{1b}[", colour, "m"]);
                safe.push_str(&with_lines(rest));
            }
            _ => safe.push_str(&with_lines(&format!("\u{1b}[{part}"))),
        }
    }
    safe
}

fn push(safe: &mut String, letter: char) {
    if !drives(letter) {
        return safe.push(letter);
    }
    for unit in letter.encode_utf16(&mut [0; 2]) {
        // Writing to a string cannot fail.
        let _ = write!(safe, "\\u{unit:04x}");
    }
}

/// Whether a character controls, reorders, hides or imitates the text beside it.
fn drives(letter: char) -> bool {
    if letter.is_ascii() {
        return letter.is_ascii_control();
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(letter);
    matches!(
        category,
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    ) || (CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(letter)
        && !PRESENTATION.contains(&letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_drives_a_terminal_is_shown_as_an_escape() {
        for (text, shown) in [
            ("a\u{1b}[2J", r"a\u001b[2J"),
            ("a\u{9b}2J", r"a\u009b2J"),
            ("\u{7f}\u{7}\r", r"\u007f\u0007\u000d"),
            ("\u{202a}\u{202e}\u{2066}\u{2069}", r"\u202a\u202e\u2066\u2069"),
            ("\u{200e}\u{200f}\u{61c}", r"\u200e\u200f\u061c"),
            ("a\u{200b}b\u{200d}c\u{feff}\u{ad}\u{3164}", r"a\u200bb\u200dc\ufeff\u00ad\u3164"),
            ("\u{e0041}", r"\udb40\udc41"),
            ("\u{2028}\u{2029}\u{85}", r"\u2028\u2029\u0085"),
            ("a\nb\tc", "a b c"),
        ] {
            assert_eq!(printable(text), shown);
            assert_eq!(printable(shown), shown, "what is safe stays as it is");
        }
    }

    #[test]
    fn what_people_write_stays_as_it_is() {
        for text in ["grün, naïve, e\u{301}", "端末 шифр عربى हिन्दी", "☁\u{fe0f} 🚀", "a\u{a0}b \\u001b"]
        {
            assert_eq!(printable(text), text);
        }
    }

    #[test]
    fn lines_stay_lines_where_they_may_and_only_colours_pass() {
        assert_eq!(with_lines("a\tb\n\u{1b}[1mc"), "a\tb\n\\u001b[1mc");
        assert_eq!(with_colours("\u{1b}[1ma\u{1b}[0m\nb"), "\u{1b}[1ma\u{1b}[0m\nb");
        for driving in ["\u{1b}[2J", "\u{1b}[1\u{1b}m", "\u{1b}]0;m", "\u{9b}1m", "\u{1b}[1", "\u{1b}[?1m"] {
            assert!(!with_colours(driving).contains(['\u{1b}', '\u{9b}']), "{driving:?}");
        }
    }
}
