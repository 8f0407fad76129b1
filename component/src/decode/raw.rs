//! JSON that is passed on unchanged.

use core::fmt;

use serde::Deserializer;
use serde::de::{Deserialize, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Decode, from_json, text};
use crate::prelude::*;

/// The deepest nesting that is passed on: the common limit of JSON readers (127), less the levels around the
/// value.
const DEEPEST: usize = 120;

/// A JSON value as text.
#[derive(Debug)]
pub(crate) struct Raw(String);

impl<'de> Decode<'de> for Raw {
    fn is_key(_key: &str) -> bool {
        true
    }

    fn decode<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        if is_deeper_than(DEEPEST, raw) {
            return Err(D::Error::custom(format_args!("nested deeper than {DEEPEST} levels")));
        }
        Ok(Self(raw.to_owned()))
    }
}

fn is_deeper_than(deepest: usize, json: &str) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                if depth > deepest {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// The keys of a JSON object, as written.
///
/// # Errors
/// The text is not a JSON object.
pub(crate) fn keys(json: &[u8]) -> Result<Vec<String>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text(json)?);
    let keys = (&mut deserializer).deserialize_map(Keys)?;
    deserializer.end().map(|()| keys)
}

struct Keys;

impl<'json> Visitor<'json> for Keys {
    type Value = Vec<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'json>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut keys = Vec::new();
        while let Some((key, _)) = map.next_entry::<String, IgnoredAny>()? {
            keys.push(key);
        }
        Ok(keys)
    }
}

/// The text of raw JSON without the null members of its objects. Everything else stays as it came, to the
/// last digit.
pub(crate) fn without_nulls(raw: Raw) -> String {
    let mut kept = String::new();
    match raw.0.contains("null").then(|| push_without_nulls(&raw.0, &mut kept)) {
        Some(Ok(())) => kept,
        _ => raw.0,
    }
}

fn push_without_nulls(json: &str, kept: &mut String) -> Result<(), serde_json::Error> {
    match json.as_bytes().first() {
        Some(b'{') => {
            let members = Members(kept);
            serde_json::Deserializer::from_str(json).deserialize_map(members)
        }
        Some(b'[') => {
            let mut separator = '[';
            for element in serde_json::from_str::<Vec<&RawValue>>(json)? {
                kept.push(separator);
                separator = ',';
                push_without_nulls(element.get(), kept)?;
            }
            if separator == '[' {
                kept.push('[');
            }
            kept.push(']');
            Ok(())
        }
        _ => {
            kept.push_str(json);
            Ok(())
        }
    }
}

struct Members<'kept>(&'kept mut String);

impl<'json> Visitor<'json> for Members<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'json>>(self, mut map: M) -> Result<(), M::Error> {
        let mut separator = '{';
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            if value.get() == "null" {
                continue;
            }
            self.0.push(separator);
            separator = ',';
            self.0.extend([key.get(), ":"]);
            push_without_nulls(value.get(), self.0).map_err(M::Error::custom)?;
        }
        if separator == '{' {
            self.0.push('{');
        }
        self.0.push('}');
        Ok(())
    }
}

/// Picks values out of a JSON object by their keys, ignoring case. A null counts as absent.
///
/// # Errors
/// The text is not a JSON object.
pub(crate) fn pick<'json>(
    json: &'json [u8],
    keys: &[&str],
) -> Result<Vec<Option<&'json str>>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text(json)?);
    let picked = (&mut deserializer).deserialize_map(Picker(keys))?;
    deserializer.end().map(|()| picked)
}

struct Picker<'keys>(&'keys [&'keys str]);

impl<'json> Visitor<'json> for Picker<'_> {
    type Value = Vec<Option<&'json str>>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'json>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut picked = vec![None; self.0.len()];
        while let Some(key) = map.next_key::<&RawValue>()? {
            // The keys that are looked for have no escapes, so a key with one does not match.
            let key = key.get().trim_matches('"');
            match self.0.iter().position(|known| known.eq_ignore_ascii_case(key)) {
                Some(place) => {
                    picked[place] = Some(map.next_value::<&RawValue>()?.get()).filter(|json| *json != "null")
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(picked)
    }
}

/// The text in a JSON value. A number yields its JSON text, to the last digit.
pub(crate) fn plain(json: &str) -> Option<String> {
    match json.as_bytes().first() {
        Some(b'"') => from_json(json.as_bytes()).ok(),
        Some(b'0'..=b'9' | b'-') => Some(json.to_owned()),
        _ => None,
    }
}

/// The text of raw JSON, or of a list of it.
pub(crate) fn text_of<T: IntoText>(raw: T) -> T::Text {
    raw.into_text()
}

/// Raw JSON, or a list of it.
pub(crate) trait IntoText {
    /// Text, or a list of it.
    type Text;

    /// Takes the text out.
    fn into_text(self) -> Self::Text;
}

impl IntoText for Raw {
    type Text = String;

    fn into_text(self) -> String {
        self.0
    }
}

impl IntoText for Vec<Raw> {
    type Text = Vec<String>;

    fn into_text(self) -> Vec<String> {
        self.into_iter().map(IntoText::into_text).collect()
    }
}
