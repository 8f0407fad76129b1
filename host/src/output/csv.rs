//! Comma-separated values (RFC 4180): a header, then a line for each row; nested values as JSON text.

use std::io::Write;

use serde_json::{Map, Value};

use super::columns::{Layout, cell};
use crate::error::CliError;

/// Writes rows, with the header before the first page.
pub(crate) fn write(
    out: &mut impl Write,
    layout: &Layout<'_>,
    rows: &[Value],
    header: bool,
) -> Result<(), CliError> {
    let columns = layout.columns(rows);
    let mut writer = csv::Writer::from_writer(out);
    if header {
        writer.write_record(columns.iter().map(|column| column.key)).map_err(failed)?;
    }
    let empty = Map::new();
    for row in rows {
        let row = row.as_object().unwrap_or(&empty);
        writer.write_record(columns.iter().map(|column| cell(row, column.key))).map_err(failed)?;
    }
    Ok(writer.flush()?)
}

/// Writes rows of text under a header.
pub(crate) fn plain<'a, const N: usize>(
    out: &mut impl Write,
    header: &[&str; N],
    rows: impl Iterator<Item = [&'a str; N]>,
) -> Result<(), CliError> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(header).map_err(failed)?;
    for row in rows {
        writer.write_record(row).map_err(failed)?;
    }
    Ok(writer.flush()?)
}

fn failed(error: csv::Error) -> CliError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => CliError::local(format!("cannot write CSV: {other:?}"), "report this"),
    }
}
