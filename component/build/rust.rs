//! Generates Rust code from the contract. `src/contract.rs` includes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::contract::Contract;
use crate::function::Function;
use crate::naming::{pascal, snake};
use crate::types::{Body, Case, Definition, Field, Shape};

/// All generated code.
pub(crate) fn code(contract: &Contract) -> String {
    let results = contract.functions.iter().map(|function| &function.returns.shape);
    let parameters = contract.functions.iter().flat_map(|function| &function.parameters);
    let decoded = reachable(contract, results);
    let encoded = reachable(contract, parameters.map(|parameter| &parameter.field.shape));
    let mut code = world(contract) + &operations(&contract.functions);
    for definition in &contract.types {
        match &definition.body {
            Body::Enum(cases) => code += &keys(definition, cases),
            Body::Record(fields, _) => {
                if decoded.contains(&definition.name) {
                    code += &decode(definition, fields);
                }
                if encoded.contains(&definition.name) {
                    code += &encode(definition, fields);
                }
            }
        }
    }
    code
}

/// The names of the definitions in `shapes`, including nested ones.
fn reachable<'shape>(
    contract: &'shape Contract,
    shapes: impl Iterator<Item = &'shape Shape>,
) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut open: Vec<&Shape> = shapes.collect();
    while let Some(shape) = open.pop() {
        match shape {
            Shape::List(element) => open.push(element),
            Shape::Named(name) if names.insert(name.clone()) => {
                if let Some(Body::Record(fields, _)) =
                    contract.definition(name).map(|definition| &definition.body)
                {
                    open.extend(fields.iter().map(|field| &field.shape));
                }
            }
            _ => {}
        }
    }
    names
}

fn world(contract: &Contract) -> String {
    let world = &contract.world;
    let api = &world.clouds[0].api;
    format!(
        "/// The environment variable that names the API's origin.\n\
         pub(crate) const API_URL: &str = {:?};\n\
         /// The environment variable that holds a bearer token.\n\
         pub(crate) const ACCESS_TOKEN: &str = {:?};\n\
         /// The API's origin when none is named.\n\
         pub(crate) const DEFAULT_API_URL: &str = {api:?};\n\
         /// The API's hosts, as links in its replies name them; `*` stands for a region.\n\
         pub(crate) const HOSTS: &[&str] = &{:?};\n",
        world.api_url, world.access_token, world.hosts,
    )
}

/// Generates an enum of all functions and their effects.
fn operations(functions: &[Function]) -> String {
    let mut variants = String::new();
    let mut reads = Vec::new();
    for function in functions {
        let _ = writeln!(variants, "    /// `{}`\n    {},", function.name, pascal(&function.name));
        if function.effect == "read" {
            reads.push(format!("Self::{}", pascal(&function.name)));
        }
    }
    format!(
        "/// The functions of the contract.\n\
         #[derive(Debug, Clone, Copy, PartialEq, Eq)]\n\
         #[allow(dead_code, reason = \"some functions send nothing\")]\n\
         pub(crate) enum Operation {{\n{variants}}}\n\
         impl Operation {{\n\
             /// Whether the function changes nothing.\n\
             pub(crate) const fn is_read(self) -> bool {{\n matches!(self, {})\n }}\n\
         }}\n",
        reads.join(" | "),
    )
}

/// Generates the API's spelling of an enum.
fn keys(definition: &Definition, cases: &[Case]) -> String {
    let mut arms = String::new();
    for Case { name, key, .. } in cases {
        let _ = writeln!(arms, "Self::{} => {key:?},", pascal(name));
    }
    let path = &definition.path;
    format!(
        "impl {path} {{\n\
             /// The API's spelling.\n\
             pub(crate) const fn key(self) -> &'static str {{\n match self {{\n{arms}}}\n }}\n\
         }}\n\
         impl serde::Serialize for {path} {{\n\
             fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {{\n\
                 serializer.serialize_str(self.key())\n\
             }}\n\
         }}\n",
    )
}

/// Generates the writer of a record, which leaves out absent fields.
fn encode(definition: &Definition, fields: &[Field]) -> String {
    let mut entries = String::new();
    for Field { name, key, required, .. } in fields {
        let name = snake(name);
        let _ = if *required {
            writeln!(entries, "map.serialize_entry({key:?}, &self.{name})?;")
        } else {
            writeln!(entries, "if let Some(value) = &self.{name} {{ map.serialize_entry({key:?}, value)?; }}")
        };
    }
    format!(
        "impl serde::Serialize for {} {{\n\
             fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {{\n\
                 use serde::ser::SerializeMap as _;\n\
                 let mut map = serializer.serialize_map(None)?;\n{entries}\
                 map.end()\n\
             }}\n\
         }}\n",
        definition.path,
    )
}

/// Generates the reader of a record: a slot for each field, filled by key.
fn decode(definition: &Definition, fields: &[Field]) -> String {
    let path = &definition.path;
    let mut names = String::new();
    let (mut slots, mut arms, mut members) = (String::new(), String::new(), String::new());
    for (place, field) in fields.iter().enumerate() {
        let slot = format!("slot_{place}");
        let (slot_type, text) =
            if is_json(&field.shape) { (raw(&field.shape), true) } else { ("_".to_owned(), false) };
        let _ = writeln!(names, "{:?},", field.key);
        let _ = writeln!(slots, "let mut {slot}: Option<{slot_type}> = None;");
        let _ = writeln!(arms, "{place} => decode::fill(&mut map, &mut {slot}),");
        let value = match &field.shape {
            // Nulls are left out even of an object without a fixed shape, but rows stay as they came.
            Shape::Json => format!("{slot}.map(decode::without_nulls)"),
            _ if text => format!("{slot}.map(decode::text_of)"),
            _ => slot,
        };
        let value = match field {
            Field { absent_is_empty: true, .. } => format!("{value}.unwrap_or_default()"),
            Field { required: true, key, .. } => format!("decode::required({value}, {key:?})?"),
            _ => value,
        };
        let _ = writeln!(members, "{}: {value},", snake(&field.name));
    }
    format!(
        "impl decode::Record for {path} {{\n\
             const NAME: &'static str = {:?};\n\
             const KEYS: &'static [&'static str] = &[{names}];\n\
             fn place(key: &str) -> usize {{\n{}}}\n\
             fn read<'de, M: serde::de::MapAccess<'de>>(mut map: M) -> Result<Self, M::Error> {{\n\
                 {slots}\
                 while let Some(place) = decode::next_place::<Self, M>(&mut map)? {{\n\
                     let read = match place {{\n{arms}_ => decode::skip(&mut map),\n}};\n\
                     if let Err(error) = read {{\n return Err(decode::within::<Self, M::Error>(place, &error));\n }}\n\
                 }}\n\
                 Ok(Self {{\n{members}}})\n\
             }}\n\
         }}\n\
         impl<'de> decode::Decode<'de> for {path} {{\n\
             fn is_key(key: &str) -> bool {{\n\
                 <Self as decode::Record>::place(key) != usize::MAX\n\
             }}\n\
             fn decode<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {{\n\
                 decode::record(deserializer)\n\
             }}\n\
         }}\n",
        definition.name,
        places(fields),
    )
}

/// Generates the mapping from keys to fields. It compares lengths first, since most keys of a record differ
/// in length, and then accepts either case of the first letter, since the API is inconsistent about it.
fn places(fields: &[Field]) -> String {
    let mut by_length: BTreeMap<usize, String> = BTreeMap::new();
    for (place, Field { key, .. }) in fields.iter().enumerate() {
        let arms = by_length.entry(key.len()).or_default();
        let flipped = flipped(key);
        let _ = if flipped == *key {
            writeln!(arms, "{key:?} => {place},")
        } else {
            writeln!(arms, "{key:?} | {flipped:?} => {place},")
        };
    }
    let mut code = "match key.len() {\n".to_owned();
    for (length, arms) in by_length {
        let _ = writeln!(code, "{length} => match key {{\n{arms}_ => usize::MAX,\n}},");
    }
    code + "_ => usize::MAX,\n}\n"
}

/// A key with its first letter in the other case.
fn flipped(key: &str) -> String {
    let flip = |letter: char| match letter {
        letter if letter.is_ascii_lowercase() => letter.to_ascii_uppercase(),
        letter => letter.to_ascii_lowercase(),
    };
    let mut letters = key.chars();
    letters.next().map(flip).into_iter().chain(letters).collect()
}

fn is_json(shape: &Shape) -> bool {
    match shape {
        Shape::Json => true,
        Shape::List(element) => is_json(element),
        _ => false,
    }
}

/// The Rust type that reads JSON as text.
fn raw(shape: &Shape) -> String {
    match shape {
        Shape::List(element) => format!("Vec<{}>", raw(element)),
        _ => "decode::Raw".to_owned(),
    }
}
