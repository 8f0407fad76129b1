//! The code that the build generates from the WIT: the functions and their effects, the names of the
//! environment variables, the spelling of enums, and the JSON readers and writers of records.

use crate::bindings::exports;
use crate::decode;
use crate::prelude::*;

include!(concat!(env!("OUT_DIR"), "/contract.rs"));
