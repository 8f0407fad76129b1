//! What differs between two values, one line for each difference.

use std::fmt::{Debug, Write as _};

use serde_json::Value;

/// The longest piece of text that a difference shows.
const SHOWN: usize = 200;

/// Differences, each with its place.
#[derive(Debug, Default)]
pub(crate) struct Differences(Vec<String>);

impl Differences {
    /// Notes that two values differ, if they do.
    pub(crate) fn compare<T: PartialEq + Debug + ?Sized>(&mut self, place: &str, expected: &T, found: &T) {
        if expected != found {
            self.add(place, &format!("{expected:?}"), &format!("{found:?}"));
        }
    }

    /// Notes where two JSON values differ. The order of keys counts for nothing, a number's kind does.
    pub(crate) fn compare_json(&mut self, place: &str, expected: &Value, found: &Value) {
        match (expected, found) {
            (Value::Object(wanted), Value::Object(found)) => {
                for (key, value) in wanted {
                    let place = format!("{place}.{key}");
                    match found.get(key) {
                        Some(found) => self.compare_json(&place, value, found),
                        None => self.add(&place, &value.to_string(), "nothing"),
                    }
                }
                for (key, value) in found.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
                    self.add(&format!("{place}.{key}"), "nothing", &value.to_string());
                }
            }
            (Value::Array(wanted), Value::Array(found)) => {
                self.compare(&format!("{place}.length"), &wanted.len(), &found.len());
                for (index, (wanted, found)) in wanted.iter().zip(found).enumerate() {
                    self.compare_json(&format!("{place}[{index}]"), wanted, found);
                }
            }
            (wanted, found) if wanted != found => self.add(place, &wanted.to_string(), &found.to_string()),
            _ => {}
        }
    }

    /// Notes a difference.
    pub(crate) fn add(&mut self, place: &str, expected: &str, found: &str) {
        self.0.push(format!("{place}: expected {}, found {}", shortened(expected), shortened(found)));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one is at that place.
    pub(crate) fn are_at(&self, place: &str) -> bool {
        let start = format!("{place}: ");
        self.0.iter().any(|line| line.starts_with(&start))
    }

    /// The differences below a heading.
    pub(crate) fn under(&self, heading: &str) -> String {
        let mut text = heading.to_owned();
        for line in &self.0 {
            let _ = write!(text, "\n    {line}");
        }
        text
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}
