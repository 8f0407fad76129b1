//! Microsoft Defender for Endpoint ("Defender ATP") as one WebAssembly component.
//!
//! The contract is in `wit/`. `actions` and `triggers` define the requests, `request` builds them, `exchange`
//! sends them, and `reply` interprets the result. Only `exchange` uses `wasi:http`, only `engine` uses the
//! rest of WASI, and only `export` deals with how values cross the component's boundary.

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

/// The type that the bindings call. Each interface's functions are in a module of their own.
struct Connector;
