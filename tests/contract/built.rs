//! The built component: one small file that any engine with WASI 0.2 can run, and that says what it is.

use std::path::Path;

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use super::rules::is_wasi;
use super::wit::Wit;
use crate::support;

/// The most bytes that the component's file may have.
const MAX_SIZE: u64 = 500_000;
const SECTION: &str = "connector-manifest";
const DESCRIBE: (&str, &str) = ("workflow:connector/connector-manifest@0.1.0", "describe");

#[test]
fn the_file_is_small() {
    let size = Path::new(support::COMPONENT).metadata().expect("the component is built").len();
    assert!(size < MAX_SIZE, "the component has {size} bytes, of at most {MAX_SIZE}");
}

#[test]
fn it_imports_what_every_engine_has() {
    let engine = Engine::default();
    let component = component(&engine);
    let imports = component.component_type();
    let foreign: Vec<_> =
        imports.imports(&engine).map(|(name, _)| name).filter(|name| !is_wasi(name)).collect();
    assert!(foreign.is_empty(), "the component imports {foreign:?}");
}

#[test]
fn it_exports_named_versioned_interfaces() {
    let engine = Engine::default();
    let component = component(&engine);
    for (name, export) in component.component_type().exports(&engine) {
        assert!(matches!(export.ty, ComponentItem::ComponentInstance(_)), "{name} is exported bare");
        assert!(name.contains(':') && name.contains('/'), "{name} is not a named interface of a package");
        assert!(name.contains('@'), "{name} has no version");
    }
}

#[tokio::test]
async fn its_section_is_what_describe_returns() {
    let section = section(SECTION);
    let described = describe().await.expect("it describes itself");
    assert!(section == described.as_bytes(), "the section differs from what `describe` returns");
    let manifest: serde_json::Value = serde_json::from_slice(&section).expect("the manifest is JSON");
    assert!(manifest.is_object());
}

/// As `wasm-tools component wit` shows it.
#[test]
fn the_documentation_of_its_world_travels_in_the_file() {
    let section = section("package-docs");
    let (version, docs) = section.split_first().expect("the section is not empty");
    let docs: serde_json::Value = serde_json::from_slice(docs).expect("the section is JSON");
    let docs = docs["worlds"]["root"]["docs"].as_str().expect("the world has documentation");
    let wit = Wit::of_the_repository();
    let world = wit.worlds().next().expect("there is a world");
    let source = world.docs.contents.as_deref().unwrap_or_default();
    assert!(*version == 0 && docs.len() > 200 && source.starts_with(docs), "{docs}");
    assert!(!docs.contains('@'), "tags are for the manifest: {docs}");
}

/// As `wasm-tools metadata show` shows it.
#[test]
fn the_file_has_a_name_a_version_a_licence_and_a_description() {
    let manifest: serde_json::Value = serde_json::from_slice(&section(SECTION)).expect("it is JSON");
    let name = section("component-name");
    let name = wasmparser::ComponentNameSectionReader::new(wasmparser::BinaryReader::new(&name, 0));
    let named = |name| matches!(name, Ok(wasmparser::ComponentName::Component { name, .. }) if manifest["name"] == name);
    assert!(name.into_iter().any(named), "it is not called {}", manifest["name"]);
    let text = |name: &str| String::from_utf8(section(name)).expect("it is a text");
    assert_eq!(manifest["version"], text("version"));
    assert_eq!(text("licenses"), env!("CARGO_PKG_LICENSE"));
    assert!(text("description").contains("Defender"), "{}", text("description"));
}

/// The one section of that name.
fn section(name: &str) -> Vec<u8> {
    let bytes = support::component();
    let payloads = wasmparser::Parser::new(0).parse_all(&bytes);
    let sections: Vec<&[u8]> = payloads
        .filter_map(|payload| match payload.expect("the component is well-formed") {
            wasmparser::Payload::CustomSection(section) if section.name() == name => Some(section.data()),
            _ => None,
        })
        .collect();
    let [section] = sections[..] else { panic!("{} sections are called {name}", sections.len()) };
    section.to_vec()
}

/// Calls `describe` in an engine without the host's help, as a foreign engine would.
async fn describe() -> wasmtime::Result<String> {
    let engine = Engine::default();
    let component = component(&engine);
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    let mut store = Store::new(&engine, Bare::default());
    let instance = linker.instantiate_async(&mut store, &component).await?;
    let (interface, name) = DESCRIBE;
    let interface =
        instance.get_export_index(&mut store, None, interface).expect("the interface is exported");
    let function = instance.get_export_index(&mut store, Some(&interface), name).expect("so is its function");
    let function = instance.get_func(&mut store, function).expect("it is a function");
    let mut results = [wasmtime::component::Val::Bool(false)];
    function.call_async(&mut store, &[], &mut results).await?;
    match results {
        [wasmtime::component::Val::Result(Ok(Some(value)))] => match *value {
            wasmtime::component::Val::String(text) => Ok(text),
            other => panic!("it returned {other:?}"),
        },
        [other] => panic!("it returned {other:?}"),
    }
}

fn component(engine: &Engine) -> Component {
    Component::new(engine, support::component()).expect("it is a component")
}

/// What a component gets in an engine that lets nothing out.
struct Bare {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    nowhere: Nowhere,
}

/// The way out: none.
struct Nowhere;

impl Default for Bare {
    fn default() -> Self {
        Self {
            wasi: WasiCtx::builder().build(),
            http: WasiHttpCtx::new(),
            table: ResourceTable::new(),
            nowhere: Nowhere,
        }
    }
}

impl WasiView for Bare {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Bare {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.nowhere }
    }
}

type Ended = dyn Future<Output = Result<(), Error>> + Send;
type Exchange = dyn Future<Output = Result<(http::Response<WasiBody>, Box<Ended>), Error>> + Send;

impl WasiHttpHooks for Nowhere {
    fn send_request(
        &mut self,
        _: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<Ended>,
    ) -> Box<Exchange> {
        Box::new(std::future::ready(Err(Error::HttpRequestDenied)))
    }
}
