//! Text, numbers and booleans.

use core::fmt;

use serde::Deserializer;
use serde::de::{Deserialize, Error, Unexpected, Visitor};
use serde_json::value::RawValue;

use super::Decode;
use crate::prelude::*;

/// The largest magnitude up to which a floating-point number represents every integer exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Text. A number or a boolean yields its JSON text, to the last digit.
impl<'de> Decode<'de> for String {
    fn decode<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?.get();
        match json.as_bytes() {
            [b'"', text @ .., b'"'] if !text.contains(&b'\\') => Ok(json[1..=text.len()].to_owned()),
            [b'"', ..] => serde_json::from_str(json).map_err(D::Error::custom),
            [b'[', ..] => Err(D::Error::invalid_type(Unexpected::Seq, &"text")),
            [b'{', ..] => Err(D::Error::invalid_type(Unexpected::Map, &"text")),
            _ => Ok(json.to_owned()),
        }
    }
}

/// An integer. It may be written as a string or with a zero fraction.
impl<'de> Decode<'de> for i64 {
    fn decode<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntegerVisitor)
    }
}

struct IntegerVisitor;

impl Visitor<'_> for IntegerVisitor {
    type Value = i64;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a whole number of at most 64 bits")
    }

    fn visit_i64<E>(self, value: i64) -> Result<i64, E> {
        Ok(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<i64, E> {
        i64::try_from(value).map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<i64, E> {
        let whole = value as i64;
        if value.abs() <= EXACT && whole as f64 == value {
            Ok(whole)
        } else {
            Err(E::invalid_value(Unexpected::Float(value), &self))
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
        text.trim().parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// A boolean. It may be written as a string.
impl<'de> Decode<'de> for bool {
    fn decode<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TruthVisitor)
    }
}

struct TruthVisitor;

impl Visitor<'_> for TruthVisitor {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("true or false")
    }

    fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
        Ok(value)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        match text {
            _ if text.eq_ignore_ascii_case("true") => Ok(true),
            _ if text.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}
