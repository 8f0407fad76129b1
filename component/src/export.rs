//! Exports the functions to the component's engine.
//!
//! The bindings can export functions themselves (`bindings::export!`), but would repeat the code that stores
//! each field of a result in every function: 300 KB of code that takes a minute to compile. Here each type
//! defines its memory layout once. The generated part comes from `build/exports.rs`.

mod abi;

use self::abi::{Ledger, Load, Place, Store};
use crate::Connector;
use crate::bindings::exports;

include!(concat!(env!("OUT_DIR"), "/exports.rs"));
