//! What a world exports and imports.

use std::collections::BTreeMap;

use wit_parser::{WorldItem, WorldKey};

use super::super::wit::{Complaint, Wit, interface_name};
use super::Complaints;

/// What a component may import of WASI 0.2.
pub(crate) const WASI_PACKAGES: [&str; 5] = ["cli", "io", "clocks", "random", "http"];

/// Rule 1: named, versioned interfaces only, and no bare exports.
pub(super) fn named_interfaces(wit: &Wit) -> Vec<Complaint> {
    let mut complaints = Complaints::default();
    for world in wit.worlds() {
        let package = world.package.map(|id| &wit.resolve.packages[id].name);
        if package.is_none_or(|name| name.version.is_none()) {
            complaints.add(&world.name, "its package has no version");
        }
        for (key, item) in &world.exports {
            match (key, item) {
                (WorldKey::Interface(id), WorldItem::Interface { .. }) => {
                    let interface = &wit.resolve.interfaces[*id];
                    let package = interface.package.map(|id| &wit.resolve.packages[id].name);
                    if package.is_none_or(|name| name.version.is_none()) {
                        complaints
                            .add(interface_name(interface), "is exported from a package without a version");
                    }
                }
                (WorldKey::Name(name), WorldItem::Interface { .. }) => {
                    complaints.add(name, "is exported without being a named interface of a package");
                }
                (_, WorldItem::Function(function)) => {
                    complaints.add(&function.name, "is a bare export; put the function into an interface");
                }
                (key, WorldItem::Type { .. }) => {
                    complaints
                        .add(&wit.resolve.name_world_key(key), "is a bare type; put it into an interface");
                }
            }
        }
    }
    complaints.0
}

/// Rule 1: interface names are unique over all packages: TypeScript generators put them in one name space.
pub(super) fn unique_interfaces(wit: &Wit) -> Vec<Complaint> {
    let mut complaints = Complaints::default();
    let mut seen = BTreeMap::new();
    for interface in wit.interfaces() {
        let package = interface.package.map(|id| wit.resolve.packages[id].name.to_string());
        let (package, name) = (package.unwrap_or_default(), interface_name(interface));
        if let Some(other) = seen.insert(name, package.clone()) {
            let item = format!("{package}/{name}");
            complaints.add(&item, &format!("has the name of an interface of `{other}`"));
        }
    }
    complaints.0
}

/// Rule 1: no imports but `wasi:{cli,io,clocks,random,http}`, and interfaces of ours that only have types.
pub(super) fn imports(wit: &Wit) -> Vec<Complaint> {
    let mut complaints = Complaints::default();
    for world in wit.worlds() {
        for (key, item) in &world.imports {
            let name = wit.resolve.name_world_key(key);
            let allowed = match (key, item) {
                (WorldKey::Interface(id), WorldItem::Interface { .. }) => {
                    let interface = &wit.resolve.interfaces[*id];
                    is_wasi(&name) || wit.is_ours(interface) && interface.functions.is_empty()
                }
                _ => false,
            };
            if !allowed {
                complaints.add(&name, "is imported, and not every engine has it");
            }
        }
    }
    complaints.0
}

/// Whether an import is of one of the WASI packages that every engine has.
pub(crate) fn is_wasi(import: &str) -> bool {
    WASI_PACKAGES.iter().any(|package| {
        import
            .strip_prefix("wasi:")
            .is_some_and(|rest| rest.strip_prefix(package).is_some_and(|rest| rest.starts_with('/')))
    })
}
