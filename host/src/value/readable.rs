//! Whether JSON can be read as a value. Well-formed JSON may hold numbers that are out of range and text that is
//! not Unicode, such as half of a surrogate pair.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// JSON that was read as a value, of which nothing is kept.
pub(super) struct Readable;

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Readable;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_str<E>(self, _: &str) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Readable, A::Error> {
        while list.next_element::<Readable>()?.is_some() {}
        Ok(Readable)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Readable, A::Error> {
        while object.next_entry::<Readable, Readable>()?.is_some() {}
        Ok(Readable)
    }
}

#[cfg(test)]
mod tests {
    use super::Readable;

    #[test]
    fn what_can_be_read_as_a_value_is_readable_and_nothing_else() {
        for json in [
            r#"{"a":[null,true,-1,18446744073709551615,1.5,"\ud83d\ude00",{}]}"#,
            "1e400",
            "[-1e400]",
            r#""\ud800x""#,
            r#"{"\udc00":1}"#,
            "1e-400",
        ] {
            let as_value = serde_json::from_str::<serde_json::Value>(json).is_ok();
            assert_eq!(serde_json::from_str::<Readable>(json).is_ok(), as_value, "{json}");
        }
        assert!(serde_json::from_str::<Readable>("1e400").is_err());
    }
}
