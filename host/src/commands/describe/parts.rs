//! What a type is made of: the fields of a record, the values of an enum, and so on recursively.

use std::collections::BTreeMap;
use std::io::{self, Write};

use connector_host::manifest::{Field, Manifest, TypeDefinition};

use crate::terminal::Screen;

/// The indent of a nested field, relative to its parent.
const STEP: usize = 2;
/// The indent of wrapped lines, relative to the first.
const HANGING: usize = 4;

/// The types that have been described. Each is described once: a type may contain itself, or occur
/// repeatedly.
pub(super) struct Parts<'a> {
    manifest: &'a Manifest,
    /// The names of the types, each with the field that it was described for.
    told: BTreeMap<&'a str, &'a str>,
}

impl<'a> Parts<'a> {
    pub(super) fn new(manifest: &'a Manifest) -> Self {
        Self { manifest, told: BTreeMap::new() }
    }

    /// Writes a line for each part of a type, `depth` steps from the margin. A type without parts has no
    /// lines. `of` is the field that has the type.
    pub(super) fn write(
        &mut self,
        screen: &mut Screen<impl Write>,
        (of, name): (&'a str, &'a str),
        depth: usize,
    ) -> io::Result<()> {
        let (name, margin) = (item(name), " ".repeat(STEP * depth));
        let Some(definition) = self.manifest.types.get(name) else { return Ok(()) };
        if let Some(before) = self.told.get(name) {
            return screen.line(format_args!("{margin}(as in {before}, above)"));
        }
        self.told.insert(name, of);
        match definition {
            TypeDefinition::Enum { cases, .. } => cases.iter().try_for_each(|case| {
                let other = if case.name == case.key { String::new() } else { format!(" ({})", case.key) };
                let line = format!("{margin}{}{other}: {}", case.name, case.description);
                screen.hanging(HANGING, line)
            }),
            TypeDefinition::Record { fields, .. } => {
                fields.iter().try_for_each(|field| self.field(screen, field, &margin, depth))
            }
        }
    }

    fn field(
        &mut self,
        screen: &mut Screen<impl Write>,
        field: &'a Field,
        margin: &str,
        depth: usize,
    ) -> io::Result<()> {
        let required = if field.required { ", required" } else { "" };
        let kind = self.kind(field);
        let told = Some(&field.description).filter(|text| !text.is_empty()).unwrap_or(&field.title);
        screen.hanging(HANGING, format_args!("{margin}{} ({kind}{required}): {told}", field.key))?;
        self.write(screen, (&field.key, &field.type_name), depth + 1)
    }

    /// Returns a field's type as it is worded for parameters: an enum by its values, a record as an object.
    fn kind(&self, field: &Field) -> String {
        let name = item(&field.type_name);
        let array = if name == field.type_name { "" } else { "array of " };
        match self.manifest.types.get(name) {
            Some(TypeDefinition::Enum { cases, .. }) => {
                format!(
                    "{array}{}",
                    cases.iter().map(|case| case.key.as_str()).collect::<Vec<_>>().join(" | ")
                )
            }
            Some(TypeDefinition::Record { .. }) => format!("{array}object"),
            None => format!("{array}{name}"),
        }
    }
}

/// Returns the item type of an array, or the type itself.
fn item(name: &str) -> &str {
    name.strip_prefix("array of ").unwrap_or(name)
}
