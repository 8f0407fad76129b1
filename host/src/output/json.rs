//! One JSON document: indented for people, on one line for programs.

use std::io::Write;

use connector_host::Reply;
use serde_json::Value;

use super::layout::Layout;
use crate::error::CliError;
use crate::terminal;

/// Writes a one-page result as it is, and joins several pages as if they had been one.
pub(super) fn write(mut pages: Vec<Reply>, layout: &Layout<'_>) -> Result<(), CliError> {
    let mut out = terminal::data();
    if pages.len() == 1 && !terminal::stdout_is_terminal() {
        let text = pages.swap_remove(0).into_json();
        out.write_all(text.as_bytes())?;
        return Ok(out.write_all(b"\n")?);
    }
    let document = joined(pages, layout);
    let text = if terminal::stdout_is_terminal() { format!("{document:#}") } else { document.to_string() };
    Ok(writeln!(out, "{text}")?)
}

/// Returns the first page, with the rows of all pages and without the link to the second.
fn joined(pages: Vec<Reply>, layout: &Layout<'_>) -> Value {
    let single = pages.len() == 1;
    let mut pages = pages.into_iter().map(|reply| reply.value());
    let Some(mut first) = pages.next() else {
        return Value::Null;
    };
    if single {
        return first;
    }
    let (Some(key), Value::Object(object)) = (layout.items(), &mut first) else {
        return first;
    };
    if let Some(Value::Array(rows)) = object.get_mut(key) {
        rows.extend(pages.flat_map(|page| layout.rows(page)));
    }
    object.retain(|name, _| !name.ends_with("nextLink"));
    first
}
