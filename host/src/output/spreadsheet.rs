//! Text that a spreadsheet takes for text.
//!
//! A spreadsheet runs a cell as a formula if it begins with `=`, `+`, `-` or `@`, possibly after a tab or
//! carriage return ([CWE-1236](https://cwe.mitre.org/data/definitions/1236.html),
//! [OWASP: CSV Injection](https://owasp.org/www-community/attacks/CSV_Injection)); Chinese, Japanese and
//! Korean versions also accept the wide forms of these characters. An apostrophe in front makes the cell
//! text.

/// The characters that begin a formula.
const BEGINNINGS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Returns the text, with an apostrophe in front if a spreadsheet could run it.
pub(super) fn inert(text: String) -> String {
    let is_skipped = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '\u{feff}';
    let runs =
        text.starts_with(['\t', '\r', '\n']) || text.trim_start_matches(is_skipped).starts_with(BEGINNINGS);
    if runs { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::inert;

    #[test]
    fn a_formula_becomes_text_and_text_stays_as_it_is() {
        for formula in ["=1", "+1", "-1", "@SUM(1)", "\t=1", " =1", "\u{feff}=1", "＝1", "\rx", "\u{0}=1"] {
            assert_eq!(inert(formula.into()), format!("'{formula}"), "{formula:?}");
        }
        for text in ["", "a=1", "1-2", "'=1", "{\"a\":\"=1\"}", "2030-01-31T12:00:00Z"] {
            assert_eq!(inert(text.into()), text);
        }
    }
}
