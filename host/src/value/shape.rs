//! The plan by which values are converted: a component type joined with what the manifest says about it.

use std::sync::Arc;

use wasmtime::component::Type;
use wasmtime::component::types::ComponentFunc;

use super::plan::ResultPlan;
use crate::manifest::{Action, Case, Field, Lookup, Manifest, TypeDefinition};

/// How an action's arguments and result are converted.
#[derive(Debug, Clone)]
pub struct Signature {
    pub(super) arguments: Vec<Argument>,
    /// The types of the arguments.
    pub(super) types: Box<[Type]>,
    result: Shape,
    failure: Option<Shape>,
    /// How the result is read, if the function can fail.
    pub(super) plan: Option<Arc<ResultPlan>>,
}

/// One argument of the function: a parameter, or a record whose fields are parameters.
#[derive(Debug, Clone)]
pub(super) enum Argument {
    Plain(Parameter),
    Inline(Vec<Parameter>),
}

/// A parameter that a caller may give.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// The name in the contract, such as `machine-id`.
    pub name: Arc<str>,
    /// The key of the published connector, such as `Machine ID`.
    pub key: Arc<str>,
    /// The name in camelCase, such as `machineId`.
    pub camel: Arc<str>,
    /// The title, for people.
    pub title: Arc<str>,
    /// What it means, for people.
    pub description: Arc<str>,
    /// How the thing that it names by id can be found by name, if it names one.
    pub lookup: Option<Arc<Lookup>>,
    /// The type of its value.
    pub shape: Shape,
}

/// A type, with the JSON names of its parts.
#[derive(Debug, Clone)]
pub enum Shape {
    /// `true` or `false`.
    Bool,
    /// A whole number: its bounds, and the type that the component expects.
    Integer(Integer),
    /// A floating-point number.
    Float {
        /// Whether it has only 32 bits.
        single: bool,
    },
    /// One Unicode scalar value.
    Char,
    /// Text.
    String,
    /// Text that holds JSON; it becomes part of the JSON document as the value that it holds.
    Json,
    /// Any number of values.
    List(Arc<Shape>),
    /// A value that may be absent.
    Option(Arc<Shape>),
    /// Named values.
    Record(Arc<[RecordField]>),
    /// Values by position.
    Tuple(Arc<[Shape]>),
    /// One of a closed set of names.
    Enum(Arc<[Spelling]>),
    /// One of a closed set of names, some with a value.
    Variant(Arc<[(Spelling, Option<Shape>)]>),
    /// Any of a closed set of names.
    Flags(Arc<[Spelling]>),
    /// A type that has no JSON form, such as a resource.
    Opaque(&'static str),
}

/// The integer types of the component model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Integer {
    U8,
    S8,
    U16,
    S16,
    U32,
    S32,
    U64,
    S64,
}

/// A field of a record.
#[derive(Debug, Clone)]
pub struct RecordField {
    /// The name in the contract and the key in JSON.
    pub spelling: Spelling,
    /// The type of its value.
    pub shape: Shape,
}

/// A name in the contract, and how JSON spells it.
#[derive(Debug, Clone)]
pub struct Spelling {
    /// The name in the contract, such as `run-script`.
    pub name: Arc<str>,
    /// The spelling in JSON, such as `RunScript`.
    pub key: Arc<str>,
}

impl Signature {
    /// Joins a function's type with the manifest's entry for it, if there is one.
    pub(crate) fn new(function: &ComponentFunc, action: Option<&Action>, manifest: &Manifest) -> Self {
        let reader = Reader { manifest };
        let arguments = function.params().map(|(name, ty)| reader.argument(name, &ty, action)).collect();
        let returns = action.map(|action| &action.returns);
        let returned = returns.map_or("", |returns| returns.type_name.as_str());
        let returned_type = function.results().next();
        let (result, failure) = match &returned_type {
            Some(Type::Result(result)) => (
                result.ok().map_or(Shape::Tuple([].into()), |ty| reader.shape(&ty, returned)),
                result.err().map(|ty| reader.shape(&ty, "failure")),
            ),
            Some(ty) => (reader.shape(ty, returned), None),
            None => (Shape::Tuple([].into()), None),
        };
        let key = returns.and_then(|returns| returns.key.as_deref()).unwrap_or("value");
        let next = action.and_then(|action| action.paging.as_ref()).map(|paging| &*paging.next);
        let plan = returned_type
            .zip(failure.as_ref())
            .and_then(|(ty, failure)| ResultPlan::new(&ty, (&result, failure), key, next));
        let types = function.params().map(|(_, ty)| ty).collect();
        Self { arguments, types, result, failure, plan: plan.map(Arc::new) }
    }

    /// Whether the function can fail in the way that the contract requires.
    pub(crate) fn has_failure(&self) -> bool {
        matches!(self.failure, Some(Shape::Variant(_)))
    }

    /// The type of the result, without the failure.
    #[must_use]
    pub fn result(&self) -> &Shape {
        &self.result
    }

    /// The parameters that a caller may give, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        self.arguments.iter().flat_map(|argument| match argument {
            Argument::Plain(parameter) => std::slice::from_ref(parameter),
            Argument::Inline(parameters) => parameters,
        })
    }
}

impl Parameter {
    /// Whether the parameter must be given.
    #[must_use]
    pub fn required(&self) -> bool {
        !matches!(self.shape, Shape::Option(_))
    }

    /// Whether `name` is one of this parameter's names: its key, its name in the contract, or that name in
    /// camelCase.
    #[must_use]
    pub fn answers_to(&self, name: &str) -> bool {
        name == &*self.key || name == &*self.name || name == &*self.camel
    }
}

impl Shape {
    /// The type's name, for people.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Bool => "boolean".into(),
            Self::Integer(_) => "integer".into(),
            Self::Float { .. } => "number".into(),
            Self::Char => "character".into(),
            Self::String => "string".into(),
            Self::Json => "JSON".into(),
            Self::List(item) => format!("array of {}", item.name()),
            Self::Option(inner) => inner.name(),
            Self::Record(_) | Self::Variant(_) => "object".into(),
            Self::Tuple(_) => "array".into(),
            Self::Enum(cases) => cases.iter().map(|case| &*case.key).collect::<Vec<_>>().join(" | "),
            Self::Flags(flags) => {
                format!("array of {}", flags.iter().map(|flag| &*flag.key).collect::<Vec<_>>().join(" | "))
            }
            Self::Opaque(name) => (*name).into(),
        }
    }
}

impl Integer {
    /// The least and greatest value.
    #[must_use]
    pub fn bounds(self) -> (i128, i128) {
        match self {
            Self::U8 => (0, u8::MAX.into()),
            Self::S8 => (i8::MIN.into(), i8::MAX.into()),
            Self::U16 => (0, u16::MAX.into()),
            Self::S16 => (i16::MIN.into(), i16::MAX.into()),
            Self::U32 => (0, u32::MAX.into()),
            Self::S32 => (i32::MIN.into(), i32::MAX.into()),
            Self::U64 => (0, u64::MAX.into()),
            Self::S64 => (i64::MIN.into(), i64::MAX.into()),
        }
    }
}

/// `machine-id` in camelCase: `machineId`.
pub(crate) fn camel_case(name: &str) -> String {
    let mut words = name.split('-');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// Reads component types with the help of the manifest.
struct Reader<'a> {
    manifest: &'a Manifest,
}

impl Reader<'_> {
    fn argument(&self, name: &str, ty: &Type, action: Option<&Action>) -> Argument {
        let field = action.and_then(|action| action.parameters.iter().find(|field| field.name == name));
        if let (Some(field), Type::Record(record)) = (field, ty)
            && field.inline
        {
            let known = self.manifest.record(&field.type_name).unwrap_or_default();
            let parameters = record.fields().map(|part| {
                self.parameter(part.name, &part.ty, known.iter().find(|field| field.name == part.name))
            });
            return Argument::Inline(parameters.collect());
        }
        Argument::Plain(self.parameter(name, ty, field))
    }

    fn parameter(&self, name: &str, ty: &Type, field: Option<&Field>) -> Parameter {
        let camel: Arc<str> = camel_case(name).into();
        Parameter {
            name: name.into(),
            key: field.map_or_else(|| camel.clone(), |field| field.key.as_str().into()),
            camel,
            title: field.map_or(name, |field| &field.title).into(),
            description: field.map_or("", |field| &field.description).into(),
            lookup: self.manifest.lookup(name).cloned(),
            shape: self.shape(ty, field.map_or("", |field| &field.type_name)),
        }
    }

    /// `name` is the manifest's name for the type: the component's types have no names.
    fn shape(&self, ty: &Type, name: &str) -> Shape {
        match ty {
            Type::Bool => Shape::Bool,
            Type::U8 => Shape::Integer(Integer::U8),
            Type::S8 => Shape::Integer(Integer::S8),
            Type::U16 => Shape::Integer(Integer::U16),
            Type::S16 => Shape::Integer(Integer::S16),
            Type::U32 => Shape::Integer(Integer::U32),
            Type::S32 => Shape::Integer(Integer::S32),
            Type::U64 => Shape::Integer(Integer::U64),
            Type::S64 => Shape::Integer(Integer::S64),
            Type::Float32 => Shape::Float { single: true },
            Type::Float64 => Shape::Float { single: false },
            Type::Char => Shape::Char,
            Type::String if name == "json" => Shape::Json,
            Type::String => Shape::String,
            Type::List(list) => Shape::List(Arc::new(
                self.shape(&list.ty(), name.strip_prefix("array of ").unwrap_or_default()),
            )),
            Type::Option(option) => Shape::Option(Arc::new(self.shape(&option.ty(), name))),
            Type::Record(record) => {
                let known = self.manifest.record(name).unwrap_or_default();
                let fields = record.fields().map(|part| {
                    let field = known.iter().find(|field| field.name == part.name);
                    let spelling = spelling(part.name, field.map(|field| field.key.as_str()));
                    let shape = self.shape(&part.ty, field.map_or("", |field| &field.type_name));
                    RecordField { spelling, shape }
                });
                Shape::Record(fields.collect())
            }
            Type::Tuple(tuple) => Shape::Tuple(tuple.types().map(|ty| self.shape(&ty, "")).collect()),
            Type::Enum(names) => {
                let known = self.cases(name);
                Shape::Enum(names.names().map(|name| case_spelling(name, known)).collect())
            }
            Type::Variant(variant) => {
                let known = self.cases(name);
                let cases = variant
                    .cases()
                    .map(|case| (case_spelling(case.name, known), case.ty.map(|ty| self.shape(&ty, ""))));
                Shape::Variant(cases.collect())
            }
            Type::Flags(flags) => {
                let known = self.cases(name);
                Shape::Flags(flags.names().map(|name| case_spelling(name, known)).collect())
            }
            Type::Result(_) => Shape::Opaque("result"),
            Type::Own(_) | Type::Borrow(_) => Shape::Opaque("resource"),
            _ => Shape::Opaque("type without a JSON form"),
        }
    }

    fn cases(&self, name: &str) -> &[Case] {
        match self.manifest.types.get(name) {
            Some(TypeDefinition::Enum { cases, .. }) => cases,
            _ => &[],
        }
    }
}

fn spelling(name: &str, key: Option<&str>) -> Spelling {
    Spelling { name: name.into(), key: key.map_or_else(|| camel_case(name).into(), Into::into) }
}

fn case_spelling(name: &str, known: &[Case]) -> Spelling {
    let key = known.iter().find(|case| case.name == name).map_or(name, |case| &case.key);
    Spelling { name: name.into(), key: key.into() }
}
