//! The columns that the user chose, by name.

use connector_host::Shape;

use super::layout::Layout;
use super::path::Path;
use crate::error::CliError;
use crate::similar::most_similar;

/// Returns the columns with these names in a row's type: `id`, or `vmMetadata.vmId` for a nested value. A
/// name may be the key in JSON or the contract's, such as `computer-dns-name`. Returns `None` if rows have no
/// type: then only a reply tells.
pub(super) fn typed(layout: &Layout<'_>, names: &[String]) -> Result<Option<Vec<Path>>, CliError> {
    let Some(row) = layout.row() else { return Ok(None) };
    let paths = names.iter().map(|name| {
        let mut keys = Vec::new();
        through(row, name.split('.'), &mut keys).map_err(|known| unknown(layout, name, &keys, known))?;
        Ok(Path::through(keys))
    });
    paths.collect::<Result<_, CliError>>().map(Some)
}

/// Returns the columns with these names among those that exist.
pub(super) fn among(layout: &Layout<'_>, names: &[String], all: &[Path]) -> Result<Vec<Path>, CliError> {
    let paths = names.iter().map(|name| {
        let whole = all.iter().find(|column| column.is(name));
        let nested = || {
            let keys: Vec<String> = name.split('.').map(str::to_owned).collect();
            let begins = keys.len() > 1 && all.iter().any(|column| column.is(&keys[0]));
            begins.then(|| Path::through(keys))
        };
        let known = || all.iter().map(Path::title).collect();
        whole.cloned().or_else(nested).ok_or_else(|| unknown(layout, name, &[], known()))
    });
    paths.collect()
}

/// Walks from a type to a part of it. If a name is unknown, fails with the names that exist.
fn through<'n>(
    shape: &Shape,
    mut names: impl Iterator<Item = &'n str>,
    keys: &mut Vec<String>,
) -> Result<(), Vec<String>> {
    match shape {
        Shape::Option(inner) | Shape::List(inner) => through(inner, names, keys),
        Shape::Record(fields) => {
            let Some(name) = names.next() else { return Ok(()) };
            let spelt = |known: &str| known == name;
            let field = fields.iter().find(|field| spelt(&field.spelling.key) || spelt(&field.spelling.name));
            let known =
                || -> Vec<String> { fields.iter().map(|field| field.spelling.key.to_string()).collect() };
            let field = field.ok_or_else(known)?;
            keys.push(field.spelling.key.to_string());
            through(&field.shape, names, keys)
        }
        // The parts of untyped JSON are unknown.
        Shape::Json => {
            keys.extend(names.map(str::to_owned));
            Ok(())
        }
        _ => names.next().map_or(Ok(()), |_| Err(Vec::new())),
    }
}

fn unknown(layout: &Layout<'_>, name: &str, begin: &[String], known: Vec<String>) -> CliError {
    let action = layout.action();
    let full = |key: &str| begin.iter().map(String::as_str).chain([key]).collect::<Vec<_>>().join(".");
    let last = name.split('.').nth(begin.len()).unwrap_or(name);
    let similar = most_similar(last, known.iter().map(String::as_str));
    let hint = match similar {
        Some(similar) => format!("did you mean `{}`?", full(similar)),
        None if !begin.is_empty() && known.is_empty() => format!("`{}` has no parts", begin.join(".")),
        None if known.is_empty() => "there are no columns".into(),
        None => format!("one of: {}", known.iter().map(|key| full(key)).collect::<Vec<_>>().join(", ")),
    };
    CliError::usage(format!("{action}: the result has no column `{name}`"), hint)
}
