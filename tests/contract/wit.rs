//! The WIT as the rules see it: our packages, their interfaces, functions and types.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use wit_parser::{Function, Interface, Resolve, Type, TypeDef, TypeDefKind, TypeId, World};

/// The namespace of the packages that every engine supplies.
const WASI: &str = "wasi";

/// Parsed WIT packages, each after those that it uses.
pub(crate) struct Wit {
    pub(crate) resolve: Resolve,
}

/// What is wrong with an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// The item, with its interface: `machines#get-machine`, `types.alert.id`.
    pub(crate) item: String,
    /// What the rule wants of it.
    pub(crate) why: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.item, self.why)
    }
}

/// A function with its interface's name.
#[derive(Clone, Copy)]
pub(crate) struct Exported<'a> {
    pub(crate) interface: &'a str,
    pub(crate) function: &'a Function,
}

/// A type with its interface's name and its own.
#[derive(Clone, Copy)]
pub(crate) struct Named<'a> {
    pub(crate) interface: &'a str,
    pub(crate) name: &'a str,
    pub(crate) id: TypeId,
    pub(crate) definition: &'a TypeDef,
}

/// A folder of the repository's WIT.
pub(crate) fn source(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit").join(below)
}

impl Wit {
    /// The repository's own packages, as any tool reads them: a package's folder with what it uses in `deps`.
    pub(crate) fn of_the_repository() -> Self {
        let mut resolve = Resolve::default();
        resolve.push_dir(source("defender-atp")).unwrap_or_else(|error| panic!("{error:#}"));
        Self { resolve }
    }

    /// Packages from their texts.
    pub(crate) fn parse(texts: &[String]) -> Self {
        let mut resolve = Resolve::default();
        for text in texts {
            resolve.push_source("sample.wit", text).unwrap_or_else(|error| panic!("{error:#}\nin:\n{text}"));
        }
        Self { resolve }
    }

    /// Our worlds: those of packages that are not WASI's.
    pub(crate) fn worlds(&self) -> impl Iterator<Item = &World> {
        let ours =
            |world: &&World| world.package.is_some_and(|id| self.resolve.packages[id].name.namespace != WASI);
        self.resolve.worlds.iter().map(|(_, world)| world).filter(ours)
    }

    /// Our named interfaces.
    pub(crate) fn interfaces(&self) -> impl Iterator<Item = &Interface> {
        let interfaces = self.resolve.interfaces.iter().map(|(_, interface)| interface);
        interfaces.filter(|interface| interface.name.is_some() && self.is_ours(interface))
    }

    pub(crate) fn is_ours(&self, interface: &Interface) -> bool {
        interface.package.is_some_and(|id| self.resolve.packages[id].name.namespace != WASI)
    }

    /// The functions of our interfaces.
    pub(crate) fn functions(&self) -> impl Iterator<Item = Exported<'_>> {
        self.interfaces().flat_map(|interface| {
            let name = interface_name(interface);
            interface.functions.values().map(move |function| Exported { interface: name, function })
        })
    }

    /// The types that our interfaces define; what they take over with `use` is left out.
    pub(crate) fn types(&self) -> impl Iterator<Item = Named<'_>> {
        self.interfaces().flat_map(move |interface| {
            let interface_name = interface_name(interface);
            interface.types.iter().filter(|(_, id)| !self.is_used(**id)).map(move |(name, id)| Named {
                interface: interface_name,
                name,
                id: *id,
                definition: &self.resolve.types[*id],
            })
        })
    }

    /// Whether a type stands for another interface's of the same name.
    fn is_used(&self, id: TypeId) -> bool {
        let definition = &self.resolve.types[id];
        match definition.kind {
            TypeDefKind::Type(Type::Id(origin)) => self.resolve.types[origin].owner != definition.owner,
            _ => false,
        }
    }

    /// The type behind aliases.
    pub(crate) fn origin(&self, ty: Type) -> Type {
        match ty {
            Type::Id(id) => match self.resolve.types[id].kind {
                TypeDefKind::Type(aliased) => self.origin(aliased),
                _ => ty,
            },
            _ => ty,
        }
    }

    /// What a type is, behind aliases; none for the primitive ones.
    pub(crate) fn kind(&self, ty: Type) -> Option<&TypeDefKind> {
        match self.origin(ty) {
            Type::Id(id) => Some(&self.resolve.types[id].kind),
            _ => None,
        }
    }

    /// The name of a named type.
    pub(crate) fn name(&self, ty: Type) -> Option<&str> {
        match ty {
            Type::Id(id) => self.resolve.types[id].name.as_deref(),
            _ => None,
        }
    }

    pub(crate) fn is_option(&self, ty: Type) -> bool {
        matches!(self.kind(ty), Some(TypeDefKind::Option(_)))
    }

    /// A function's result and its error, when it returns a `result` with both.
    pub(crate) fn outcome(&self, function: &Function) -> Option<(Type, Type)> {
        match self.kind(function.result?)? {
            TypeDefKind::Result(result) => Some((result.ok?, result.err?)),
            _ => None,
        }
    }

    /// All types that `from` is made of, itself included.
    pub(crate) fn reach(&self, from: impl IntoIterator<Item = Type>) -> BTreeSet<TypeId> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<Type> = from.into_iter().collect();
        while let Some(ty) = open.pop() {
            let Type::Id(id) = self.origin(ty) else { continue };
            if reached.insert(id) {
                open.extend(parts(&self.resolve.types[id].kind));
            }
        }
        reached
    }
}

/// The types that a type is directly made of.
pub(crate) fn parts(kind: &TypeDefKind) -> Vec<Type> {
    match kind {
        TypeDefKind::Record(record) => record.fields.iter().map(|field| field.ty).collect(),
        TypeDefKind::Tuple(tuple) => tuple.types.clone(),
        TypeDefKind::Variant(variant) => variant.cases.iter().filter_map(|case| case.ty).collect(),
        TypeDefKind::Option(ty) | TypeDefKind::List(ty) | TypeDefKind::FixedLengthList(ty, _) => vec![*ty],
        TypeDefKind::Type(ty) => vec![*ty],
        TypeDefKind::Map(key, value) => vec![*key, *value],
        TypeDefKind::Result(result) => result.ok.into_iter().chain(result.err).collect(),
        TypeDefKind::Future(ty) | TypeDefKind::Stream(ty) => ty.iter().copied().collect(),
        TypeDefKind::Enum(_)
        | TypeDefKind::Flags(_)
        | TypeDefKind::Resource
        | TypeDefKind::Handle(_)
        | TypeDefKind::Unknown => Vec::new(),
    }
}

pub(crate) fn interface_name(interface: &Interface) -> &str {
    interface.name.as_deref().unwrap_or("(unnamed)")
}
