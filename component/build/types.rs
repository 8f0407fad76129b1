//! The types of the contract that the exported functions use.

use std::collections::BTreeSet;

use wit_parser::{Docs, Type, TypeDefKind, TypeId};

use crate::doc::{Doc, Label};
use crate::naming;
use crate::wit::Wit;

/// The type of a value, apart from whether it may be absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Text.
    Text,
    /// Text that holds a point in time.
    DateTime,
    /// Text that holds JSON.
    Json,
    /// A boolean.
    Boolean,
    /// An integer.
    Integer,
    /// A floating-point number.
    Number,
    /// A list.
    List(Box<Shape>),
    /// A record or enum of the contract, by its name.
    Named(String),
}

impl Shape {
    /// The manifest's name for the type.
    pub(crate) fn word(&self) -> String {
        match self {
            Self::Text => "string".to_owned(),
            Self::DateTime => "date-time".to_owned(),
            Self::Json => "json".to_owned(),
            Self::Boolean => "boolean".to_owned(),
            Self::Integer => "integer".to_owned(),
            Self::Number => "number".to_owned(),
            Self::List(element) => format!("array of {}", element.word()),
            Self::Named(name) => name.clone(),
        }
    }
}

/// A field or a parameter.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// The name in WIT.
    pub(crate) name: String,
    /// The key in JSON.
    pub(crate) key: String,
    /// The title, for people.
    pub(crate) title: String,
    /// What it means.
    pub(crate) description: String,
    /// The type of the value.
    pub(crate) shape: Shape,
    /// Whether the value must be present.
    pub(crate) required: bool,
    /// Whether the published reference lacks the field.
    pub(crate) extension: bool,
    /// Whether a required list may be missing from a reply, which then counts as an empty list.
    pub(crate) absent_is_empty: bool,
}

/// A case of an enum.
#[derive(Debug)]
pub(crate) struct Case {
    /// The name in WIT.
    pub(crate) name: String,
    /// The JSON spelling.
    pub(crate) key: String,
    /// What it means.
    pub(crate) description: String,
}

/// The content of a definition.
#[derive(Debug)]
pub(crate) enum Body {
    /// A record's fields, and the keys of those to show first.
    Record(Vec<Field>, Vec<String>),
    /// An enum's cases.
    Enum(Vec<Case>),
}

/// A record or an enum.
#[derive(Debug)]
pub(crate) struct Definition {
    /// The name in WIT.
    pub(crate) name: String,
    /// The path of the bindings' Rust type.
    pub(crate) path: String,
    /// The published reference's name for the definition, if it has one.
    pub(crate) definition: Option<String>,
    /// The summary of its doc comment.
    pub(crate) summary: String,
    /// Its fields or cases.
    pub(crate) body: Body,
}

/// The types found so far.
pub(crate) struct Types<'wit> {
    wit: &'wit Wit,
    met: Vec<TypeId>,
}

impl<'wit> Types<'wit> {
    /// Starts without any types.
    pub(crate) fn new(wit: &'wit Wit) -> Self {
        Self { wit, met: Vec::new() }
    }

    /// The WIT itself.
    pub(crate) fn wit(&self) -> &'wit Wit {
        self.wit
    }

    /// Returns the type of `ty` and whether it is required. Remembers the records and enums in it.
    pub(crate) fn shape(&mut self, item: &str, ty: Type) -> Result<(Shape, bool), String> {
        match self.wit.kind(ty) {
            Some(TypeDefKind::Option(inner)) => Ok((self.present(item, *inner)?, false)),
            _ => Ok((self.present(item, ty)?, true)),
        }
    }

    /// The success type of the result that a function returns.
    pub(crate) fn success(&self, item: &str, ty: Option<Type>) -> Result<Type, String> {
        let failure = |ty: &Type| matches!(ty, Type::Id(id) if self.wit.name(*id) == "failure");
        match ty.and_then(|ty| self.wit.kind(ty)) {
            Some(TypeDefKind::Result(result)) if result.err.as_ref().is_some_and(failure) => {
                result.ok.ok_or_else(|| format!("{item}: returns nothing on success"))
            }
            _ => Err(format!("{item}: does not return `result<…, failure>`")),
        }
    }

    /// The record behind `ty`, if it is one.
    pub(crate) fn record(&self, ty: Type) -> Option<&'wit wit_parser::Record> {
        match self.wit.kind(ty) {
            Some(TypeDefKind::Record(record)) => Some(record),
            _ => None,
        }
    }

    /// Whether `ty` is an option.
    pub(crate) fn is_option(&self, ty: Type) -> bool {
        matches!(self.wit.kind(ty), Some(TypeDefKind::Option(_)))
    }

    /// Whether `ty` is a list.
    pub(crate) fn is_list(&self, ty: Type) -> bool {
        matches!(self.wit.kind(ty), Some(TypeDefKind::List(_)))
    }

    /// The doc comment of the type behind `ty`, with all aliases resolved.
    pub(crate) fn docs(&self, ty: Type) -> Option<&'wit str> {
        match ty {
            Type::Id(id) => self.wit.resolve.types[self.wit.origin(id)].docs.contents.as_deref(),
            _ => None,
        }
    }

    /// Reads the definitions of all types found, including nested ones.
    pub(crate) fn into_definitions(mut self) -> Result<Vec<Definition>, String> {
        let mut definitions = Vec::new();
        let mut names = BTreeSet::new();
        let mut next = 0;
        while let Some(id) = self.met.get(next).copied() {
            next += 1;
            let definition = self.definition(id)?;
            if !names.insert(definition.name.clone()) {
                return Err(format!("{}: two types have this name", definition.name));
            }
            definitions.push(definition);
        }
        Ok(definitions)
    }

    fn definition(&mut self, id: TypeId) -> Result<Definition, String> {
        let found = &self.wit.resolve.types[id];
        let name = found.name.clone().ok_or("a record or enum has no name")?;
        let mut doc = Doc::parse(&name, found.docs.contents.as_deref())?;
        let definition = doc.tags.optional("definition")?;
        let columns = doc.tags.optional("columns")?.unwrap_or_default();
        doc.tags.all("source");
        doc.tags.finish()?;
        let body = match &found.kind {
            TypeDefKind::Record(record) => {
                let fields = self.fields(&name, &record.fields)?;
                let columns = columns.split_whitespace().map(|column| keyed(&name, column, &fields));
                let columns = columns.collect::<Result<_, _>>()?;
                Body::Record(fields, columns)
            }
            TypeDefKind::Enum(cases) => Body::Enum(enum_cases(&name, &cases.cases)?),
            other => {
                return Err(format!("{name}: a {} has no place in a connector", other.as_str()));
            }
        };
        let path = self.wit.rust_type(id)?;
        Ok(Definition { name, path, definition, summary: doc.summary, body })
    }

    fn fields(&mut self, record: &str, fields: &[wit_parser::Field]) -> Result<Vec<Field>, String> {
        let read = |field: &wit_parser::Field| {
            let item = format!("{record}.{}", field.name);
            let Member { label, extension, absent_is_empty } = member(&item, &field.docs)?;
            let (shape, required) = self.shape(&item, field.ty)?;
            if absent_is_empty && !(required && matches!(shape, Shape::List(_))) {
                return Err(format!("{item}: @absent-is-empty is for lists that must be there"));
            }
            let key = label.key.unwrap_or_else(|| naming::camel(&field.name));
            let (title, description) = (label.title, label.description);
            let name = field.name.clone();
            Ok(Field { name, key, title, description, shape, required, extension, absent_is_empty })
        };
        let fields: Vec<Field> = fields.iter().map(read).collect::<Result<_, String>>()?;
        unique_keys(record, fields.iter().map(|field| field.key.as_str()))?;
        Ok(fields)
    }

    fn present(&mut self, item: &str, ty: Type) -> Result<Shape, String> {
        let id = match ty {
            Type::Id(id) => id,
            other => return primitive(item, other),
        };
        let (origin, name) = (self.wit.origin(id), self.wit.name(id));
        match &self.wit.resolve.types[origin].kind {
            TypeDefKind::Type(Type::String) if name == "date-time" => Ok(Shape::DateTime),
            TypeDefKind::Type(Type::String) if name == "json" => Ok(Shape::Json),
            TypeDefKind::Type(primitive_type) => primitive(item, *primitive_type),
            TypeDefKind::List(element) => Ok(Shape::List(Box::new(self.present(item, *element)?))),
            TypeDefKind::Record(_) | TypeDefKind::Enum(_) => {
                if !self.met.contains(&origin) {
                    self.met.push(origin);
                }
                Ok(Shape::Named(name.to_owned()))
            }
            other => Err(format!("{item}: a {} has no place here", other.as_str())),
        }
    }
}

/// The key of a field that `@columns` names.
fn keyed(record: &str, column: &str, fields: &[Field]) -> Result<String, String> {
    let field = fields.iter().find(|field| field.name == column);
    field
        .map(|field| field.key.clone())
        .ok_or_else(|| format!("{record}: @columns names `{column}`, which it lacks"))
}

/// The documentation of a field or case.
struct Member {
    label: Label,
    extension: bool,
    absent_is_empty: bool,
}

fn member(item: &str, docs: &Docs) -> Result<Member, String> {
    let mut doc = Doc::parse(item, docs.contents.as_deref())?;
    let extension = doc.tags.flag("extension")?;
    let absent_is_empty = doc.tags.flag("absent-is-empty")?;
    doc.tags.finish()?;
    if !doc.description.is_empty() {
        return Err(format!("{item}: is documented by one paragraph"));
    }
    Ok(Member { label: Label::parse(item, &doc.summary)?, extension, absent_is_empty })
}

fn enum_cases(name: &str, cases: &[wit_parser::EnumCase]) -> Result<Vec<Case>, String> {
    let read = |case: &wit_parser::EnumCase| {
        let Member { label, .. } = member(&format!("{name}.{}", case.name), &case.docs)?;
        let key = label.key.unwrap_or(label.title);
        Ok(Case { name: case.name.clone(), key, description: label.description })
    };
    let cases: Vec<Case> = cases.iter().map(read).collect::<Result<_, String>>()?;
    unique_keys(name, cases.iter().map(|case| case.key.as_str()))?;
    Ok(cases)
}

/// Checks that no two keys are equal, even with a different case: replies are read with either case of a
/// key's first letter.
pub(crate) fn unique_keys<'key>(item: &str, keys: impl Iterator<Item = &'key str>) -> Result<(), String> {
    let mut met = BTreeSet::new();
    for key in keys {
        if !met.insert(key.to_ascii_lowercase()) {
            return Err(format!("{item}: the key `{key}` is given twice"));
        }
    }
    Ok(())
}

fn primitive(item: &str, ty: Type) -> Result<Shape, String> {
    match ty {
        Type::String => Ok(Shape::Text),
        Type::Bool => Ok(Shape::Boolean),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::S8 | Type::S16 | Type::S32 | Type::S64 => {
            Ok(Shape::Integer)
        }
        Type::F32 | Type::F64 => Ok(Shape::Number),
        Type::Char | Type::ErrorContext | Type::Id(_) => Err(format!("{item}: its type has no place here")),
    }
}
