//! Black-box tests: of the contract and the manifest against their published model, and of the built component in
//! the host against a server that sees each byte.

#![allow(clippy::disallowed_macros, reason = "its figures are for who runs it")]

mod cases;
mod cli;
mod connections;
mod contract;
mod identity;
mod links;
mod proxy;
mod quota;
mod reference;
mod replies;
mod sandbox;
mod schema;
mod secrets;
mod serve;
mod snapshots;
mod spellings;
mod support;
mod tokens;
mod transport;
mod triggers;
mod trust;
