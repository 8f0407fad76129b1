//! Results on standard output, in the requested format.

mod choice;
mod csv;
mod entity;
mod json;
mod layout;
mod path;
mod spreadsheet;
mod table;

use std::io::Write;

use connector_host::{Function, Reply};
use serde_json::Value;

use crate::cli::{Format, Globals};
use crate::error::CliError;
use crate::terminal::{self, Screen, tell};
use layout::Layout;
use path::Path;

/// Prints the pages of one result.
pub(crate) struct Printer<'a> {
    layout: Layout<'a>,
    format: Format,
    csv_safe: bool,
    /// The names of the requested columns.
    chosen: Option<&'a [String]>,
    /// The columns, once they are known.
    columns: Option<Vec<Path>>,
    pages: Vec<Reply>,
    rows: Vec<Value>,
    begun: bool,
}

impl<'a> Printer<'a> {
    /// Prints the results of a function, with the chosen columns or, by default, all that matter.
    ///
    /// # Errors
    /// A column is unknown, or the format has no columns.
    pub(crate) fn new(
        function: &'a Function,
        globals: &Globals,
        chosen: Option<&'a [String]>,
    ) -> Result<Self, CliError> {
        let layout = Layout::new(function);
        let (format, columns) = match (globals.output, chosen) {
            (format, None) => (format, None),
            (Format::Json | Format::Ndjson, Some(_)) => {
                return Err(CliError::usage(
                    "--columns is for tables and CSV",
                    "leave it out, or use `--output table` or `--output csv`",
                ));
            }
            (Format::Auto, Some(names)) => (Format::Table, choice::typed(&layout, names)?),
            (format, Some(names)) => (format, choice::typed(&layout, names)?),
        };
        let csv_safe = globals.csv_safe;
        Ok(Self {
            layout,
            format,
            csv_safe,
            chosen,
            columns,
            pages: Vec::new(),
            rows: Vec::new(),
            begun: false,
        })
    }

    /// Whether the whole reply is written, with its count and links, rather than just its rows.
    pub(crate) fn is_document(&self) -> bool {
        matches!(self.format, Format::Auto | Format::Json)
    }

    /// How many rows there are in total, if a page says so.
    pub(crate) fn total(&self, page: &Reply) -> Option<u64> {
        self.layout.total(page)
    }

    /// Takes a page. Line-based formats are written at once; a table or a single document waits for the last
    /// page.
    pub(crate) fn page(&mut self, reply: Reply) -> Result<usize, CliError> {
        if self.is_document() {
            let items = self.layout.count(&reply);
            self.pages.push(reply);
            return Ok(items);
        }
        let value = reply.value();
        if self.format != Format::Ndjson {
            self.look_at_columns(&value)?;
        }
        let rows = self.layout.rows(value);
        let count = rows.len();
        match self.format {
            Format::Ndjson => {
                let mut out = terminal::data();
                rows.iter().try_for_each(|row| writeln!(out, "{row}"))?;
            }
            Format::Csv => self.csv(&rows)?,
            _ => self.rows.extend(rows),
        }
        Ok(count)
    }

    /// Writes whatever waited for the last page.
    pub(crate) fn finish(mut self) -> Result<(), CliError> {
        if self.is_document() {
            return json::write(std::mem::take(&mut self.pages), &self.layout);
        }
        if self.format == Format::Table {
            self.table()?;
        }
        Ok(())
    }

    /// Learns the columns from a reply, if rows have no type; in a table, each reply may add more.
    fn look_at_columns(&mut self, reply: &Value) -> Result<(), CliError> {
        if self.chosen.is_some() && self.columns.is_some() {
            return Ok(());
        }
        let all = self.layout.columns(reply);
        match (self.chosen, &mut self.columns) {
            (Some(names), columns) => *columns = Some(choice::among(&self.layout, names, &all)?),
            (None, Some(known)) if self.format == Format::Table => {
                let new: Vec<Path> = all.into_iter().filter(|column| !known.contains(column)).collect();
                known.extend(new);
            }
            (None, Some(_)) => {}
            (None, none) => *none = Some(all),
        }
        Ok(())
    }

    fn csv(&mut self, rows: &[Value]) -> Result<(), CliError> {
        let columns = self.columns.as_deref().unwrap_or_default();
        let mut writer = csv::Rows::new(terminal::data(), self.csv_safe);
        if !self.begun {
            writer.header(columns)?;
            self.begun = true;
        }
        rows.iter().try_for_each(|row| writer.row(columns, row))?;
        writer.finish()
    }

    fn table(&self) -> Result<(), CliError> {
        let (rows, columns) = (&self.rows[..], self.columns.as_deref().unwrap_or_default());
        let width = terminal::width().unwrap_or(usize::MAX);
        if !self.layout.is_list() {
            let thing = rows.first().unwrap_or(&Value::Null);
            let chosen = self.chosen.map(|_| columns);
            return print(&entity::render(thing, chosen, width));
        }
        if rows.is_empty() {
            return line("nothing found");
        }
        let filled: Vec<Path> =
            columns.iter().filter(|column| rows.iter().any(|row| column.is_filled(row))).cloned().collect();
        let (wanted, known) = match self.chosen {
            Some(_) => (columns.to_vec(), columns.len()),
            None => (self.layout.wanted(&filled, rows), filled.len()),
        };
        let table = table::render(&wanted, rows, width);
        print(&table.lines)?;
        tell_of_hidden(known.saturating_sub(table.columns), self.chosen.is_some());
        Ok(())
    }
}

/// Says on standard error what a table omits.
fn tell_of_hidden(columns: usize, chosen: bool) {
    let hidden = match columns {
        0 => return,
        1 => "1 column is hidden".to_owned(),
        columns => format!("{columns} columns are hidden"),
    };
    if chosen {
        tell!("{hidden}: the terminal is too narrow; `--output csv` shows them");
    } else {
        tell!("{hidden}: `--columns NAME,NAME` chooses, `--output json` shows all");
    }
}

/// Writes a table's lines; the first is its heading.
fn print(lines: &[String]) -> Result<(), CliError> {
    let mut screen = Screen::stdout();
    let (head, rows) = lines.split_at(lines.len().min(1));
    head.iter().try_for_each(|line| screen.heading(line))?;
    rows.iter().try_for_each(|line| screen.verbatim(line))?;
    Ok(screen.flush()?)
}

/// Writes a document other than an action's result, such as a list of actions, as JSON.
pub(crate) fn document(value: &impl serde::Serialize) -> Result<(), CliError> {
    let text = if terminal::stdout_is_terminal() {
        serde_json::to_string_pretty(value)
    } else {
        serde_json::to_string(value)
    };
    let text = text.map_err(|error| CliError::local(error.to_string(), "report this"))?;
    Ok(writeln!(terminal::data(), "{text}")?)
}

/// Writes rows under headings, for people: on a terminal each row is on one line, elsewhere it is never
/// shortened.
pub(crate) fn listing(headings: &[&str], rows: Vec<Vec<String>>) -> Result<(), CliError> {
    print(&table::lines(headings, &rows, terminal::width().unwrap_or(usize::MAX)))
}

/// Writes rows other than an action's result as comma-separated values.
pub(crate) fn csv<'a, const N: usize>(
    globals: &Globals,
    header: &[&str; N],
    rows: impl Iterator<Item = [&'a str; N]>,
) -> Result<(), CliError> {
    let mut writer = csv::Rows::new(terminal::data(), globals.csv_safe);
    writer.texts(header.iter().map(|&title| title.to_owned()))?;
    for row in rows {
        writer.texts(row.iter().map(|&text| text.to_owned()))?;
    }
    writer.finish()
}

/// Writes a line for people. If it is wrapped, the following lines are indented.
pub(crate) fn line(text: &str) -> Result<(), CliError> {
    Ok(Screen::stdout().hanging(2, text)?)
}
