//! Records: the code that all generated readers share.

use core::fmt;
use core::marker::PhantomData;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor};

use super::{Decode, Seed};

/// A record of the contract.
pub(crate) trait Record: Sized {
    /// The record's name in the contract.
    const NAME: &'static str;
    /// The keys, in the order of the fields.
    const KEYS: &'static [&'static str];

    /// Returns the index in [`Self::KEYS`] of the field that a key stands for, or an index that no field has.
    fn place(key: &str) -> usize;

    /// Reads the entries of an object.
    fn read<'de, M: MapAccess<'de>>(map: M) -> Result<Self, M::Error>;
}

/// Reads a record.
pub(crate) fn record<'de, R: Record, D: Deserializer<'de>>(deserializer: D) -> Result<R, D::Error> {
    deserializer.deserialize_map(RecordVisitor(PhantomData))
}

struct RecordVisitor<R>(PhantomData<R>);

impl<'de, R: Record> Visitor<'de> for RecordVisitor<R> {
    type Value = R;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "an object ({})", R::NAME)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<R, M::Error> {
        R::read(map)
    }
}

/// Reads the next key of an object and returns the index of its field.
pub(crate) fn next_place<'de, R: Record, M: MapAccess<'de>>(map: &mut M) -> Result<Option<usize>, M::Error> {
    map.next_key_seed(Key::<R>(PhantomData))
}

struct Key<R>(PhantomData<R>);

impl<'de, R: Record> DeserializeSeed<'de> for Key<R> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<R: Record> Visitor<'_> for Key<R> {
    type Value = usize;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<usize, E> {
        Ok(R::place(key))
    }
}

/// Reads the value of a key into its field's slot. A null leaves the slot as it is.
#[inline(never)]
pub(crate) fn fill<'de, M: MapAccess<'de>, T: Decode<'de>>(
    map: &mut M,
    slot: &mut Option<T>,
) -> Result<(), M::Error> {
    if let Some(value) = map.next_value_seed(Seed::<Option<T>>(PhantomData))? {
        *slot = Some(value);
    }
    Ok(())
}

/// Skips the value of a key that belongs to no field.
pub(crate) fn skip<'de, M: MapAccess<'de>>(map: &mut M) -> Result<(), M::Error> {
    map.next_value::<IgnoredAny>().map(|_| ())
}

/// Returns the value of a required field.
pub(crate) fn required<T, E: Error>(slot: Option<T>, key: &'static str) -> Result<T, E> {
    slot.ok_or_else(|| E::missing_field(key))
}

/// Adds the key whose value is at fault to an error.
#[cold]
pub(crate) fn within<R: Record, E: Error>(place: usize, error: &E) -> E {
    match R::KEYS.get(place) {
        Some(key) => E::custom(format_args!("{key}: {error}")),
        None => E::custom(error),
    }
}
