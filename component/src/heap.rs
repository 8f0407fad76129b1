//! The heap: uses the instance's initial memory first, then requests more in growing steps.
//!
//! Each step is a system call in the engine and, on several cores, an interruption of all of them. An
//! ordinary call should need none. `build.rs` sets the initial memory.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32;
use core::cell::{Cell, UnsafeCell};

use dlmalloc::{Allocator, Dlmalloc};

/// The size of a page of linear memory.
const PAGE: usize = 64 << 10;

unsafe extern "C" {
    static __heap_base: u8;
    static __heap_end: u8;
}

/// The only heap of an instance.
pub(crate) struct Heap(UnsafeCell<Dlmalloc<Pages>>);

impl Heap {
    pub(crate) const fn new() -> Self {
        Self(UnsafeCell::new(Dlmalloc::new_with_allocator(Pages { begun: Cell::new(false) })))
    }
}

// An instance has one thread.
unsafe impl Sync for Heap {}

unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { (*self.0.get()).malloc(layout.size(), layout.align()) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        unsafe { (*self.0.get()).free(start, layout.size(), layout.align()) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        unsafe { (*self.0.get()).calloc(layout.size(), layout.align()) }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        unsafe { (*self.0.get()).realloc(start, layout.size(), layout.align(), size) }
    }
}

/// Linear memory.
struct Pages {
    begun: Cell<bool>,
}

unsafe impl Allocator for Pages {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        if !self.begun.replace(true) {
            let (base, end) = (&raw const __heap_base, &raw const __heap_end);
            let present = end as usize - base as usize;
            if present >= size {
                return (base.cast_mut(), present, 0);
            }
        }
        // Grow by a quarter, so that a large reply takes few steps. If that is too much, grow by what is
        // needed.
        let (now, needed) = (wasm32::memory_size::<0>(), size.div_ceil(PAGE));
        [needed.max(now / 4), needed]
            .into_iter()
            .find_map(|pages| {
                let start = wasm32::memory_grow::<0>(pages);
                (start != usize::MAX).then(|| ((start * PAGE) as *mut u8, pages * PAGE, 0))
            })
            .unwrap_or((core::ptr::null_mut(), 0, 0))
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        core::ptr::null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        true
    }

    fn page_size(&self) -> usize {
        PAGE
    }
}
