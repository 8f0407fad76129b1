//! The columns that somebody asked for, by name.

use connector_host::Shape;

use super::layout::Layout;
use super::path::Path;
use crate::error::CliError;
use crate::similar::most_similar;

/// The columns of these names, which a row's type has: `id`, or, of what is nested, `vmMetadata.vmId`. A name may be the
/// key in JSON or the contract's, such as `computer-dns-name`. None where rows have no type: then only a reply tells.
pub(super) fn typed(layout: &Layout<'_>, names: &[String]) -> Result<Option<Vec<Path>>, CliError> {
    let Some(row) = layout.row() else { return Ok(None) };
    let paths = names.iter().map(|name| {
        let mut keys = Vec::new();
        through(row, name.split('.'), &mut keys).map_err(|known| unknown(layout, name, &keys, known))?;
        Ok(Path::through(keys))
    });
    paths.collect::<Result<_, CliError>>().map(Some)
}

/// The columns of these names among those that there are.
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

/// Walks from a type to a part of it. Fails with the names that there are where one is unknown.
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
        // Of JSON without a type nobody knows the parts.
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
