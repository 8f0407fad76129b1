//! What a parameter's type is made of: the fields of a record, the values of an enum, and so on inwards.

use std::io::{self, Write};

use connector_host::manifest::{Field, Manifest, TypeDefinition};

use crate::terminal::printable;

/// How deep a description goes: types may contain themselves.
const DEEPEST: usize = 8;

/// Writes a line for each part of a type, `depth` steps from the margin. Types that have no parts have no lines.
pub(super) fn write(out: &mut impl Write, manifest: &Manifest, name: &str, depth: usize) -> io::Result<()> {
    let indent = "  ".repeat(depth);
    match manifest.types.get(item(name)) {
        _ if depth > DEEPEST => Ok(()),
        Some(TypeDefinition::Enum { cases, .. }) => cases.iter().try_for_each(|case| {
            let other = if case.name == case.key { String::new() } else { format!(" ({})", case.key) };
            writeln!(out, "{indent}{}{other}: {}", case.name, printable(&case.description))
        }),
        Some(TypeDefinition::Record { fields, .. }) => fields.iter().try_for_each(|field| {
            let required = if field.required { ", required" } else { "" };
            let kind = kind(manifest, field);
            writeln!(out, "{indent}{} ({kind}{required}): {}", field.key, printable(&field.description))?;
            write(out, manifest, &field.type_name, depth + 1)
        }),
        None => Ok(()),
    }
}

/// A field's type in the words that parameters have: an enum by its values, a record as an object.
fn kind(manifest: &Manifest, field: &Field) -> String {
    let (array, name) = match field.type_name.strip_prefix("array of ") {
        Some(name) => ("array of ", name),
        None => ("", field.type_name.as_str()),
    };
    match manifest.types.get(name) {
        Some(TypeDefinition::Enum { cases, .. }) => {
            format!("{array}{}", cases.iter().map(|case| case.key.as_str()).collect::<Vec<_>>().join(" | "))
        }
        Some(TypeDefinition::Record { .. }) => format!("{array}object"),
        None => format!("{array}{name}"),
    }
}

fn item(name: &str) -> &str {
    name.strip_prefix("array of ").unwrap_or(name)
}
