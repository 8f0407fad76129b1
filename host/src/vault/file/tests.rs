//! The files of a vault: what they contain, and which files are refused.

use std::fs;

use proptest::prelude::*;
use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::*;
use crate::vault::tests::keeps_what_it_is_given;

const CANARY: &str = "canary-93bd-refresh-token";

fn vault(home: &TempDir) -> FileVault {
    FileVault::new(home.path().join("vault"), KeyPlace::File)
}

fn entry(vault: &FileVault, name: &str) -> PathBuf {
    vault.root().join("file").join(cipher::file_name(name))
}

fn read(vault: &FileVault, name: &str) -> Option<String> {
    vault.read(name).unwrap().map(|secret| secret.expose_secret().to_owned())
}

#[test]
fn it_is_a_vault() {
    keeps_what_it_is_given(&vault(&tempfile::tempdir().unwrap()));
}

#[test]
fn what_one_process_keeps_another_reads() {
    let home = tempfile::tempdir().unwrap();
    vault(&home).write("name", &CANARY.into()).unwrap();
    assert_eq!(read(&vault(&home), "name").as_deref(), Some(CANARY));
    let held = vault(&home).lock("name").unwrap();
    assert!(vault(&home).try_lock("name").unwrap().is_none());
    drop(held);
    assert!(vault(&home).try_lock("name").unwrap().is_some());
}

#[test]
fn many_that_begin_at_once_come_to_one_key() {
    let home = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for number in 0..16 {
            let home = &home;
            scope.spawn(move || vault(home).write(&format!("{number}"), &CANARY.into()).unwrap());
        }
    });
    for number in 0..16 {
        assert_eq!(read(&vault(&home), &format!("{number}")).as_deref(), Some(CANARY));
    }
}

#[test]
fn nothing_is_made_before_the_first_use() {
    let home = tempfile::tempdir().unwrap();
    assert!(!vault(&home).root().exists());
}

#[test]
fn no_file_says_a_secret_or_a_name() {
    let home = tempfile::tempdir().unwrap();
    let vault = vault(&home);
    vault.write("tenant-contoso", &CANARY.into()).unwrap();
    let first = fs::read(entry(&vault, "tenant-contoso")).unwrap();
    vault.write("tenant-contoso", &CANARY.into()).unwrap();
    assert_ne!(first, fs::read(entry(&vault, "tenant-contoso")).unwrap(), "each time another nonce");
    let mut files = 0;
    for file in fs::read_dir(vault.root().join("file")).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        let text = String::from_utf8_lossy(&fs::read(file.path()).unwrap()).into_owned();
        assert!(!text.contains("canary") && !text.contains("contoso") && !name.contains("contoso"), "{name}");
        assert!(!name.starts_with(".new"), "{name} was left");
        files += 1;
    }
    assert_eq!(files, 3, "the key, its lock and the entry");
}

#[test]
fn what_was_altered_is_damaged_and_can_be_replaced() {
    let home = tempfile::tempdir().unwrap();
    let vault = vault(&home);
    vault.write("a", &CANARY.into()).unwrap();
    vault.write("b", &"another".into()).unwrap();
    let good = fs::read(entry(&vault, "a")).unwrap();
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let mut spoiled: Vec<Vec<u8>> = (0..good.len()).map(flipped).collect();
    spoiled.extend((0..good.len()).map(|length| good[..length].to_vec()));
    spoiled.push([&good[..], b"x"].concat());
    spoiled.push(vec![0; 1 << 20]);
    spoiled.push(fs::read(entry(&vault, "b")).unwrap());
    for bytes in spoiled {
        fs::write(entry(&vault, "a"), &bytes).unwrap();
        let error = vault.read("a").unwrap_err();
        assert!(matches!(error, VaultError::Damaged { .. }), "{error}");
    }
    vault.write("a", &"new".into()).unwrap();
    assert_eq!(read(&vault, "a").as_deref(), Some("new"));
    fs::write(entry(&vault, "a"), "junk").unwrap();
    assert!(vault.remove("a").unwrap());
}

#[test]
fn another_key_opens_nothing_and_a_damaged_one_is_not_replaced() {
    let home = tempfile::tempdir().unwrap();
    let first = vault(&home);
    first.write("a", &CANARY.into()).unwrap();
    let key = first.root().join("file/key");
    let good = fs::read(&key).unwrap();
    fs::write(&key, [7; 32]).unwrap();
    assert!(matches!(vault(&home).read("a"), Err(VaultError::Damaged { .. })));
    fs::write(&key, "short").unwrap();
    let error = vault(&home).write("a", &"x".into()).unwrap_err();
    assert!(matches!(&error, VaultError::Damaged { location } if location.ends_with("key")), "{error}");
    fs::write(&key, good).unwrap();
    assert_eq!(read(&vault(&home), "a").as_deref(), Some(CANARY));
}

#[test]
fn a_secret_that_is_too_long_is_not_kept() {
    let home = tempfile::tempdir().unwrap();
    let vault = vault(&home);
    vault.write("a", &"x".repeat(128 << 10).into()).unwrap();
    assert_eq!(read(&vault, "a").map(|secret| secret.len()), Some(128 << 10));
    assert!(matches!(vault.write("a", &"x".repeat((128 << 10) + 1).into()), Err(VaultError::TooLong { .. })));
}

#[cfg(unix)]
#[test]
fn files_are_the_users_alone_and_others_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let home = tempfile::tempdir().unwrap();
    let first = vault(&home);
    first.write("a", &CANARY.into()).unwrap();
    drop(first.lock("a").unwrap());
    let inner = first.root().join("file");
    assert_eq!((mode(first.root()), mode(&inner)), (0o700, 0o700));
    for file in fs::read_dir(&inner).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    for (path, good) in [
        (first.root().to_owned(), 0o700),
        (inner.clone(), 0o700),
        (inner.join("key"), 0o600),
        (entry(&first, "a"), 0o600),
    ] {
        for more in [0o040, 0o004, 0o020, 0o002, 0o010] {
            set(&path, good | more);
            let error = vault(&home).read("a").unwrap_err();
            assert!(matches!(error, VaultError::Exposed { .. }), "{}: {error}", path.display());
            assert!(error.hint().to_string().contains("chmod"));
        }
        set(&path, good);
    }
    assert_eq!(read(&vault(&home), "a").as_deref(), Some(CANARY));
}

#[cfg(unix)]
#[test]
fn what_is_no_directory_of_ours_is_not_used() {
    let home = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), home.path().join("vault")).unwrap();
    assert!(matches!(vault(&home).read("a"), Err(VaultError::Denied { .. })));
    fs::remove_file(home.path().join("vault")).unwrap();
    fs::write(home.path().join("vault"), "").unwrap();
    assert!(matches!(vault(&home).read("a"), Err(VaultError::Denied { .. })));
}

#[test]
fn what_a_process_left_that_died_is_removed_in_time() {
    let home = tempfile::tempdir().unwrap();
    vault(&home).write("a", &CANARY.into()).unwrap();
    let inner = home.path().join("vault/file");
    let (old, new) = (inner.join(".new-old"), inner.join(".new-new"));
    fs::write(&new, "").unwrap();
    fs::write(&old, "").unwrap();
    let past = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    fs::File::options().write(true).open(&old).unwrap().set_modified(past).unwrap();
    vault(&home).read("a").unwrap();
    assert!(!old.exists() && new.exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any secret under any name can be read back, and no file contents cause a panic.
    #[test]
    fn sealed_and_opened_it_is_the_same(name: String, secret: String, junk: Vec<u8>, other: String) {
        let key = Key::random().unwrap();
        let sealed = key.seal(&name, &secret.as_str().into()).unwrap();
        let opened = key.open(&name, sealed.clone()).unwrap();
        prop_assert_eq!(opened.expose_secret(), secret.as_str());
        prop_assert!(key.open(&name, junk).is_none());
        prop_assert!(other == name || key.open(&other, sealed).is_none());
    }
}
