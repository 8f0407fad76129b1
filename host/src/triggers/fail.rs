//! Points at which a test can make the process die as if by `kill -9`. Not in release builds.

/// Dies here if the environment variable `CONNECTOR_FAIL_POINT` names this point (`after-delivery`), or, with
/// a number n (`after-delivery:3`), when this point is passed for the n-th time.
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

/// Does nothing in release builds.
#[cfg(not(debug_assertions))]
pub(super) fn point(_: &str) {}

#[cfg(all(debug_assertions, unix))]
fn die() {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    // Reached only if the signal could not be sent.
    std::process::abort();
}

#[cfg(all(debug_assertions, not(unix)))]
fn die() {
    std::process::abort();
}
