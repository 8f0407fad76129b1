//! Lines that fit: text is wrapped between words, never inside one.

use unicode_width::UnicodeWidthStr;

/// Wraps a text into lines of at most `width` columns. Lines after the first keep its indent, and add
/// `hanging` columns.
///
/// A longer word gets its own line. Text between backticks counts as one word if it fits, so that it can be
/// copied.
pub(crate) fn wrapped(text: &str, width: usize, hanging: usize) -> Vec<String> {
    if text.width() <= width {
        return vec![text.to_owned()];
    }
    let first = text.len() - text.trim_start_matches(' ').len();
    let indent = " ".repeat(first + hanging);
    let mut lines = Vec::new();
    let mut line = " ".repeat(first);
    let mut is_empty = true;
    for word in words(text, width.saturating_sub(indent.len())) {
        if !is_empty && line.width() + 1 + word.width() > width {
            lines.push(std::mem::replace(&mut line, indent.clone()));
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    lines.push(line);
    lines
}

/// The pieces that stay together: words, and text between backticks that is no wider than `room`.
fn words(text: &str, room: usize) -> Vec<&str> {
    let is_quoting = text.matches('`').count().is_multiple_of(2);
    let mut quoted = false;
    let pieces = text.split(|letter: char| {
        quoted ^= letter == '`' && is_quoting;
        letter.is_whitespace() && !quoted
    });
    let fitting = |piece: &'_ str| piece.width() <= room;
    let mut words = Vec::new();
    for piece in pieces {
        if fitting(piece) {
            words.push(piece);
        } else {
            words.extend(piece.split_whitespace());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_never_broken() {
        let text = "the quick brown fox jumps over the lazy dog and an_identifier_that_is_longer_than_a_line ends it";
        let lines = wrapped(text, 20, 0);
        assert!(lines.iter().all(|line| line.width() <= 20 || !line.contains(' ')), "{lines:?}");
        assert_eq!(lines.join(" "), text);
        assert_eq!(wrapped(text, 200, 0), [text]);
    }

    #[test]
    fn lines_stand_in_as_the_first_does() {
        assert_eq!(wrapped("  aa bb cc", 6, 0), ["  aa", "  bb", "  cc"]);
        assert_eq!(wrapped("hint: aa bb cc", 10, 6), ["hint: aa", "      bb", "      cc"]);
    }

    #[test]
    fn a_command_stays_whole_if_it_can() {
        let text = "use `connector call x` now, or `connector connections test --connection default` later";
        let lines = wrapped(text, 24, 0);
        assert!(lines.contains(&"use `connector call x`".to_owned()), "{lines:?}");
        assert!(lines.iter().all(|line| line.width() <= 24), "{lines:?}");
    }
}
