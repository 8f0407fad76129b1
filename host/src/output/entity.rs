//! A single thing for people: a line for each field that has a value, and nested values below their names.

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::path::Path;
use super::table::to_the_second;
use crate::terminal::{printable, wrapped};

/// The indent of nested values, and of a value that does not fit beside its name.
const INDENT: usize = 2;
/// The space between a name and its value.
const GAP: usize = 2;

/// Returns a thing's fields, or the chosen ones, as lines; the first is the heading.
pub(super) fn render(value: &Value, chosen: Option<&[Path]>, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    match (value, chosen) {
        (value, Some(columns)) => {
            for column in columns {
                let text = to_the_second(&column.cell(value).text);
                lines.push(Line { indent: 0, name: printable(&column.title()), value: printable(&text) });
            }
        }
        (Value::Object(object), None) => {
            object.iter().for_each(|(key, value)| collect(key, value, 0, &mut lines));
        }
        (value, None) => return vec![value.to_string()],
    }
    let names = lines.iter().map(|line| line.name.width() + line.indent).max().unwrap_or(0);
    let names = names.max("field".len());
    let head = format!("{:names$}  value", "field");
    std::iter::once(head).chain(lines.iter().flat_map(|line| line.written(names, width))).collect()
}

/// A field, with its value unless that is below it.
struct Line {
    indent: usize,
    name: String,
    value: String,
}

fn collect(name: &str, value: &Value, indent: usize, lines: &mut Vec<Line>) {
    let inner = indent + INDENT;
    let mut line =
        |value: String| lines.push(Line { indent, name: printable(name), value: printable(&value) });
    match value {
        Value::Null => {}
        Value::String(text) if text.is_empty() => {}
        Value::String(text) => line(to_the_second(text)),
        Value::Bool(_) | Value::Number(_) => line(value.to_string()),
        Value::Array(items) if items.is_empty() => {}
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            let texts =
                items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
            line(texts.collect::<Vec<_>>().join(", "));
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                collect(&format!("{name}[{place}]"), item, indent, lines);
            }
        }
        Value::Object(fields) if fields.is_empty() => {}
        Value::Object(fields) => {
            line(String::new());
            fields.iter().for_each(|(key, value)| collect(key, value, inner, lines));
        }
    }
}

impl Line {
    fn written(&self, names: usize, width: usize) -> Vec<String> {
        let name = format!("{}{}", " ".repeat(self.indent), self.name);
        if self.value.is_empty() {
            return vec![name];
        }
        let longest = self.value.split_whitespace().map(UnicodeWidthStr::width).max().unwrap_or(0);
        let beside = names + GAP;
        // A value without white space is never broken: if necessary, it gets its own line.
        if beside + longest <= width {
            let padding = " ".repeat(beside - name.width());
            let mut lines = wrapped(self.value.trim(), width - beside, 0).into_iter();
            let first = format!("{name}{padding}{}", lines.next().unwrap_or_default());
            std::iter::once(first).chain(lines.map(|line| " ".repeat(beside) + &line)).collect()
        } else {
            let indent = self.indent + 2 * INDENT;
            let lines = wrapped(self.value.trim(), width.saturating_sub(indent), 0);
            std::iter::once(name).chain(lines.into_iter().map(|line| " ".repeat(indent) + &line)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::render;

    #[test]
    fn what_is_nested_stands_below_its_name_and_what_is_empty_is_left_out() {
        let sha = "5".repeat(64);
        let thing = json!({ "id": "a1", "none": null, "comments": [], "tags": ["x", "y"], "description": "word ".repeat(30),
            "user": { "name": "anna" }, "evidence": [{ "sha256": sha, "time": "2030-01-31T12:00:00.1234567Z" }, { "n": 1 }] });
        let table = render(&thing, None, 80).join("\n");
        assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
        for part in [
            "id           a1\n",
            "tags         x, y\n",
            "user\n  name       anna\n",
            "evidence[0]\n",
            &sha,
            "12:00:00Z\n",
        ] {
            assert!(table.contains(part), "{part} is not in\n{table}");
        }
        assert!(!table.contains("none") && !table.contains("comments"), "{table}");
    }
}
