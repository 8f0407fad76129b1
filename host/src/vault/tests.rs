//! Checks that apply to every vault.

use std::sync::atomic::{AtomicUsize, Ordering};

use secrecy::ExposeSecret;

use super::*;

/// Checks that an empty vault keeps the promises of [`Vault`].
pub(super) fn keeps_what_it_is_given(vault: &dyn Vault) {
    let read = |name: &str| vault.read(name).unwrap().map(|secret| secret.expose_secret().to_owned());
    assert_eq!(read("a"), None);
    assert!(!vault.remove("a").unwrap());
    vault.write("a", &"first".into()).unwrap();
    vault.write("a/../b", &"another".into()).unwrap();
    vault.write("", &"".into()).unwrap();
    vault.write("a", &"canary \u{e9}\n".into()).unwrap();
    assert_eq!(read("a").as_deref(), Some("canary \u{e9}\n"));
    assert_eq!(read("a/../b").as_deref(), Some("another"));
    assert_eq!(read("").as_deref(), Some(""));
    assert!(vault.remove("a").unwrap());
    assert_eq!(read("a"), None);
    assert_eq!(read("a/../b").as_deref(), Some("another"));
    assert!(!format!("{vault:?}").contains("another"), "{vault:?}");
    takes_turns(vault);
}

fn takes_turns(vault: &dyn Vault) {
    let held = vault.try_lock("a").unwrap().expect("nobody has it");
    assert!(vault.try_lock("a").unwrap().is_none());
    let other = vault.try_lock("b").unwrap();
    assert!(other.is_some(), "another name is another lock");
    drop(held);
    assert!(vault.try_lock("a").unwrap().is_some());

    let inside = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let _lock = vault.lock("a").unwrap();
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two are inside");
                    inside.fetch_sub(1, Ordering::SeqCst);
                }
            });
        }
    });
}
