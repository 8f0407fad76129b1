//! Columns: the path from a row to the value that a cell shows.

use serde_json::Value;

/// The path to a value of a row: one key, or several if the value is nested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    keys: Vec<String>,
}

/// What a cell shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    /// Whether the cell is text, rather than a number or a truth value.
    pub(crate) is_text: bool,
}

impl Path {
    /// The path to one of a row's own keys.
    pub(crate) fn key(key: impl Into<String>) -> Self {
        Self { keys: vec![key.into()] }
    }

    /// The path through these keys.
    pub(crate) fn through(keys: Vec<String>) -> Self {
        Self { keys }
    }

    /// The column's title: `vmMetadata.vmId`.
    pub(crate) fn title(&self) -> String {
        self.keys.join(".")
    }

    /// Whether this is the row's own key with that name.
    pub(crate) fn is(&self, key: &str) -> bool {
        matches!(&self.keys[..], [only] if only == key)
    }

    /// The row's value at this path. For a list of things, the value of each of them.
    pub(crate) fn cell(&self, row: &Value) -> Cell {
        let mut values = Vec::new();
        collect(row, &self.keys, &mut values);
        match &values[..] {
            [] => Cell { text: String::new(), is_text: true },
            [only] => Cell { text: shown(only), is_text: !(only.is_number() || only.is_boolean()) },
            several => {
                let texts = several.iter().map(|value| shown(value)).collect::<Vec<_>>();
                Cell { text: texts.join(", "), is_text: true }
            }
        }
    }

    /// Whether the row's value at this path has parts of its own.
    pub(crate) fn is_nested(&self, row: &Value) -> bool {
        let mut values = Vec::new();
        collect(row, &self.keys, &mut values);
        let is_plain = |value: &Value| !value.is_object() && !value.is_array();
        values.iter().any(|value| match value {
            Value::Array(items) => !items.iter().all(is_plain),
            value => !is_plain(value),
        })
    }

    /// Whether the row has a value at this path.
    pub(crate) fn is_filled(&self, row: &Value) -> bool {
        !self.cell(row).text.is_empty()
    }
}

/// Collects the values at the end of the path. Absent values, null and empty lists add none.
fn collect<'v>(value: &'v Value, keys: &[String], values: &mut Vec<&'v Value>) {
    match (value, keys) {
        (Value::Null, _) => {}
        (Value::Array(items), [_, ..]) => items.iter().for_each(|item| collect(item, keys, values)),
        (Value::Object(fields), [key, rest @ ..]) => {
            if let Some(value) = fields.get(key) {
                collect(value, rest, values);
            }
        }
        (value, []) => values.push(value),
        _ => {}
    }
}

/// Shows a single text as it is, several texts side by side, and everything else as JSON.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.iter().all(Value::is_string) => {
            values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cell_shows_what_is_nested_and_of_a_list_what_each_has() {
        let row = json!({ "n": 5, "vm": { "id": "v1", "none": null }, "tags": ["a", "b"],
            "evidence": [{ "type": "File" }, {}, { "type": "User" }] });
        let text =
            |keys: &[&str]| Path::through(keys.iter().map(|&key| key.into()).collect()).cell(&row).text;
        assert_eq!(text(&["vm", "id"]), "v1");
        assert_eq!(text(&["vm", "none"]), "");
        assert_eq!(text(&["evidence", "type"]), "File, User");
        assert_eq!(text(&["tags"]), "a, b");
        assert_eq!(text(&["vm"]), r#"{"id":"v1","none":null}"#);
        assert_eq!(Path::key("n").cell(&row), Cell { text: "5".into(), is_text: false });
    }
}
