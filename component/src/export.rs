//! Exports the functions to the component's engine.
//!
//! The bindings could do that by themselves (`bindings::export!`), but would lay each result in memory field by
//! field in each function anew: 300 KB of code, and a minute to compile it. Here each type knows once how it lies
//! in memory. The generated part comes from `build/exports.rs`.

mod abi;

use self::abi::{Ledger, Load, Place, Store};
use crate::Connector;
use crate::bindings::exports;

include!(concat!(env!("OUT_DIR"), "/exports.rs"));
