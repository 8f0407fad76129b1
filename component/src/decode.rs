//! Reads the API's JSON into the contract's types.
//!
//! The reader is lenient where the API's own samples disagree: a null counts as absent, a key's first letter
//! may have either case, and numbers may be written as strings and strings as numbers. Anything else that
//! does not fit is an error that says where it is. The code of the records is generated (see
//! `build/rust.rs`).

mod raw;
mod record;
mod scalar;

use core::fmt;
use core::marker::PhantomData;

use serde::Deserializer;
use serde::de::{DeserializeSeed, SeqAccess, Visitor};

use crate::prelude::*;
pub(crate) use raw::{Raw, keys, pick, plain, text_of, without_nulls};
pub(crate) use record::{Record, fill, next_place, record, required, skip, within};

/// A value that can be read from JSON.
pub(crate) trait Decode<'de>: Sized {
    /// Whether an object that represents such a value may have a member with this name.
    fn is_key(_key: &str) -> bool {
        false
    }

    /// Reads the value.
    fn decode<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// Reads a text that consists of exactly one value.
///
/// # Errors
/// Says what does not fit, and where.
pub(crate) fn from_json<'de, T: Decode<'de>>(json: &'de [u8]) -> Result<T, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text(json)?);
    let value = T::decode(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// JSON as text. The UTF-8 is checked once here, not again for each string.
fn text(json: &[u8]) -> Result<&str, serde_json::Error> {
    core::str::from_utf8(json).map_err(serde::de::Error::custom)
}

/// Reads a value nested in another.
struct Seed<T>(PhantomData<T>);

impl<'de, T: Decode<'de>> DeserializeSeed<'de> for Seed<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::decode(deserializer)
    }
}

impl<'de, T: Decode<'de>> Decode<'de> for Option<T> {
    fn decode<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(OptionVisitor(PhantomData))
    }
}

struct OptionVisitor<T>(PhantomData<T>);

impl<'de, T: Decode<'de>> Visitor<'de> for OptionVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a value or null")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        T::decode(deserializer).map(Some)
    }
}

/// A list. Nulls in it are skipped.
impl<'de, T: Decode<'de>> Decode<'de> for Vec<T> {
    fn decode<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Decode<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(Seed::<Option<T>>(PhantomData))? {
            list.extend(element);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests;
