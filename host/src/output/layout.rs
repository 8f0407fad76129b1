//! Which part of a result is the list of rows, and which columns the rows have.

use connector_host::{Function, Reply, Shape};
use serde_json::Value;
use serde_json::value::RawValue;

use super::path::Path;

/// The contract's name for the total count in a page.
const TOTAL: &str = "count";
/// The name of the field that holds a column's name, in a list of columns.
const NAME: &str = "name";

/// How a result is laid out in rows.
pub(crate) struct Layout<'a> {
    /// The action's name, for messages.
    action: &'a str,
    /// The key of the list, if the result is a list with other fields around it.
    items: Option<&'a str>,
    /// The key of the total count; the list may hold only a part of that.
    total: Option<&'a str>,
    /// If rows have no type: the key of the list that names the columns, and the key of a column's name.
    schema: Option<(&'a str, &'a str)>,
    /// A row's type; `None` if rows have no type.
    row: Option<&'a Shape>,
    /// The columns that matter most, most important first.
    preferred: Vec<&'a str>,
}

impl<'a> Layout<'a> {
    pub(crate) fn new(function: &'a Function) -> Self {
        let result = function.signature.result();
        let fields = match result {
            Shape::Record(fields) => &fields[..],
            _ => &[],
        };
        let paged = function.action.paging.as_ref().map(|paging| paging.items.as_str());
        let list = fields.iter().find(|field| match paged {
            Some(name) => *field.spelling.name == *name,
            None => matches!(&field.shape, Shape::List(item) if matches!(**item, Shape::Json)),
        });
        let (items, row) = match (list, result) {
            (Some(field), _) => (Some(&*field.spelling.key), item(&field.shape)),
            (None, Shape::List(item)) => (Some("value"), Some(&**item)),
            (None, other) => (None, Some(other)),
        };
        let total = fields.iter().find(|field| items.is_some() && *field.spelling.name == *TOTAL);
        Self {
            action: &function.action.name,
            items,
            total: total.map(|field| &*field.spelling.key),
            schema: fields.iter().find_map(|field| Some((&*field.spelling.key, name(&field.shape)?))),
            row: row.filter(|row| matches!(row, Shape::Record(_))),
            preferred: function.columns.iter().map(String::as_str).collect(),
        }
    }

    pub(super) fn action(&self) -> &'a str {
        self.action
    }

    /// A row's type; `None` if rows have no type.
    pub(super) fn row(&self) -> Option<&'a Shape> {
        self.row
    }

    /// Whether the result is a list.
    pub(crate) fn is_list(&self) -> bool {
        self.items.is_some()
    }

    /// The key of the list.
    pub(crate) fn items(&self) -> Option<&'a str> {
        self.items
    }

    /// How many rows a reply has.
    pub(crate) fn count(&self, reply: &Reply) -> usize {
        let Some(key) = self.items else { return 1 };
        part(reply, key)
            .and_then(|items| serde_json::from_str::<Vec<&RawValue>>(items.get()).ok())
            .map_or(0, |items| items.len())
    }

    /// How many rows there are in total, if a reply says so.
    pub(crate) fn total(&self, reply: &Reply) -> Option<u64> {
        serde_json::from_str(part(reply, self.total?)?.get()).ok()
    }

    /// The rows of a reply.
    pub(crate) fn rows(&self, reply: Value) -> Vec<Value> {
        match (self.items, reply) {
            (Some(key), Value::Object(mut object)) => match object.remove(key) {
                Some(Value::Array(rows)) => rows,
                _ => Vec::new(),
            },
            (_, reply) => vec![reply],
        }
    }

    /// All columns of a reply: those of the rows' type or, if rows have no type, those that the reply names
    /// or contains.
    pub(crate) fn columns(&self, reply: &Value) -> Vec<Path> {
        if let Some(Shape::Record(fields)) = self.row {
            return fields.iter().map(|field| Path::key(&*field.spelling.key)).collect();
        }
        let mut columns: Vec<Path> = Vec::new();
        let mut add = |key: &str| {
            if !columns.iter().any(|column| column.is(key)) {
                columns.push(Path::key(key));
            }
        };
        if let Some((schema, name)) = self.schema {
            let named = reply[schema].as_array().into_iter().flatten();
            named.filter_map(|column| column[name].as_str()).for_each(&mut add);
        }
        let rows = match self.items {
            Some(key) => reply[key].as_array().map_or(&[][..], Vec::as_slice),
            None => std::slice::from_ref(reply),
        };
        rows.iter().filter_map(Value::as_object).for_each(|row| row.keys().for_each(|key| add(key)));
        columns
    }

    /// The columns that a table shows, among those that have a value: the ones that matter most or, if none
    /// are named, all that are not nested.
    pub(crate) fn wanted(&self, filled: &[Path], rows: &[Value]) -> Vec<Path> {
        let preferred: Vec<Path> = self
            .preferred
            .iter()
            .filter_map(|key| filled.iter().find(|column| column.is(key)).cloned())
            .collect();
        if !preferred.is_empty() {
            return preferred;
        }
        let is_plain = |column: &&Path| !rows.iter().any(|row| column.is_nested(row));
        filled.iter().filter(is_plain).cloned().collect()
    }
}

/// The key of a column's name, if the type is a list of columns.
fn name(shape: &Shape) -> Option<&str> {
    let Shape::List(item) = shape else { return None };
    let Shape::Record(parts) = &**item else { return None };
    let name = parts.iter().find(|part| *part.spelling.name == *NAME)?;
    Some(&name.spelling.key)
}

/// A field of a reply, as JSON text. The rest is not parsed.
fn part<'a>(reply: &'a Reply, key: &str) -> Option<&'a RawValue> {
    #[derive(serde::Deserialize)]
    #[serde(transparent)]
    struct Parts<'a> {
        #[serde(borrow)]
        fields: std::collections::HashMap<&'a str, &'a RawValue>,
    }
    reply.parse::<Parts<'a>>().ok()?.fields.get(key).copied()
}

/// The type of a list's items.
fn item(shape: &Shape) -> Option<&Shape> {
    match shape {
        Shape::List(item) => Some(item),
        Shape::Option(inner) => item(inner),
        _ => None,
    }
}
