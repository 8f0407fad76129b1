//! How a result is read: a component type's layout joined with the JSON names of its parts. It is worked out
//! once, so that a call looks nothing up.

use wasmtime::component::Type;

use super::layout::{Layout, payload_offset, tag_size};
use super::shape::{Integer, Shape, Spelling};

/// How a function's result is read.
#[derive(Debug, Clone)]
pub(super) struct ResultPlan {
    /// The layout of the whole result: a tag, and a value or a failure.
    pub(super) room: Layout,
    /// Where the value or the failure begins.
    pub(super) payload: usize,
    pub(super) value: Plan,
    pub(super) failure: Plan,
    /// The key for a value that is not a record, quoted and with its colon.
    pub(super) key: Option<Quoted>,
    pub(super) next: Option<Link>,
}

/// Where in a value the link to the next page is: a text, perhaps in an option.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) offset: usize,
    /// Where the text begins in the option, if it is in one.
    pub(super) payload: Option<usize>,
}

/// How a value is read.
#[derive(Debug, Clone)]
pub(super) enum Plan {
    Bool,
    Integer(Integer),
    Single,
    Double,
    Char,
    String,
    Json,
    List {
        item: Box<Plan>,
        room: Layout,
    },
    Option {
        some: Box<Plan>,
        payload: usize,
    },
    Record(Box<[Field]>),
    Tuple(Box<[(usize, Plan)]>),
    Enum {
        tag: usize,
        names: Box<[Quoted]>,
    },
    Variant {
        tag: usize,
        payload: usize,
        cases: Box<[(Quoted, Option<Plan>)]>,
    },
    Flags(Box<[Quoted]>),
    /// A type that has no JSON form.
    Opaque(&'static str),
}

/// A field of a record.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) offset: usize,
    /// The key as it is written: quoted, with its colon.
    pub(super) key: Quoted,
    pub(super) plan: Plan,
}

/// A name as JSON text.
pub(super) type Quoted = Box<[u8]>;

impl ResultPlan {
    /// Plans how to read `ty`, whose two cases have the shapes `value` and `failure`. `key` is for a value
    /// that is not a record, and `next` is the name of the field that links to the next page.
    pub(super) fn new(
        ty: &Type,
        (value, failure): (&Shape, &Shape),
        key: &str,
        next: Option<&str>,
    ) -> Option<Self> {
        let Type::Result(result) = ty else { return None };
        let room = Layout::of(ty);
        let plan = |ty: Option<Type>, shape| ty.map_or(Plan::Tuple([].into()), |ty| Plan::new(&ty, shape));
        Some(Self {
            room,
            payload: payload_offset(room.align, tag_size(2)),
            value: plan(result.ok(), value),
            failure: plan(result.err(), failure),
            key: (!matches!(value, Shape::Record(_))).then(|| prefix(key)),
            next: result.ok().zip(next).and_then(|(ty, name)| Link::new(&ty, name)),
        })
    }
}

impl Link {
    fn new(ty: &Type, name: &str) -> Option<Self> {
        let Type::Record(record) = ty else { return None };
        let (_, offsets) = Layout::in_a_row(record.fields().map(|field| Layout::of(&field.ty)));
        let (field, offset) = record.fields().zip(offsets).find(|(field, _)| field.name == name)?;
        match &field.ty {
            Type::String => Some(Self { offset, payload: None }),
            Type::Option(option) if option.ty() == Type::String => {
                Some(Self { offset, payload: Some(payload_offset(Layout::of(&field.ty).align, tag_size(2))) })
            }
            _ => None,
        }
    }
}

impl Plan {
    /// `shape` is what [`super::shape`] made of `ty`.
    fn new(ty: &Type, shape: &Shape) -> Self {
        match (ty, shape) {
            (_, Shape::Bool) => Self::Bool,
            (_, Shape::Integer(width)) => Self::Integer(*width),
            (_, Shape::Float { single: true }) => Self::Single,
            (_, Shape::Float { single: false }) => Self::Double,
            (_, Shape::Char) => Self::Char,
            (_, Shape::String) => Self::String,
            (_, Shape::Json) => Self::Json,
            (Type::List(list), Shape::List(shape)) => {
                let item = list.ty();
                Self::List { room: Layout::of(&item), item: Box::new(Self::new(&item, shape)) }
            }
            (Type::Option(option), Shape::Option(shape)) => {
                let payload = payload_offset(Layout::of(ty).align, tag_size(2));
                Self::Option { some: Box::new(Self::new(&option.ty(), shape)), payload }
            }
            (Type::Record(record), Shape::Record(shapes)) => {
                let (_, offsets) = Layout::in_a_row(record.fields().map(|field| Layout::of(&field.ty)));
                let parts = record.fields().zip(shapes.iter()).zip(offsets);
                let fields = parts.map(|((part, field), offset)| Field {
                    offset,
                    key: prefix(&field.spelling.key),
                    plan: Self::new(&part.ty, &field.shape),
                });
                Self::Record(fields.collect())
            }
            (Type::Tuple(tuple), Shape::Tuple(shapes)) => {
                let (_, offsets) = Layout::in_a_row(tuple.types().map(|ty| Layout::of(&ty)));
                let parts = tuple.types().zip(shapes.iter()).zip(offsets);
                Self::Tuple(parts.map(|((ty, shape), offset)| (offset, Self::new(&ty, shape))).collect())
            }
            (_, Shape::Enum(cases)) => {
                let names = cases.iter().map(|case| quoted(&case.key)).collect();
                Self::Enum { tag: tag_size(cases.len()), names }
            }
            (Type::Variant(variant), Shape::Variant(cases)) => {
                let tag = tag_size(cases.len());
                let name = |spelling: &Spelling| quoted(&spelling.name);
                let cases = variant.cases().zip(cases.iter()).map(|(part, (spelling, shape))| {
                    (name(spelling), part.ty.zip(shape.as_ref()).map(|(ty, shape)| Self::new(&ty, shape)))
                });
                Self::Variant {
                    tag,
                    payload: payload_offset(Layout::of(ty).align, tag),
                    cases: cases.collect(),
                }
            }
            (_, Shape::Flags(flags)) => Self::Flags(flags.iter().map(|flag| quoted(&flag.name)).collect()),
            (_, Shape::Opaque(name)) => Self::Opaque(name),
            _ => Self::Opaque("value of another type than declared"),
        }
    }
}

fn quoted(name: &str) -> Quoted {
    serde_json::Value::from(name).to_string().into_bytes().into()
}

fn prefix(key: &str) -> Quoted {
    format!("{}:", serde_json::Value::from(key)).into_bytes().into()
}
