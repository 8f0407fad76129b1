//! What a call leaves behind: kept until the next call begins.
//!
//! To let go of a thing of the engine's is a call to the engine, and to free memory takes time: both in vain in an
//! instance that serves one call and ends as a whole. An instance that serves many holds what one of them left.

use alloc::boxed::Box;
use core::any::Any;
use core::cell::RefCell;

use crate::prelude::*;

static LEFTOVERS: Leftovers = Leftovers(RefCell::new(Vec::new()));

struct Leftovers(RefCell<Vec<Box<dyn Any>>>);

// An instance has one thread.
unsafe impl Sync for Leftovers {}

/// Keeps what this call no longer needs, until the next begins.
pub(crate) fn keep(thing: impl Any) {
    LEFTOVERS.0.borrow_mut().push(Box::new(thing));
}

/// Lets go of what the call before this one has left.
#[cfg(target_family = "wasm")]
pub(crate) fn clear() {
    drop(LEFTOVERS.0.take());
}
