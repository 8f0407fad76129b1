//! The schema of a type, made from the component's shape and from the manifest's name for the type, which
//! leads to its description.

use serde_json::{Map, Value, json};

use crate::manifest::{Case, Field, Manifest, TypeDefinition};
use crate::value::{Shape, Spelling};

/// Which way a value goes: input may be spelt in more ways than output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Input,
    Output,
}

/// Makes schemas of types.
#[derive(Debug, Clone, Copy)]
pub(super) struct Types<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) direction: Direction,
}

type Schema = Map<String, Value>;

impl Types<'_> {
    /// Returns the schema of a value that is present, with its title and description.
    pub(super) fn described(&self, shape: &Shape, type_name: &str, title: &str, about: &str) -> Value {
        let shape = match shape {
            // The object's schema says whether a property may be left out.
            Shape::Option(inner) => inner,
            shape => shape,
        };
        let mut schema = Schema::new();
        let cases = self.cases_in_words(shape, type_name);
        label(&mut schema, title, [about, &cases].join("\n").trim());
        schema.extend(self.plain(shape, type_name));
        schema.into()
    }

    /// Like [`Self::described`], without a title or description of its own.
    pub(super) fn plain(&self, shape: &Shape, type_name: &str) -> Schema {
        match shape {
            Shape::Bool => typed("boolean"),
            Shape::Integer(width) => {
                let (least, greatest) = width.bounds();
                object(json!({ "type": "integer", "minimum": number(least), "maximum": number(greatest) }))
            }
            // JSON has neither infinities nor NaN: the host writes null for them.
            Shape::Float { .. } if self.direction == Direction::Output => {
                object(json!({ "type": ["number", "null"] }))
            }
            Shape::Float { .. } => typed("number"),
            Shape::Char => object(json!({ "type": "string", "minLength": 1, "maxLength": 1 })),
            Shape::String if type_name == "date-time" => {
                object(json!({ "type": "string", "format": "date-time" }))
            }
            Shape::String => typed("string"),
            Shape::Json => Schema::new(),
            Shape::List(item) => {
                let item_type = type_name.strip_prefix("array of ").unwrap_or_default();
                let mut schema = typed("array");
                let about = self.summary(item_type).unwrap_or_default();
                schema.insert("items".into(), self.item(item, item_type, about));
                schema
            }
            Shape::Option(inner) => {
                object(json!({ "anyOf": [self.plain(inner, type_name), { "type": "null" }] }))
            }
            Shape::Record(_) => self.object(shape, type_name),
            Shape::Tuple(items) => {
                let items: Vec<Value> = items.iter().map(|item| self.item(item, "", "")).collect();
                let length = items.len();
                let mut schema = object(json!({ "type": "array", "minItems": length, "maxItems": length }));
                if !items.is_empty() {
                    schema.insert("prefixItems".into(), items.into());
                }
                schema
            }
            Shape::Enum(cases) => {
                let mut schema = typed("string");
                let spellings: Vec<&str> = cases.iter().map(|case| &*case.key).collect();
                schema.insert("enum".into(), self.with_names(spellings, cases).into());
                schema
            }
            Shape::Flags(flags) => {
                let names = flags.iter().flat_map(|flag| self.spellings(flag)).collect::<Vec<_>>();
                object(json!({
                    "type": "array", "uniqueItems": true, "items": { "type": "string", "enum": names },
                }))
            }
            Shape::Variant(cases) => {
                let cases = cases.iter().flat_map(|(case, payload)| {
                    self.spellings(case).into_iter().map(move |name| match payload {
                        None => json!({ "const": name }),
                        Some(payload) => json!({
                            "type": "object",
                            "properties": { name: self.plain(payload, "") },
                            "required": [name],
                            "additionalProperties": false,
                        }),
                    })
                });
                object(json!({ "anyOf": cases.collect::<Vec<_>>() }))
            }
            // No value of this type can be given or written.
            Shape::Opaque(_) => object(json!({ "not": {} })),
        }
    }

    /// The schema of a record.
    pub(super) fn object(&self, shape: &Shape, type_name: &str) -> Schema {
        let Shape::Record(fields) = shape else { return Schema::new() };
        let known = self.manifest.record(type_name).unwrap_or_default();
        let field = |spelling: &Spelling| known.iter().find(|field| *field.name == *spelling.name);
        let properties: Schema = fields
            .iter()
            .map(|part| {
                let nothing = Field::default();
                let Field { title, description, type_name, .. } = field(&part.spelling).unwrap_or(&nothing);
                (part.spelling.key.to_string(), self.described(&part.shape, type_name, title, description))
            })
            .collect();
        let required: Vec<&str> = fields
            .iter()
            .filter(|part| !matches!(part.shape, Shape::Option(_)))
            .map(|part| &*part.spelling.key)
            .collect();
        let mut schema = typed("object");
        schema.insert("properties".into(), properties.into());
        if !required.is_empty() {
            schema.insert("required".into(), required.into());
        }
        if self.direction == Direction::Input {
            schema.insert("additionalProperties".into(), false.into());
        }
        schema
    }

    /// Returns the manifest's summary of a type.
    pub(super) fn summary(&self, type_name: &str) -> Option<&str> {
        match self.manifest.types.get(type_name)? {
            TypeDefinition::Record { summary, .. } | TypeDefinition::Enum { summary, .. } => {
                Some(summary).filter(|summary| !summary.is_empty()).map(String::as_str)
            }
        }
    }

    fn item(&self, shape: &Shape, type_name: &str, about: &str) -> Value {
        match shape {
            Shape::Option(_) => self.plain(shape, type_name).into(),
            shape => self.described(shape, type_name, "", about),
        }
    }

    /// How a name may be spelt: as in JSON, and for input also as in the contract. In output, the names in
    /// variants and flags are the contract's.
    fn spellings<'a>(&self, spelling: &'a Spelling) -> Vec<&'a str> {
        match self.direction {
            Direction::Output => vec![&*spelling.name],
            Direction::Input if spelling.name == spelling.key => vec![&*spelling.key],
            Direction::Input => vec![&*spelling.key, &*spelling.name],
        }
    }

    /// Returns the keys of an enum's cases, followed by the names that differ from them if those are accepted
    /// too.
    fn with_names<'a>(&self, mut keys: Vec<&'a str>, cases: &'a [Spelling]) -> Vec<&'a str> {
        if self.direction == Direction::Input {
            keys.extend(cases.iter().filter(|case| case.name != case.key).map(|case| &*case.name));
        }
        keys
    }

    /// Returns a line for each value of an enum: its spelling and its meaning.
    fn cases_in_words(&self, shape: &Shape, type_name: &str) -> String {
        let Shape::Enum(cases) = shape else { return String::new() };
        let known: &[Case] = match self.manifest.types.get(type_name) {
            Some(TypeDefinition::Enum { cases, .. }) => cases,
            _ => &[],
        };
        let lines = cases.iter().map(|case| {
            let other = match self.direction {
                Direction::Input if case.name != case.key => format!(" (or `{}`)", case.name),
                _ => String::new(),
            };
            let known = known.iter().find(|known| *known.name == *case.name);
            match known.map(|known| known.description.as_str()).filter(|about| !about.is_empty()) {
                Some(about) => format!("`{}`{other}: {about}", case.key),
                None => format!("`{}`{other}", case.key),
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Adds a title and a description, unless they are empty.
pub(super) fn label(schema: &mut Schema, title: &str, description: &str) {
    for (key, text) in [("title", title), ("description", description)] {
        if !text.is_empty() {
            schema.insert(key.into(), text.into());
        }
    }
}

fn typed(name: &str) -> Schema {
    object(json!({ "type": name }))
}

fn object(schema: Value) -> Schema {
    match schema {
        Value::Object(schema) => schema,
        _ => Schema::new(),
    }
}

/// A bound of an integer type, of at most 64 bits.
fn number(bound: i128) -> Value {
    match (u64::try_from(bound), i64::try_from(bound)) {
        (Ok(bound), _) => bound.into(),
        (_, Ok(bound)) => bound.into(),
        _ => Value::Null,
    }
}
