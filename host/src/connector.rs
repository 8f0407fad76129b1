//! A connector: a compiled and linked component, with its functions and its manifest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, Linker};

use crate::call::CallError;
use crate::engine::SandboxEngine;
use crate::instance::{FunctionIndex, Prepared, State};
use crate::manifest::{self, Action, Effect, Manifest, ManifestError, Status};
use crate::remedy::Remedy;
use crate::value::Signature;

/// The prefix of the contract's own interfaces. Every connector exports them; their functions are not
/// actions.
const CONTRACT: &str = "workflow:connector/";

/// A connector, ready to be connected with [`Host::connect`](crate::Host::connect). Cheap to clone.
#[derive(Clone)]
pub struct Connector {
    inner: Arc<Inner>,
}

struct Inner {
    digest: [u8; 32],
    prepared: Prepared,
    manifest: Manifest,
    functions: BTreeMap<String, Function>,
    engine: SandboxEngine,
}

/// A function of a connector: an action, or a part of a trigger.
#[derive(Debug)]
pub struct Function {
    /// The manifest's entry for the function. A function without an entry gets just its name and the effect
    /// [`Effect::Write`], so that it is never sent twice.
    pub action: Action,
    /// How its arguments and its result are converted to and from JSON.
    pub signature: Signature,
    /// The keys of a result row that people want to see first.
    pub columns: Vec<String>,
    pub(crate) name: String,
    pub(crate) index: FunctionIndex,
}

/// Why a file cannot be loaded as a connector.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read the component {}: {error}", path.display())]
    Unreadable {
        /// The path of the file.
        path: PathBuf,
        /// Why reading it failed.
        error: std::io::Error,
    },
    /// The file was read, but it is not a connector.
    #[error("{}: {error}", path.display())]
    InFile {
        /// The path of the file.
        path: PathBuf,
        /// What is wrong with its contents.
        error: Box<Self>,
    },
    /// The bytes are not a WebAssembly component.
    #[error("not a WebAssembly component: {0}")]
    NotAComponent(String),
    /// The component imports an interface that the sandbox does not provide.
    #[error("the component imports an interface that the sandbox does not provide: {0}")]
    UnknownImport(String),
    /// The component does not follow the connector contract, for example because it has no manifest or
    /// exports no actions.
    #[error("the component is not a workflow connector: {0}")]
    NotAConnector(String),
    /// The manifest does not follow the contract.
    #[error("the connector's manifest is malformed: {0}")]
    Manifest(ManifestError),
}

impl LoadError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Remedy {
        let words = match self {
            Self::Unreadable { .. } => "name a component file (.wasm) that exists and that you may read",
            Self::InFile { error, .. } => return error.hint(),
            Self::NotAComponent(_) => {
                "build it for wasm32-wasip2, or make a component of a core module with `wasm-tools component new`"
            }
            Self::UnknownImport(_) => {
                "a connector may import wasi:cli, wasi:clocks, wasi:io, wasi:random and wasi:http"
            }
            Self::NotAConnector(_) => {
                "a connector exports workflow:connector/connector-manifest and interfaces whose functions return result<_, failure>"
            }
            Self::Manifest(ManifestError::Json(_)) => {
                "build the connector again with a matching version of the contract"
            }
            Self::Manifest(_) => {
                "the connector's author has to correct its manifest; until then it is not run"
            }
        };
        words.into()
    }
}

impl Connector {
    pub(crate) fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
        std::fs::read(path).map_err(|error| LoadError::Unreadable { path: path.to_owned(), error })
    }

    pub(crate) fn load(
        engine: &SandboxEngine,
        linker: &Linker<State>,
        bytes: &[u8],
    ) -> Result<Self, LoadError> {
        if !wasmparser::Parser::is_component(bytes) {
            let reason = if wasmparser::Parser::is_core_wasm(bytes) {
                "it is a core module"
            } else {
                "it does not begin like one"
            };
            return Err(LoadError::NotAComponent(reason.into()));
        }
        let component = Component::from_binary(&engine.engine, bytes)
            .map_err(|error| LoadError::NotAComponent(one_line(&error)))?;
        let manifest = match manifest_section(bytes) {
            Some(section) => Manifest::parse(section).map_err(LoadError::Manifest)?,
            None => {
                let reason = format!("it has no custom section `{}`", manifest::SECTION);
                return Err(LoadError::NotAConnector(reason));
            }
        };
        let functions = functions(engine, &component, &manifest)?;
        let prepared =
            linker.instantiate_pre(&component).map_err(|error| LoadError::UnknownImport(one_line(&error)))?;
        let digest = hmac_sha256::Hash::hash(bytes);
        let inner =
            Inner { digest, prepared: Arc::new(prepared), manifest, functions, engine: engine.clone() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What the connector says about itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.inner.manifest
    }

    /// The SHA-256 digest of the component's bytes, by which a program can recognise a file that it vouches
    /// for.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        &self.inner.digest
    }

    /// The functions that the component exports, by name: its actions and the parts of its triggers.
    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        self.inner.functions.values()
    }

    /// The actions: the functions that are not part of a trigger, in the manifest's order.
    pub fn actions(&self) -> impl Iterator<Item = &Function> {
        let manifest = self.manifest();
        let listed = manifest.actions.iter().filter_map(|action| self.inner.functions.get(&action.name));
        let unlisted = self.functions().filter(move |function| {
            manifest.action(&function.name).is_none()
                && !manifest.trigger_functions().any(|action| action.name == function.name)
        });
        listed.chain(unlisted)
    }

    /// Finds the function with this name.
    ///
    /// # Errors
    /// [`CallError::UnknownAction`], with the name that was probably meant.
    pub fn find(&self, name: &str) -> Result<&Function, CallError> {
        self.inner.functions.get(name).ok_or_else(|| {
            // A trigger is not an action, but its name may have been meant.
            let triggers = self.manifest().triggers.iter().map(|trigger| trigger.name.as_str());
            let names = self.inner.functions.keys().map(String::as_str).chain(triggers);
            let similar = crate::similar::most_similar(name, names).map(str::to_owned);
            CallError::UnknownAction { name: name.to_owned(), similar }
        })
    }

    pub(crate) fn engine(&self) -> &SandboxEngine {
        &self.inner.engine
    }

    pub(crate) fn prepared(&self) -> &Prepared {
        &self.inner.prepared
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector")
            .field("name", &self.inner.manifest.name)
            .field("version", &self.inner.manifest.version)
            .finish_non_exhaustive()
    }
}

/// Lists the functions from the component's own types, so that everything listed can be called.
fn functions(
    engine: &SandboxEngine,
    component: &Component,
    manifest: &Manifest,
) -> Result<BTreeMap<String, Function>, LoadError> {
    let mut functions = BTreeMap::new();
    for (interface, export) in component.component_type().exports(&engine.engine) {
        let ComponentItem::ComponentInstance(instance) = export.ty else {
            continue;
        };
        if interface.starts_with(CONTRACT) {
            continue;
        }
        let Some(place) = component.get_export_index(None, interface) else {
            continue;
        };
        for (name, item) in instance.exports(&engine.engine) {
            let ComponentItem::ComponentFunc(ty) = item.ty else {
                continue;
            };
            let Some(index) = component.get_export_index(Some(&place), name) else {
                continue;
            };
            let function = function(interface, name, index, &ty, manifest);
            if !function.signature.has_failure() {
                if manifest.function(interface, name).is_some() {
                    let reason = format!("{interface}#{name} does not return result<_, failure>");
                    return Err(LoadError::NotAConnector(reason));
                }
                // Some languages' compilers export functions for their own use.
                continue;
            }
            if functions.insert(name.to_owned(), function).is_some() {
                return Err(LoadError::NotAConnector(format!("it exports `{name}` twice")));
            }
        }
    }
    if functions.is_empty() {
        return Err(LoadError::NotAConnector("it exports no actions".into()));
    }
    Ok(functions)
}

fn function(
    interface: &str,
    name: &str,
    index: FunctionIndex,
    ty: &ComponentFunc,
    manifest: &Manifest,
) -> Function {
    let known = manifest.function(interface, name);
    let signature = Signature::new(ty, known, manifest);
    let action = known.cloned().unwrap_or_else(|| Action {
        name: name.to_owned(),
        interface: interface.to_owned(),
        title: name.to_owned(),
        effect: Effect::Write,
        status: Status::Stable,
        ..Action::default()
    });
    let columns = manifest.columns(&action);
    Function { action, signature, columns, name: name.to_owned(), index }
}

/// Finds the manifest without running anything. Compilers put it into the core module inside the component.
fn manifest_section(bytes: &[u8]) -> Option<&[u8]> {
    wasmparser::Parser::new(0).parse_all(bytes).find_map(|payload| match payload {
        Ok(wasmparser::Payload::CustomSection(section)) if section.name() == manifest::SECTION => {
            Some(section.data())
        }
        _ => None,
    })
}

fn one_line(error: &wasmtime::Error) -> String {
    let causes: Vec<String> = error.chain().map(|cause| cause.to_string()).collect();
    causes.join(": ").split_whitespace().collect::<Vec<_>>().join(" ")
}
