//! Replaces the parts of the standard library that are needed. Without it the file is a fifth smaller, starts
//! faster, and imports only what it uses.

use core::panic::PanicInfo;

use crate::heap::Heap;

// Only the functions of the C library that the compiler itself calls, such as `memcmp`.
#[link(name = "c")]
unsafe extern "C" {}

#[global_allocator]
static ALLOCATOR: Heap = Heap::new();

/// Ends the instance. No input can cause this; engines understand only a trap.
#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

/// Allocates memory in which the engine stores arguments: the canonical ABI's `realloc`.
#[unsafe(export_name = "cabi_realloc")]
unsafe extern "C" fn realloc(old: *mut u8, old_size: usize, align: usize, size: usize) -> *mut u8 {
    use alloc::alloc::{Layout, alloc, realloc};

    let start = unsafe {
        match (old_size, size) {
            (_, 0) => return core::ptr::without_provenance_mut(align),
            (0, _) => alloc(Layout::from_size_align_unchecked(size, align)),
            _ => realloc(old, Layout::from_size_align_unchecked(old_size, align), size),
        }
    };
    if start.is_null() {
        core::arch::wasm32::unreachable();
    }
    start
}
