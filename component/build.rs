//! Generates from the WIT what the guest would otherwise repeat: the manifest, the readers of replies, the
//! spelling of enums, the effect of each function, and the names of the environment variables.

#![allow(clippy::disallowed_macros, reason = "Cargo reads what a build script prints")]

#[path = "build/contract.rs"]
mod contract;
#[path = "build/doc.rs"]
mod doc;
#[path = "build/exports.rs"]
mod exports;
#[path = "build/function.rs"]
mod function;
#[path = "build/lookup.rs"]
mod lookup;
#[path = "build/manifest.rs"]
mod manifest;
#[path = "build/memory.rs"]
mod memory;
#[path = "build/naming.rs"]
mod naming;
#[path = "build/package_docs.rs"]
mod package_docs;
#[path = "build/rust.rs"]
mod rust;
#[path = "build/types.rs"]
mod types;
#[path = "build/wit.rs"]
mod wit;
#[path = "build/world.rs"]
mod world;

use std::path::Path;
use std::{env, fs};

/// The WIT package of the world. The packages that it uses are in its folder `deps`.
const PACKAGE: &str = "../wit/defender-atp";

/// An instance's initial memory in bytes: enough for an ordinary call, which then need not ask for more.
const INITIAL_MEMORY: u32 = 2 << 20;

fn main() {
    if env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "wasm") {
        println!("cargo::rustc-link-arg-cdylib=--initial-memory={INITIAL_MEMORY}");
    }
    for input in [PACKAGE, "build.rs", "build"] {
        println!("cargo::rerun-if-changed={input}");
    }
    if let Err(reason) = generate() {
        println!("cargo::error={reason}");
    }
}

fn generate() -> Result<(), String> {
    let wit = wit::Wit::read(&[Path::new(PACKAGE)])?;
    let contract = contract::Contract::read(&wit)?;
    let version = env::var("CARGO_PKG_VERSION").map_err(|error| error.to_string())?;
    let out = env::var("OUT_DIR").map_err(|error| error.to_string())?;
    let manifest = manifest::manifest(&contract, &version).to_string();
    write(&out, "manifest.json", manifest.as_bytes())?;
    write(&out, "manifest.json.lz4", &lz4_flex::block::compress(manifest.as_bytes()))?;
    let docs = package_docs::package_docs(wit.docs.as_deref().unwrap_or_default());
    write(&out, "package-docs", &docs)?;
    write(&out, "contract.rs", rust::code(&contract).as_bytes())?;
    write(&out, "exports.rs", exports::code(&wit)?.as_bytes())
}

fn write(folder: &str, file: &str, bytes: &[u8]) -> Result<(), String> {
    let path = Path::new(folder).join(file);
    fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}
