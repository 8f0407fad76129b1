//! The resources that a call leaves behind. They are kept until the next call begins.
//!
//! Dropping a resource is a call to the engine, and freeing memory takes time. An instance that serves a
//! single call can skip both, since it ends as a whole. An instance that serves many holds the leftovers of
//! only one call.

use alloc::boxed::Box;
use core::any::Any;
use core::cell::RefCell;

use crate::prelude::*;

static LEFTOVERS: Leftovers = Leftovers(RefCell::new(Vec::new()));

struct Leftovers(RefCell<Vec<Box<dyn Any>>>);

// An instance has one thread.
unsafe impl Sync for Leftovers {}

/// Keeps something that this call no longer needs until the next call begins.
pub(crate) fn keep(thing: impl Any) {
    LEFTOVERS.0.borrow_mut().push(Box::new(thing));
}

/// Drops what the previous call has left behind.
#[cfg(target_family = "wasm")]
pub(crate) fn clear() {
    drop(LEFTOVERS.0.take());
}
