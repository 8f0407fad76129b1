//! Which part of a result is the list of rows, and which columns the rows have.

use connector_host::{Function, Reply, Shape};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// What the contract's pages call the number of all things.
const TOTAL: &str = "count";

/// How a result is laid out in rows.
pub(crate) struct Layout<'a> {
    /// The key of the list, when the result is a list of things with other things around it.
    items: Option<&'a str>,
    /// The key of the number of all things, of which the list may hold a part.
    total: Option<&'a str>,
    /// The fields of a row, when its type says so.
    fields: Vec<Column<'a>>,
    /// The columns that matter most, first things first.
    preferred: Vec<&'a str>,
}

/// A column of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column<'a> {
    /// The key in JSON.
    pub(crate) key: &'a str,
    /// Whether it holds one value, which a cell can show.
    pub(crate) scalar: bool,
}

impl<'a> Layout<'a> {
    pub(crate) fn new(function: &'a Function) -> Self {
        let result = function.signature.result();
        let (items, row) = match result {
            Shape::Record(fields) => {
                let paged = function.action.paging.as_ref().map(|paging| paging.items.as_str());
                let list = fields.iter().find(|field| match paged {
                    Some(name) => *field.spelling.name == *name,
                    None => matches!(&field.shape, Shape::List(item) if matches!(**item, Shape::Json)),
                });
                match list {
                    Some(field) => (Some(&*field.spelling.key), item(&field.shape)),
                    None => (None, Some(result)),
                }
            }
            Shape::List(_) => (Some("value"), item(result)),
            other => (None, Some(other)),
        };
        let fields = match row {
            Some(Shape::Record(fields)) => fields
                .iter()
                .map(|field| Column { key: &field.spelling.key, scalar: is_scalar(&field.shape) })
                .collect(),
            _ => Vec::new(),
        };
        let preferred = function.columns.iter().map(String::as_str).collect();
        let total = match result {
            Shape::Record(fields) if items.is_some() => {
                fields.iter().find(|field| *field.spelling.name == *TOTAL)
            }
            _ => None,
        };
        let total = total.map(|field| &*field.spelling.key);
        Self { items, total, fields, preferred }
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

    /// How many rows there are in all, where a reply says so.
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

    /// All columns: those of the type, or, where rows have no type, those that occur.
    pub(crate) fn columns<'r>(&self, rows: &'r [Value]) -> Vec<Column<'r>>
    where
        'a: 'r,
    {
        if !self.fields.is_empty() {
            return self.fields.clone();
        }
        let mut columns: Vec<Column<'r>> = Vec::new();
        for row in rows.iter().filter_map(Value::as_object) {
            for (key, value) in row {
                let scalar = !value.is_object() && !value.is_array();
                if !columns.iter().any(|column| column.key == key) {
                    columns.push(Column { key, scalar });
                }
            }
        }
        columns
    }

    /// The columns that a table shows, the most wanted first. Those that are empty in every row are left out.
    pub(crate) fn shown<'r>(&self, rows: &'r [Value]) -> Vec<&'r str>
    where
        'a: 'r,
    {
        let all = self.columns(rows);
        let filled = |key: &str| {
            rows.iter()
                .any(|row| row.get(key).is_some_and(|value| !value.is_null() && value.as_str() != Some("")))
        };
        let mut shown: Vec<&'r str> = self.preferred.iter().copied().filter(|key| filled(key)).collect();
        if shown.is_empty() {
            shown = all
                .iter()
                .filter(|column| column.scalar && filled(column.key))
                .map(|column| column.key)
                .collect();
        }
        shown
    }
}

/// A field of a reply, as JSON text. The rest is not taken apart.
fn part<'a>(reply: &'a Reply, key: &str) -> Option<&'a RawValue> {
    #[derive(serde::Deserialize)]
    #[serde(transparent)]
    struct Parts<'a> {
        #[serde(borrow)]
        fields: std::collections::HashMap<&'a str, &'a RawValue>,
    }
    reply.parse::<Parts<'a>>().ok()?.fields.get(key).copied()
}

/// What a cell shows of a value.
pub(crate) fn cell(row: &Map<String, Value>, key: &str) -> String {
    match row.get(key) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(values)) if values.iter().all(Value::is_string) => {
            values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        Some(value) => value.to_string(),
    }
}

fn item(shape: &Shape) -> Option<&Shape> {
    match shape {
        Shape::List(item) => Some(item),
        Shape::Option(inner) => item(inner),
        _ => None,
    }
}

fn is_scalar(shape: &Shape) -> bool {
    match shape {
        Shape::Option(inner) => is_scalar(inner),
        Shape::List(item) => matches!(**item, Shape::String),
        Shape::Record(_) | Shape::Json | Shape::Tuple(_) | Shape::Variant(_) | Shape::Opaque(_) => false,
        _ => true,
    }
}
