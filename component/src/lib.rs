//! Microsoft Defender for Endpoint ("Defender ATP") as one WebAssembly component.
//!
//! The contract is in `wit/`. A call goes through here as: `actions` or `triggers` say what to ask, `request` builds
//! it, `exchange` sends it, `reply` says what came of it. Only `exchange` knows `wasi:http`, only `engine` the rest of
//! WASI, and only `export` how values cross the border.

#![cfg_attr(target_family = "wasm", no_std)]

#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::all, reason = "generated")]
mod bindings {
    wit_bindgen::generate!({
        path: "../wit/defender-atp",
        world: "defender:atp/defender-atp",
        additional_derives: [PartialEq],
        generate_unused_types: true,
    });
}

extern crate alloc;

mod actions;
mod call;
mod contract;
mod decode;
mod encoding;
#[cfg_attr(test, allow(dead_code, reason = "tests have an engine of their own"))]
mod engine;
#[cfg_attr(test, allow(dead_code, reason = "tests have an API of their own"))]
mod exchange;
#[cfg(target_family = "wasm")]
#[allow(unsafe_code, reason = "the border of the component is memory")]
mod export;
mod failure;
#[cfg(target_family = "wasm")]
#[allow(unsafe_code, reason = "the allocator hands out memory")]
mod heap;
mod instant;
#[cfg_attr(test, allow(dead_code, reason = "tests have an API of their own"))]
#[allow(unsafe_code, reason = "an instance has one thread")]
mod leftovers;
pub mod manifest;
mod prelude;
mod reply;
mod request;
#[cfg(target_family = "wasm")]
#[allow(unsafe_code, reason = "the allocator hands out memory")]
mod runtime;
mod triggers;

#[cfg(test)]
mod testing;

/// What the bindings call: each interface's functions are in a module of their own.
struct Connector;
