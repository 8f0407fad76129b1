//! Wording for messages about values.

use serde_json::Value;

/// The longest piece of a value that a message repeats.
const EXCERPT: usize = 60;

/// Names in a list: `a`, `b` and `c`.
pub(super) fn listed(names: &[String]) -> String {
    match names {
        [] => "none".into(),
        [only] => format!("`{only}`"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(|name| format!("`{name}`")).collect();
            format!("{} and `{last}`", first.join(", "))
        }
    }
}

/// Describes a value: its type, and the beginning of its text.
pub(super) fn described(value: &Value) -> String {
    let kind = match value {
        Value::Null => return "null".into(),
        Value::Array(_) => return "an array".into(),
        Value::Object(_) => return "an object".into(),
        Value::Bool(_) => "the boolean",
        Value::Number(_) => "the number",
        Value::String(_) => "the string",
    };
    let text = value.to_string();
    match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{kind} {}…", &text[..end]),
        None => format!("{kind} {text}"),
    }
}

/// Returns the name that was probably meant.
pub(super) fn most_similar<'a>(given: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    crate::similar::most_similar(given, names).map(str::to_owned)
}
