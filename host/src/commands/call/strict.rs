//! JSON in which no key is repeated: whoever writes a key twice means two things, and one of them would be
//! lost.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The message for a repeated empty key.
const EMPTY_KEYS: &str = "two keys are empty";

/// Whether the error is a repeated empty key, which nobody writes on purpose.
pub(super) fn is_about_empty_keys(error: &serde_json::Error) -> bool {
    error.is_data() && error.to_string().starts_with(EMPTY_KEYS)
}

/// Reads one JSON value.
///
/// # Errors
/// The text is not JSON, or a key is repeated; the error says where.
pub(super) fn parse(text: &str) -> serde_json::Result<Value> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(Strict)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(Strict)?;
            if object.contains_key(&key) {
                if key.is_empty() {
                    return Err(Error::custom(EMPTY_KEYS));
                }
                return Err(Error::custom(format_args!("the key `{key}` is given twice")));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn json_is_read_as_it_is() {
        let text = r#"{"a":[1,-2,2.5,18446744073709551615,null,true,"x"],"b":{"a":{}}}"#;
        let value = json!({ "a": [1, -2, 2.5, u64::MAX, null, true, "x"], "b": { "a": {} } });
        assert_eq!(parse(text).unwrap(), value);
        assert!(parse("{} x").is_err());
    }

    #[test]
    fn a_key_that_is_given_twice_is_named() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"b":[{"a":1,"\u0061":2}]}"#] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains("`a` is given twice"), "{error}");
        }
    }
}
