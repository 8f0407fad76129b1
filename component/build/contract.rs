//! The contract: what the world exports, with its documentation, checked.

use std::collections::BTreeSet;

use wit_parser::{InterfaceId, Type, TypeDefKind};

use crate::doc::Doc;
use crate::function::Function;
use crate::lookup::Lookup;
use crate::types::{Definition, Types};
use crate::wit::Wit;
use crate::world::World;

/// The prefix of the package whose interfaces all connectors share; its functions are not actions.
const SHARED: &str = "workflow:";

/// What the world exports.
#[derive(Debug)]
pub(crate) struct Contract {
    /// The world's own documentation.
    pub(crate) world: World,
    /// The functions, in the order of the world and of its files.
    pub(crate) functions: Vec<Function>,
    /// What can be found by name, with the functions that list it; its fields are JSON keys.
    pub(crate) lookups: Vec<(String, Lookup)>,
    /// The records and enums that the functions use, in the order of their first use.
    pub(crate) types: Vec<Definition>,
}

impl Contract {
    /// Reads the WIT's doc comments on everything that the world exports.
    ///
    /// # Errors
    /// Names the item and the documentation rule that it breaks.
    pub(crate) fn read(wit: &Wit) -> Result<Self, String> {
        let is_shared = |id: &InterfaceId| wit.package(*id).starts_with(SHARED);
        let shared = wit.exports.iter().copied().find(is_shared);
        let shared = shared.ok_or_else(|| format!("{}: exports nothing of `{SHARED}`", wit.world))?;
        let world = World::read(&wit.world, &wit.package(shared), wit.docs.as_deref())?;

        let mut types = Types::new(wit);
        let mut functions = Vec::new();
        for interface in &wit.exports {
            document(wit, *interface)?;
            if !is_shared(interface) {
                for function in wit.resolve.interfaces[*interface].functions.values() {
                    functions.push(Function::read(&mut types, *interface, function, &world.limits)?);
                }
            }
        }
        check_names(&functions)?;
        let mut contract = Self { world, functions, lookups: Vec::new(), types: types.into_definitions()? };
        contract.lookups = contract.lookups()?;
        Ok(contract)
    }

    fn lookups(&self) -> Result<Vec<(String, Lookup)>, String> {
        let tagged = self
            .functions
            .iter()
            .flat_map(|function| function.lookups.iter().map(move |lookup| (function, lookup)));
        tagged
            .map(|(function, lookup)| Ok((function.name.clone(), lookup.with_keys(function, self)?)))
            .collect()
    }

    /// The record or enum with this name.
    pub(crate) fn definition(&self, name: &str) -> Option<&Definition> {
        self.types.iter().find(|definition| definition.name == name)
    }
}

/// Checks that an exported interface and each of its types has a doc comment.
fn document(wit: &Wit, id: InterfaceId) -> Result<(), String> {
    let interface = &wit.resolve.interfaces[id];
    let name = interface.name.as_deref().unwrap_or("an interface");
    Doc::parse(name, interface.docs.contents.as_deref())?.tags.finish()?;
    for (type_name, id) in &interface.types {
        let definition = &wit.resolve.types[*id];
        // A `use` brings in another interface's type together with its documentation.
        let used = matches!(definition.kind, TypeDefKind::Type(Type::Id(_)));
        if definition.docs.is_empty() && !used {
            return Err(format!("{name}.{type_name}: has no doc comment"));
        }
    }
    Ok(())
}

fn check_names(functions: &[Function]) -> Result<(), String> {
    let mut names = BTreeSet::new();
    for function in functions {
        if !names.insert(function.name.as_str()) {
            return Err(format!("{}: two functions have this name", function.name));
        }
    }
    for function in functions {
        if let Some(inverse) = function.inverse.as_deref().filter(|inverse| !names.contains(inverse)) {
            return Err(format!("{}: its @inverse `{inverse}` does not exist", function.name));
        }
    }
    Ok(())
}
