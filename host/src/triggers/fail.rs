//! Places at which a test can have the process die, as `kill -9` would have it. Not in release builds.

/// Dies here, if the variable `CONNECTOR_FAIL_POINT` names this point (`after-delivery`), or its n-th passing
/// (`after-delivery:3`).
#[cfg(debug_assertions)]
pub(super) fn point(name: &str) {
    use std::collections::HashMap;
    use std::sync::{LazyLock, Mutex, PoisonError};

    static WANTED: LazyLock<Option<(String, u32)>> = LazyLock::new(|| {
        let text = std::env::var("CONNECTOR_FAIL_POINT").ok()?;
        let (name, times) = text.split_once(':').unwrap_or((&text, "1"));
        Some((name.to_owned(), times.parse().ok()?))
    });
    static PASSED: LazyLock<Mutex<HashMap<String, u32>>> = LazyLock::new(Mutex::default);

    let Some((_, times)) = WANTED.as_ref().filter(|(wanted, _)| wanted == name) else {
        return;
    };
    let mut passed = PASSED.lock().unwrap_or_else(PoisonError::into_inner);
    let count = passed.entry(name.to_owned()).or_default();
    *count += 1;
    if *count >= *times {
        die();
    }
}

/// Nothing happens here.
#[cfg(not(debug_assertions))]
pub(super) fn point(_: &str) {}

#[cfg(all(debug_assertions, unix))]
fn die() {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    // The signal has come before this, or there is none.
    std::process::abort();
}

#[cfg(all(debug_assertions, not(unix)))]
fn die() {
    std::process::abort();
}
