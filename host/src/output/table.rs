//! Tables for people: a line for each row, as many columns as fit, nothing that could drive the terminal.
//!
//! What identifies a thing is never shortened, so that it can be copied. Text that is too long ends in an ellipsis.

use serde_json::{Map, Value};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::columns::{Layout, cell};
use super::entity;
use crate::terminal::{heading, printable};

/// The space between two columns.
const GAP: usize = 2;
/// A value without white space counts as an id up to this width: 40 letters are a SHA-1.
const LONGEST_ID: usize = 40;
/// The width at which text can be read.
const COMFORTABLE: usize = 24;
/// The least width at which text is worth showing, where there is no more.
const LEAST: usize = 12;

/// A result as a table: its rows, or, of a single thing, its fields.
pub(crate) fn render(layout: &Layout<'_>, rows: &[Value], width: usize) -> String {
    if !layout.is_list() {
        return rows.first().map_or_else(String::new, |row| entity::render(row, width));
    }
    if rows.is_empty() {
        return "nothing found".into();
    }
    let empty = Map::new();
    let columns: Vec<Column> = layout
        .shown(rows)
        .into_iter()
        .map(|key| {
            let cells = rows.iter().map(|row| short(&cell(row.as_object().unwrap_or(&empty), key)));
            Column::new(key, cells.collect())
        })
        .collect();
    joined(written(&fitting(columns, width)).into_iter())
}

/// Rows under headings, each on one line: what does not fit ends in an ellipsis.
pub(crate) fn lines(headings: &[&str], rows: &[Vec<String>], width: usize) -> String {
    let column = |(place, title): (usize, &&str)| {
        Column::new(title, rows.iter().map(|row| row.get(place).cloned().unwrap_or_default()).collect())
    };
    let columns: Vec<Column> = headings.iter().enumerate().map(column).collect();
    joined(written(&columns).iter().map(|line| cut(line, width)))
}

/// A column with its cells, ready to be printed.
struct Column {
    title: String,
    cells: Vec<String>,
    /// What its widest cell needs.
    natural: usize,
    /// What it gets.
    width: usize,
    /// Whether it holds text, which may be shortened.
    is_text: bool,
}

impl Column {
    fn new(title: &str, cells: Vec<String>) -> Self {
        let cells: Vec<String> = cells.iter().map(|cell| printable(cell)).collect();
        let widest = cells.iter().map(|cell| cell.width()).max().unwrap_or(0);
        let has_words = cells.iter().any(|cell| cell.contains(char::is_whitespace));
        let natural = widest.max(title.width());
        Self {
            title: title.into(),
            cells,
            natural,
            width: natural,
            is_text: has_words || widest > LONGEST_ID,
        }
    }

    /// What it takes where there is so much room, if that is enough for it.
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

/// The columns that fit side by side, most wanted first. The first one names the row, and is there whatever it takes.
/// What is left over goes to columns of text.
fn fitting(columns: Vec<Column>, width: usize) -> Vec<Column> {
    let mut shown: Vec<Column> = Vec::new();
    let mut used = 0;
    for mut column in columns {
        if shown.is_empty() {
            used = column.natural;
            shown.push(column);
        } else if let Some(taken) = column.within(width.saturating_sub(used + GAP)) {
            column.width = taken;
            used += GAP + taken;
            shown.push(column);
        }
    }
    let mut left = width.saturating_sub(used);
    for column in &mut shown {
        let more = (column.natural - column.width).min(left);
        column.width += more;
        left -= more;
    }
    shown
}

/// The lines, the first of which is a heading.
fn joined(mut lines: impl Iterator<Item = String>) -> String {
    let head = lines.next().map(|line| heading(&line));
    head.into_iter().chain(lines).collect::<Vec<String>>().join("\n")
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

/// As much of a text as fits, with an ellipsis if that is not all.
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

/// Times lose their fraction: a table is for reading, and the other formats are exact.
pub(super) fn short(text: &str) -> String {
    let is_time = text.len() >= 20 && text.as_bytes().get(10) == Some(&b'T') && text.ends_with('Z');
    match (is_time, text.find('.')) {
        (true, Some(fraction)) => format!("{}Z", &text[..fraction]),
        _ => text.to_owned(),
    }
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
        let table = written(&fitting(columns, 80));
        let row = &table[1];
        assert!(row.starts_with(&id) && row.ends_with("New") && row.contains('…'), "{row}");
        assert_eq!(row.width(), 78, "the heading of the last column is wider than its cell");
    }

    #[test]
    fn a_column_that_does_not_fit_makes_room_for_one_that_does() {
        let columns =
            vec![column("id", &"a".repeat(40)), column("host", &"b".repeat(39)), column("risk", "High")];
        let table = written(&fitting(columns, 80));
        assert!(!table[0].contains("host") && table[1].contains("High"), "{table:?}");
    }

    #[test]
    fn wide_letters_count_for_two() {
        assert_eq!(cut("端末端末", 5), "端末…");
        assert_eq!(cut("abcde", 5), "abcde");
        assert_eq!(cut("abcdef", 5), "abcd…");
    }
}
