//! What the WIT says and the build generates from it: the functions with their effects, the environment variables,
//! how enums are spelled, how records are read from JSON and written to it.

use crate::bindings::exports;
use crate::decode;
use crate::prelude::*;

include!(concat!(env!("OUT_DIR"), "/contract.rs"));
