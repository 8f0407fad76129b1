//! Prepares an authority's own messages for display.

/// How much of a message is shown, in characters.
const LONGEST: usize = 300;
/// The labels of the ids by which support finds a refused request in its logs. Microsoft Entra ends its
/// messages with these.
const MARKS: [&str; 3] = ["Trace ID: ", "Correlation ID: ", "Timestamp: "];
/// The longest value after such a label, in characters.
const LONGEST_MARK: usize = 40;

/// The number in Microsoft Entra's messages: `AADSTS7000215: Invalid client secret provided. …`
///
/// Source: <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>
pub(super) fn entra_code(text: &str) -> Option<u32> {
    let digits = text.split_once("AADSTS")?.1;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end)?.parse().ok()
}

/// The first line, cut short, without control characters and without the secret, followed by the complete ids
/// by which support finds the request.
pub(super) fn presentable(text: &str, secret: &str) -> Box<str> {
    let text = if secret.is_empty() { text.to_owned() } else { text.replace(secret, "(secret)") };
    let end = MARKS.iter().filter_map(|mark| text.find(mark)).min().unwrap_or(text.len());
    let line = text[..end].lines().next().unwrap_or_default().trim();
    let mut shown: String = line.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    if line.chars().count() > LONGEST {
        shown.push('…');
    }
    for mark in MARKS {
        if let Some(value) = marked(&text, mark) {
            shown.push_str(if shown.is_empty() { "" } else { " " });
            shown.push_str(mark);
            shown.push_str(value);
        }
    }
    shown.into()
}

/// The value after the label: an id, or a time such as `2030-01-31 12:00:00Z`.
fn marked<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let rest = text.split_once(mark)?.1;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.' | ' ');
    let end = rest.find(|c| !plain(c)).unwrap_or(rest.len());
    let end = MARKS.iter().filter_map(|mark| rest.find(mark)).min().unwrap_or(end).min(end);
    let value = rest[..end].trim();
    (!value.is_empty() && value.len() <= LONGEST_MARK).then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MARKED: &str = "Trace ID: 0b4e8a2c-7d1f-4c6a-9b3e-5f2d8c1a7e00 \
                          Correlation ID: 9c5d1e7f-3a2b-4d8c-8e6f-1b0a9d7c5e42 Timestamp: 2030-01-31 12:00:00Z";

    #[test]
    fn the_ids_that_support_asks_for_are_whole_however_long_the_message_is() {
        let said = format!("AADSTS50076: {}", "word ".repeat(200));
        let shown = presentable(&format!("{said}{MARKED}"), "");
        assert!(
            shown.starts_with("AADSTS50076: word ") && shown.ends_with(&format!("… {MARKED}")),
            "{shown}"
        );
        assert!(shown.chars().count() < LONGEST + MARKED.len() + 3, "{shown}");
    }

    #[test]
    fn the_ids_are_found_on_lines_of_their_own_too() {
        let lines = MARKED.replace(" Correlation", "\r\nCorrelation").replace(" Timestamp", "\r\nTimestamp");
        let shown = presentable(&format!("AADSTS70043: It has expired.\r\n{lines}\r\n"), "");
        assert_eq!(&*shown, format!("AADSTS70043: It has expired. {MARKED}"));
    }

    #[test]
    fn a_message_is_one_line_without_controls_or_the_secret() {
        assert_eq!(&*presentable("a\u{1b}[2Jb\nc", ""), "a[2Jb");
        assert_eq!(&*presentable("you sent hunter2", "hunter2"), "you sent (secret)");
        assert_eq!(&*presentable("x Trace ID: \u{1b}[2J", ""), "x");
        assert_eq!(&*presentable(&format!("x Trace ID: {}", "1".repeat(50)), ""), "x");
        assert_eq!(&*presentable("", ""), "");
    }

    #[test]
    fn a_code_is_found() {
        assert_eq!(entra_code("error: AADSTS7000215: Invalid"), Some(7_000_215));
        for text in ["", "AADSTS", "AADSTSx", "AADSTS99999999999"] {
            assert_eq!(entra_code(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_drives_a_terminal(text: String, secret: String) {
            let shown = presentable(&text, &secret);
            prop_assert!(!shown.chars().any(char::is_control));
            prop_assert!(shown.chars().count() <= LONGEST + 1 + MARKS.len() * (LONGEST_MARK + 20));
        }
    }
}
