//! The parsed WIT packages.

use std::path::Path;

use wit_parser::{InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, World, WorldItem};

use crate::naming;

/// The packages and the world that one of them holds.
pub(crate) struct Wit {
    /// All packages.
    pub(crate) resolve: Resolve,
    /// The interfaces that the world exports, in the world's order.
    pub(crate) exports: Vec<InterfaceId>,
    /// The world's name.
    pub(crate) world: String,
    /// The world's doc comment.
    pub(crate) docs: Option<String>,
}

impl Wit {
    /// Reads the packages in `folders`. The last folder holds the world.
    ///
    /// # Errors
    /// Reports what does not parse, or an export that no connector may have.
    pub(crate) fn read(folders: &[&Path]) -> Result<Self, String> {
        let mut resolve = Resolve::default();
        let mut package = None;
        for folder in folders {
            let (id, _) = resolve.push_dir(folder).map_err(|error| format!("{error:#}"))?;
            package = Some(id);
        }
        let package = package.ok_or("there is no WIT")?;
        let world = resolve.select_world(&[package], None).map_err(|error| format!("{error:#}"))?;
        let World { name, docs, exports, .. } = resolve.worlds[world].clone();
        let interface = |item: &WorldItem| match item {
            WorldItem::Interface { id, .. } => Ok(*id),
            WorldItem::Function(function) => Err(format!("{name}: `{}` is a bare function", function.name)),
            WorldItem::Type { .. } => Err(format!("{name}: exports a bare type")),
        };
        let exports = exports.values().map(interface).collect::<Result<_, _>>()?;
        Ok(Self { resolve, exports, world: name, docs: docs.contents })
    }

    /// The full name of an interface, such as `defender:atp/alerts@0.1.0`.
    pub(crate) fn interface(&self, id: InterfaceId) -> String {
        self.resolve.id_of(id).unwrap_or_default()
    }

    /// The package of an interface, such as `defender:atp@0.1.0`.
    pub(crate) fn package(&self, id: InterfaceId) -> String {
        let package = self.resolve.interfaces[id].package;
        package.map_or_else(String::new, |package| self.resolve.packages[package].name.to_string())
    }

    /// The type that an id stands for, with aliases resolved.
    pub(crate) fn origin(&self, mut id: TypeId) -> TypeId {
        while let TypeDefKind::Type(Type::Id(next)) = &self.resolve.types[id].kind {
            id = *next;
        }
        id
    }

    /// The kind of a type with aliases resolved, or `None` for a primitive type.
    pub(crate) fn kind(&self, ty: Type) -> Option<&TypeDefKind> {
        match ty {
            Type::Id(id) => Some(&self.resolve.types[self.origin(id)].kind),
            _ => None,
        }
    }

    /// The name of the type that an id stands for, with aliases resolved.
    pub(crate) fn name(&self, id: TypeId) -> &str {
        self.resolve.types[self.origin(id)].name.as_deref().unwrap_or_default()
    }

    /// The path of the bindings' Rust type.
    pub(crate) fn rust_type(&self, id: TypeId) -> Result<String, String> {
        let origin = self.origin(id);
        let name = self.name(origin);
        match self.resolve.types[origin].owner {
            TypeOwner::Interface(interface) => {
                Ok(format!("{}::{}", self.rust_module(interface), naming::pascal(name)))
            }
            _ => Err(format!("{name}: is not in an interface")),
        }
    }

    /// The path of the bindings' Rust module for an exported interface.
    pub(crate) fn rust_module(&self, id: InterfaceId) -> String {
        let interface = &self.resolve.interfaces[id];
        let name = interface.package.map(|package| &self.resolve.packages[package].name);
        let (namespace, package) =
            name.map_or(("", ""), |name| (name.namespace.as_str(), name.name.as_str()));
        let interface = interface.name.as_deref().unwrap_or_default();
        ["exports", namespace, package, interface].map(naming::snake).join("::")
    }
}
