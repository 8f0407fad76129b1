//! Tables for people: a line for each row, and as many columns as fit.
//!
//! Values that identify a thing are never shortened, so that they can be copied. Text that is too long ends
//! in an ellipsis. Times lose their fractions and, if that makes room for a column that matters, their
//! seconds; other formats are exact.

use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::path::Path;
use crate::terminal::printable;

/// The space between two columns.
const GAP: usize = 2;
/// A value without white space counts as an id up to this width: 40 characters are a SHA-1.
const LONGEST_ID: usize = 40;
/// The width at which text is easy to read.
const COMFORTABLE: usize = 24;
/// The least width at which text is worth showing, if there is no more room.
const LEAST: usize = 12;

/// A table.
pub(super) struct Table {
    /// Its lines; the first is the heading.
    pub(super) lines: Vec<String>,
    /// How many columns it has.
    pub(super) columns: usize,
}

/// Renders rows as a table, with as many of the columns as fit into the width; the most wanted columns come
/// first.
pub(super) fn render(columns: &[Path], rows: &[Value], width: usize) -> Table {
    let laid_out = |short: fn(&str) -> String| {
        let columns = columns.iter().map(|path| {
            let cells = rows.iter().map(|row| short(&path.cell(row).text));
            Column::new(&path.title(), cells.collect())
        });
        fitting(columns.collect(), width)
    };
    let mut fit = laid_out(to_the_second);
    if fit.left_out.is_some() {
        let shorter = laid_out(to_the_minute);
        // The later the first omitted column comes, the more of the important ones are shown.
        if shorter.left_out.is_none_or(|first| Some(first) > fit.left_out) {
            fit = shorter;
        }
    }
    Table { lines: written(&fit.shown), columns: fit.shown.len() }
}

/// Renders rows under headings, each on one line; text that does not fit ends in an ellipsis.
pub(super) fn lines(headings: &[&str], rows: &[Vec<String>], width: usize) -> Vec<String> {
    let column = |(place, title): (usize, &&str)| {
        Column::new(title, rows.iter().map(|row| row.get(place).cloned().unwrap_or_default()).collect())
    };
    let columns: Vec<Column> = headings.iter().enumerate().map(column).collect();
    written(&columns).iter().map(|line| cut(line, width)).collect()
}

/// A column with its cells, ready to print.
struct Column {
    title: String,
    cells: Vec<String>,
    /// The width of its widest cell.
    natural: usize,
    /// The width that it gets.
    width: usize,
    /// Whether it holds text, which may be shortened.
    is_text: bool,
}

impl Column {
    fn new(title: &str, cells: Vec<String>) -> Self {
        let title = printable(title);
        let cells: Vec<String> = cells.iter().map(|cell| printable(cell)).collect();
        let widest = cells.iter().map(|cell| cell.width()).max().unwrap_or(0);
        let has_words = cells.iter().any(|cell| cell.contains(char::is_whitespace));
        let natural = widest.max(title.width());
        Self { title, cells, natural, width: natural, is_text: has_words || widest > LONGEST_ID }
    }

    /// Returns the width that it takes if this much room is left; `None` if that is not enough.
    fn within(&self, room: usize) -> Option<usize> {
        let wanted =
            if self.is_text { self.natural.min(COMFORTABLE).max(self.title.width()) } else { self.natural };
        match self.is_text {
            _ if wanted <= room => Some(wanted),
            true if room >= LEAST.max(self.title.width()) => Some(room),
            _ => None,
        }
    }
}

/// The columns that fit side by side.
struct Fit {
    shown: Vec<Column>,
    /// The position of the first column that does not fit, among all columns.
    left_out: Option<usize>,
}

/// Fits as many columns as possible, most wanted first. The first column names the row, and is always shown.
/// Remaining space goes to columns of text.
fn fitting(columns: Vec<Column>, width: usize) -> Fit {
    let mut shown: Vec<Column> = Vec::new();
    let (mut used, mut left_out) = (0, None);
    for (place, mut column) in columns.into_iter().enumerate() {
        if shown.is_empty() {
            used = column.natural;
            shown.push(column);
        } else if let Some(taken) = column.within(width.saturating_sub(used + GAP)) {
            column.width = taken;
            used += GAP + taken;
            shown.push(column);
        } else {
            left_out = left_out.or(Some(place));
        }
    }
    let mut left = width.saturating_sub(used);
    for column in &mut shown {
        let more = (column.natural - column.width).min(left);
        column.width += more;
        left -= more;
    }
    Fit { shown, left_out }
}

fn written(columns: &[Column]) -> Vec<String> {
    let line = |text: &dyn Fn(&Column) -> String| {
        let cells = columns.iter().map(|column| {
            let text = cut(&text(column), column.width);
            let padding = " ".repeat(column.width - text.width().min(column.width) + GAP);
            text + &padding
        });
        cells.collect::<String>().trim_end().to_owned()
    };
    let rows = columns.first().map_or(0, |column| column.cells.len());
    let head = line(&|column| column.title.clone());
    let body = (0..rows).map(|row| line(&|column| column.cells.get(row).cloned().unwrap_or_default()));
    std::iter::once(head).chain(body).collect()
}

/// Returns as much of a text as fits, with an ellipsis if that is not all of it.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 1;
    let fits = |letter: &char| {
        used += letter.width().unwrap_or(0);
        used <= width
    };
    let kept: String = text.chars().take_while(fits).collect();
    kept.trim_end().to_owned() + "…"
}

/// Returns a time without its fraction; other text is unchanged.
pub(super) fn to_the_second(text: &str) -> String {
    match (is_time(text), text.find('.')) {
        (true, Some(fraction)) => format!("{}Z", &text[..fraction]),
        _ => text.to_owned(),
    }
}

/// Returns a time without its seconds; other text is unchanged.
fn to_the_minute(text: &str) -> String {
    match is_time(text).then(|| text.rsplit_once(':')).flatten() {
        Some((minute, _)) => format!("{minute}Z"),
        None => text.to_owned(),
    }
}

/// Whether text is a time in UTC, such as `2030-01-31T12:00:00.1234567Z`.
fn is_time(text: &str) -> bool {
    text.len() >= 20
        && text.is_ascii()
        && text.as_bytes()[10] == b'T'
        && text.as_bytes()[16] == b':'
        && text.ends_with('Z')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(title: &str, cell: &str) -> Column {
        Column::new(title, vec![cell.into()])
    }

    #[test]
    fn ids_stay_whole_and_text_takes_what_is_left() {
        let id = "a".repeat(40);
        let text = "word ".repeat(30);
        let columns = vec![column("id", &id), column("title", &text), column("state", "New")];
        let table = written(&fitting(columns, 80).shown);
        let row = &table[1];
        assert!(row.starts_with(&id) && row.ends_with("New") && row.contains('…'), "{row}");
        assert_eq!(row.width(), 78, "the heading of the last column is wider than its cell");
    }

    #[test]
    fn a_column_that_does_not_fit_makes_room_for_one_that_does() {
        let columns =
            vec![column("id", &"a".repeat(40)), column("host", &"b".repeat(39)), column("risk", "High")];
        let table = written(&fitting(columns, 80).shown);
        assert!(!table[0].contains("host") && table[1].contains("High"), "{table:?}");
    }

    #[test]
    fn times_lose_their_seconds_only_where_that_makes_room() {
        let row = serde_json::json!({ "id": "a".repeat(31), "time": "2030-01-31T12:34:56.1234567Z",
            "severity": "Informational", "title": "word ".repeat(9) });
        let columns = ["id", "time", "severity", "title"].map(Path::key);
        let table = render(&columns, std::slice::from_ref(&row), 80);
        assert!(table.columns == 4 && table.lines[1].contains(" 2030-01-31T12:34Z "), "{:?}", table.lines);
        let table = render(&columns, &[row], 120);
        assert!(table.columns == 4 && table.lines[1].contains(" 2030-01-31T12:34:56Z "), "{:?}", table.lines);
    }

    #[test]
    fn wide_letters_count_for_two() {
        assert_eq!(cut("端末端末", 5), "端末…");
        assert_eq!(cut("abcde", 5), "abcde");
        assert_eq!(cut("abcdef", 5), "abcd…");
    }
}
