//! Finds the rows that contain a word anywhere.

use super::answer::Answer;
use super::condition::has;
use super::table::{Cell, Column, Table, Type};

/// The rows of all tables that contain the word, or all rows if there is no word. The first column names the
/// table.
pub(super) fn search(word: Option<&str>, tables: &[Table]) -> Answer {
    let mut columns = vec![Column { name: "$table".to_owned(), kind: Type::String }];
    for column in tables.iter().flat_map(|table| &table.columns) {
        if columns.iter().all(|known| known.name != column.name) {
            columns.push(column.clone());
        }
    }
    let rows = tables.iter().flat_map(|table| {
        let columns = &columns;
        table.rows.iter().filter(move |row| stands_in(word, row)).map(move |row| {
            let cell = |column: &Column| match table.columns.iter().position(|own| own.name == column.name) {
                Some(place) => row[place].clone(),
                None => Cell::Null,
            };
            let named = std::iter::once(Cell::text(table.name));
            named.chain(columns.iter().skip(1).map(cell)).collect()
        })
    });
    let rows = rows.collect();
    Answer { columns, rows }
}

/// Whether some text in a row contains the word, ignoring case.
pub(super) fn stands_in(word: Option<&str>, row: &[Cell]) -> bool {
    let Some(word) = word.map(str::to_lowercase) else {
        return true;
    };
    row.iter().any(|cell| matches!(cell, Cell::Text(text) if has(&text.to_lowercase(), &word)))
}
