//! Comma-separated values (RFC 4180): a header, then a line for each row; nested values as JSON text.

use std::io::Write;

use csv::{QuoteStyle, WriterBuilder};
use serde_json::Value;

use super::path::{Cell, Path};
use super::spreadsheet;
use crate::error::CliError;

/// A writer of rows.
pub(super) struct Rows<W: Write> {
    writer: csv::Writer<W>,
    /// Whether a spreadsheet must not run any cell as a formula.
    safe: bool,
}

impl<W: Write> Rows<W> {
    pub(super) fn new(out: W, safe: bool) -> Self {
        // Some spreadsheets end a cell at a semicolon or a tab unless it is quoted.
        let quotes = if safe { QuoteStyle::NonNumeric } else { QuoteStyle::Necessary };
        Self { writer: WriterBuilder::new().quote_style(quotes).from_writer(out), safe }
    }

    /// Writes the names of the columns. If there are no columns, there is no header.
    pub(super) fn header(&mut self, columns: &[Path]) -> Result<(), CliError> {
        self.texts(columns.iter().map(Path::title))
    }

    pub(super) fn row(&mut self, columns: &[Path], row: &Value) -> Result<(), CliError> {
        self.cells(columns.iter().map(|column| column.cell(row)))
    }

    /// Writes cells that are text.
    pub(super) fn texts(&mut self, texts: impl Iterator<Item = String>) -> Result<(), CliError> {
        self.cells(texts.map(|text| Cell { text, is_text: true }))
    }

    fn cells(&mut self, cells: impl Iterator<Item = Cell>) -> Result<(), CliError> {
        let cells: Vec<String> = cells
            .map(|cell| if self.safe && cell.is_text { spreadsheet::inert(cell.text) } else { cell.text })
            .collect();
        if cells.is_empty() {
            return Ok(());
        }
        self.writer.write_record(cells).map_err(failed)
    }

    pub(super) fn finish(mut self) -> Result<(), CliError> {
        Ok(self.writer.flush()?)
    }
}

fn failed(error: csv::Error) -> CliError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => CliError::local(format!("cannot write CSV: {other:?}"), "report this"),
    }
}
