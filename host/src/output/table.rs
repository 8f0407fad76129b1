//! Tables for people: as many columns as fit, long text wrapped, nothing that could drive the terminal.

use comfy_table::{Cell, ContentArrangement, Table, presets};
use serde_json::{Map, Value};

use super::columns::{Layout, cell};
use crate::terminal::printable;

/// The widest that a column counts when it is decided whether it still fits; longer text wraps.
const COMFORTABLE: usize = 24;
/// The columns that are shown however narrow the terminal.
const ALWAYS: usize = 3;

/// A result as a table: its rows, or, of a single thing, a line for each field.
pub(crate) fn render(layout: &Layout<'_>, rows: &[Value], width: u16) -> String {
    if !layout.is_list() {
        return rows.first().map_or_else(String::new, |row| fields(row, width));
    }
    if rows.is_empty() {
        return "nothing found".into();
    }
    let empty = Map::new();
    let objects: Vec<&Map<String, Value>> =
        rows.iter().map(|row| row.as_object().unwrap_or(&empty)).collect();
    let shown = fitting(&layout.shown(rows), &objects, width);
    let cells = objects.iter().map(|row| shown.iter().map(|key| short(&cell(row, key))).collect()).collect();
    plain(&shown, cells, width)
}

/// Rows under headings, each on one line: what does not fit ends in an ellipsis.
pub(crate) fn lines(headings: &[&str], rows: Vec<Vec<String>>, width: u16) -> String {
    let table = plain(headings, rows, u16::MAX);
    let width = usize::from(width);
    let cut = |line: &str| match line.char_indices().nth(width) {
        Some(_) => line.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
        None => line.to_owned(),
    };
    table.lines().map(cut).collect::<Vec<String>>().join("\n")
}

/// Rows under headings.
pub(crate) fn plain(headings: &[&str], rows: Vec<Vec<String>>, width: u16) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table.set_header(headings.iter().map(Cell::new));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)).collect::<Vec<_>>());
    }
    trimmed(&table)
}

fn fields(row: &Value, width: u16) -> String {
    let Value::Object(object) = row else {
        return printable(&row.to_string());
    };
    let rows = object.keys().map(|key| vec![key.clone(), cell(object, key)]).collect();
    plain(&["field", "value"], rows, width)
}

/// The columns that fit side by side at a comfortable width, most wanted first.
fn fitting<'a>(keys: &[&'a str], rows: &[&Map<String, Value>], width: u16) -> Vec<&'a str> {
    let mut used = 0;
    let mut shown = Vec::new();
    for key in keys {
        let widest = rows.iter().map(|row| short(&cell(row, key)).chars().count()).max().unwrap_or(0);
        let wanted = widest.min(COMFORTABLE).max(key.len()) + 2;
        if shown.len() >= ALWAYS && used + wanted > usize::from(width) {
            break;
        }
        used += wanted;
        shown.push(*key);
    }
    shown
}

/// Times lose their fraction: a table is for reading, and the other formats are exact.
fn short(text: &str) -> String {
    let is_time = text.len() >= 20 && text.as_bytes().get(10) == Some(&b'T') && text.ends_with('Z');
    match (is_time, text.find('.')) {
        (true, Some(fraction)) => format!("{}Z", &text[..fraction]),
        _ => text.to_owned(),
    }
}

fn trimmed(table: &Table) -> String {
    table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
