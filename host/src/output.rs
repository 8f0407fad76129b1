//! Results on standard output, in the format that was asked for.

mod columns;
mod csv;
mod entity;
mod json;
mod table;

use std::io::{self, Write};

use connector_host::{Function, Reply};
use serde_json::Value;

use crate::cli::Format;
use crate::error::CliError;
use crate::terminal;
use columns::Layout;

/// Where the pages of one result go.
pub(crate) struct Printer<'a> {
    layout: Layout<'a>,
    format: Format,
    pages: Vec<Reply>,
    rows: Vec<Value>,
    begun: bool,
}

impl<'a> Printer<'a> {
    pub(crate) fn new(function: &'a Function, format: Format) -> Self {
        Self { layout: Layout::new(function), format, pages: Vec::new(), rows: Vec::new(), begun: false }
    }

    /// How many rows there are in all, where a page says so.
    pub(crate) fn total(&self, page: &Reply) -> Option<u64> {
        self.layout.total(page)
    }

    /// Takes a page. Formats of lines are written at once; a table or one document waits for the last page.
    pub(crate) fn page(&mut self, reply: Reply) -> Result<usize, CliError> {
        let mut out = io::stdout().lock();
        match self.format {
            Format::Auto | Format::Json => {
                let items = self.layout.count(&reply);
                self.pages.push(reply);
                Ok(items)
            }
            Format::Ndjson => {
                let rows = self.layout.rows(reply.value());
                for row in &rows {
                    writeln!(out, "{row}")?;
                }
                Ok(rows.len())
            }
            Format::Csv => {
                let rows = self.layout.rows(reply.value());
                csv::write(&mut out, &self.layout, &rows, !self.begun)?;
                self.begun = true;
                Ok(rows.len())
            }
            Format::Table => {
                let rows = self.layout.rows(reply.value());
                let count = rows.len();
                self.rows.extend(rows);
                Ok(count)
            }
        }
    }

    /// Writes what waited for the last page.
    pub(crate) fn finish(self) -> Result<(), CliError> {
        let mut out = io::stdout().lock();
        match self.format {
            Format::Auto | Format::Json => json::write(&mut out, self.pages, &self.layout)?,
            Format::Table => {
                writeln!(out, "{}", table::render(&self.layout, &self.rows, terminal::width().into()))?
            }
            Format::Ndjson | Format::Csv => {}
        }
        out.flush()?;
        Ok(())
    }
}

/// Writes a document that is no action's result, such as a list of actions, as JSON.
pub(crate) fn document(value: &impl serde::Serialize) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    let text = if terminal::stdout_is_terminal() {
        serde_json::to_string_pretty(value)
    } else {
        serde_json::to_string(value)
    };
    let text = text.map_err(|error| CliError::local(error.to_string(), "report this"))?;
    writeln!(out, "{text}")?;
    Ok(())
}

/// Writes rows under headings, for a person.
pub(crate) fn listing(headings: &[&str], rows: Vec<Vec<String>>) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", table::lines(headings, &rows, terminal::width().into()))?;
    Ok(())
}

/// Writes rows that are no action's result as comma-separated values.
pub(crate) fn csv<'a, const N: usize>(
    header: &[&str; N],
    rows: impl Iterator<Item = [&'a str; N]>,
) -> Result<(), CliError> {
    csv::plain(&mut io::stdout().lock(), header, rows)
}

/// Writes a line for a person.
pub(crate) fn line(text: &str) -> Result<(), CliError> {
    writeln!(io::stdout().lock(), "{}", terminal::printable(text))?;
    Ok(())
}
