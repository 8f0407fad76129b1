//! Searches the component's own memory, and exhausts it.

/// Counts how often a text occurs in linear memory. The text is given with 1 added to each byte.
#[cfg(target_family = "wasm")]
#[allow(unsafe_code, reason = "reading all of linear memory is the point")]
pub(crate) fn occurrences(shifted: &[u8]) -> u64 {
    let bytes = core::arch::wasm32::memory_size::<0>() * 65536;
    // From 1, since a slice must not begin at the null address.
    let memory = unsafe { std::slice::from_raw_parts(std::ptr::without_provenance::<u8>(1), bytes - 1) };
    let matches =
        |window: &&[u8]| window.iter().zip(shifted).all(|(byte, wanted)| byte.wrapping_add(1) == *wanted);
    memory.windows(shifted.len().max(1)).filter(matches).count() as u64
}

/// Outside of WebAssembly there is nothing to search.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn occurrences(_: &[u8]) -> u64 {
    0
}

/// Calls itself until the stack is full.
pub(crate) fn deeper(level: u64) -> u64 {
    let frame = std::hint::black_box([level; 64]);
    if level == u64::MAX { 0 } else { deeper(level + 1).wrapping_add(frame[level as usize % 64]) }
}
