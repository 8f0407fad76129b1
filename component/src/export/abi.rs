//! The part of the component model's canonical ABI that connectors need, for 32-bit memory.
//!
//! Source: <https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md>

use alloc::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use alloc::boxed::Box;
use core::ptr;

use crate::leftovers;
use crate::prelude::*;

/// The size of an address and of a length.
const WORD: usize = size_of::<usize>();

/// A type that crosses the component's boundary in memory.
pub(super) trait Place {
    /// The size in bytes.
    const SIZE: usize;
    /// The alignment in bytes.
    const ALIGN: usize;
}

/// A type that can be passed in.
pub(super) trait Load: Place + Sized {
    /// Takes a value, including everything it owns, out of memory.
    ///
    /// # Safety
    /// `at` points to such a value, which belongs to us and is not taken again.
    unsafe fn load(at: *const u8) -> Self;
}

/// A type that can be passed out.
pub(super) trait Store: Place {
    /// Writes the value, and records the memory that it owns in the ledger.
    ///
    /// # Safety
    /// `at` is writable and has the type's alignment.
    unsafe fn store(self, at: *mut u8, ledger: &mut Ledger);
}

/// The memory that a result owns. The next call frees it. The ABI also lets the engine call a function after
/// it has read a result (`post-return`), but one for each export is expensive for instances that serve a
/// single call.
pub(super) struct Ledger(Vec<(*mut u8, Layout)>);

impl Ledger {
    /// Allocates memory that the result owns.
    fn allocate(&mut self, size: usize, align: usize) -> *mut u8 {
        // A result larger than memory cannot have been built.
        let Ok(layout) = Layout::from_size_align(size, align) else { core::arch::wasm32::unreachable() };
        if size == 0 {
            return ptr::without_provenance_mut(align);
        }
        let start = unsafe { alloc(layout) };
        if start.is_null() {
            handle_alloc_error(layout);
        }
        self.0.push((start, layout));
        start
    }

    /// Takes ownership of the result's text.
    fn own(&mut self, text: String) -> (*mut u8, usize) {
        let text = Box::leak(text.into_boxed_str());
        if !text.is_empty() {
            self.0.push((text.as_mut_ptr(), Layout::for_value(text)));
        }
        (text.as_mut_ptr(), text.len())
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        for (start, layout) in self.0.drain(..) {
            unsafe { dealloc(start, layout) };
        }
    }
}

/// Prepares for a call and frees what the last one left behind. An engine may call any function first, and
/// has read the last result, since it may not call again before that.
pub(super) fn start() {
    wit_bindgen::rt::run_ctors_once();
    leftovers::clear();
}

/// Stores a result in memory for the engine to read.
pub(super) fn give<T: Store>(result: T) -> *mut u8 {
    let mut ledger = Ledger(Vec::new());
    let area = ledger.allocate(T::SIZE, T::ALIGN);
    unsafe { result.store(area, &mut ledger) };
    leftovers::keep(ledger);
    area
}

/// Takes ownership of text that the engine has stored in memory.
///
/// # Safety
/// The text belongs to us, the engine has checked that it is UTF-8, and it is not taken again.
pub(super) unsafe fn text(start: *mut u8, length: usize) -> String {
    if length == 0 {
        return String::new();
    }
    unsafe { String::from_utf8_unchecked(Vec::from_raw_parts(start, length, length)) }
}

/// Takes ownership of a list that the engine has stored in memory.
///
/// # Safety
/// The list belongs to us and is not taken again.
pub(super) unsafe fn list<T: Load>(start: *mut u8, length: usize) -> Vec<T> {
    let elements = (0..length).map(|place| unsafe { T::load(start.add(place * T::SIZE)) }).collect();
    unsafe { free(start, length * T::SIZE, T::ALIGN) };
    elements
}

/// Converts a number to a case of an enum.
///
/// # Safety
/// `T` is an enum of at most 256 cases, and `case` is one of them.
pub(super) unsafe fn case<T: Load>(case: i32) -> T {
    let [case, ..] = case.to_le_bytes();
    unsafe { T::load(&raw const case) }
}

/// Frees memory that the engine has allocated through us.
///
/// # Safety
/// The memory has this size and alignment, and is not used again.
pub(super) unsafe fn free(start: *mut u8, size: usize, align: usize) {
    if size > 0 {
        unsafe { dealloc(start, Layout::from_size_align_unchecked(size, align)) };
    }
}

/// Reads an address and a length.
unsafe fn span(at: *const u8) -> (*mut u8, usize) {
    unsafe { (at.cast::<*mut u8>().read(), at.add(WORD).cast::<usize>().read()) }
}

unsafe fn write_span(at: *mut u8, (start, length): (*mut u8, usize)) {
    unsafe {
        at.cast::<*mut u8>().write(start);
        at.add(WORD).cast::<usize>().write(length);
    }
}

impl Place for String {
    const SIZE: usize = 2 * WORD;
    const ALIGN: usize = WORD;
}

impl Load for String {
    unsafe fn load(at: *const u8) -> Self {
        unsafe {
            let (start, length) = span(at);
            text(start, length)
        }
    }
}

impl Store for String {
    #[inline(never)]
    unsafe fn store(self, at: *mut u8, ledger: &mut Ledger) {
        unsafe { write_span(at, ledger.own(self)) };
    }
}

impl<T> Place for Vec<T> {
    const SIZE: usize = 2 * WORD;
    const ALIGN: usize = WORD;
}

impl<T: Load> Load for Vec<T> {
    unsafe fn load(at: *const u8) -> Self {
        unsafe {
            let (start, length) = span(at);
            list(start, length)
        }
    }
}

impl<T: Store> Store for Vec<T> {
    unsafe fn store(self, at: *mut u8, ledger: &mut Ledger) {
        let length = self.len();
        let Some(size) = length.checked_mul(T::SIZE) else { core::arch::wasm32::unreachable() };
        let start = ledger.allocate(size, T::ALIGN);
        for (place, element) in self.into_iter().enumerate() {
            unsafe { element.store(start.add(place * T::SIZE), ledger) };
        }
        unsafe { write_span(at, (start, length)) };
    }
}

impl<T: Place> Place for Option<T> {
    const SIZE: usize = (T::ALIGN + T::SIZE).next_multiple_of(T::ALIGN);
    const ALIGN: usize = T::ALIGN;
}

impl<T: Load> Load for Option<T> {
    unsafe fn load(at: *const u8) -> Self {
        unsafe { if at.read() == 0 { None } else { Some(T::load(at.add(T::ALIGN))) } }
    }
}

impl<T: Store> Store for Option<T> {
    #[inline(never)]
    unsafe fn store(self, at: *mut u8, ledger: &mut Ledger) {
        unsafe {
            at.write(u8::from(self.is_some()));
            if let Some(value) = self {
                value.store(at.add(T::ALIGN), ledger);
            }
        }
    }
}

impl<T: Place, E: Place> Place for Result<T, E> {
    const SIZE: usize = (Self::ALIGN + larger(T::SIZE, E::SIZE)).next_multiple_of(Self::ALIGN);
    const ALIGN: usize = larger(T::ALIGN, E::ALIGN);
}

impl<T: Store, E: Store> Store for Result<T, E> {
    unsafe fn store(self, at: *mut u8, ledger: &mut Ledger) {
        unsafe {
            at.write(u8::from(self.is_err()));
            match self {
                Ok(value) => value.store(at.add(Self::ALIGN), ledger),
                Err(error) => error.store(at.add(Self::ALIGN), ledger),
            }
        }
    }
}

const fn larger(one: usize, other: usize) -> usize {
    if one > other { one } else { other }
}

impl Place for bool {
    const SIZE: usize = 1;
    const ALIGN: usize = 1;
}

impl Load for bool {
    unsafe fn load(at: *const u8) -> Self {
        unsafe { at.read() != 0 }
    }
}

impl Store for bool {
    unsafe fn store(self, at: *mut u8, _: &mut Ledger) {
        unsafe { at.write(u8::from(self)) };
    }
}

/// Numbers have the same layout as in Rust.
macro_rules! number {
    ($($number:ty),*) => {$(
        impl Place for $number {
            const SIZE: usize = size_of::<$number>();
            const ALIGN: usize = size_of::<$number>();
        }

        impl Load for $number {
            unsafe fn load(at: *const u8) -> Self {
                unsafe { at.cast::<$number>().read() }
            }
        }

        impl Store for $number {
            unsafe fn store(self, at: *mut u8, _: &mut Ledger) {
                unsafe { at.cast::<$number>().write(self) };
            }
        }
    )*};
}

number!(u16, u32, u64, i64);
