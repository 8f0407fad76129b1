mod watches;

use std::fs;

use super::*;
use crate::clock::Timestamp;
use crate::manifest::Limit;
use crate::store::{Key, MemoryStore, Place, Slot, Ticket};

fn place(owner: u64, number: u64, action: &str) -> Place {
    let key = Key { owner, number };
    Place { key, bucket: "bucket".into(), action: action.into(), keep: Duration::from_micros(60) }
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// All engines behave the same.
#[test]
fn engines_agree() {
    let directory = tempfile::tempdir().unwrap();
    let file = SqliteStore::open(directory.path()).unwrap();
    for store in [&file as &dyn Store, &MemoryStore::new()] {
        slots_and_tickets(store);
        watches::progress_and_events(store);
        watches::claims(store);
    }
}

fn slots_and_tickets(store: &dyn Store) {
    let (a, b, c) = (place(u64::MAX, 0, "a"), place(1, 1, "b"), place(1, u64::MAX, "b"));
    let d = place(2, 0, "d");
    let limits: std::sync::Arc<[Limit]> =
        [(45, 60), (1500, 3600)].map(|(calls, period_seconds)| Limit { calls, period_seconds }).into();
    store
        .run("bucket", |rows| {
            rows.take(&a, at(100))?;
            rows.take(&b, at(100))?;
            rows.complete(&b, at(50))?;
            rows.complete(&c, at(70))?;
            assert_eq!(rows.used("bucket", None, at(49))?, 3);
            assert_eq!(rows.used("bucket", None, at(50))?, 2);
            assert_eq!(rows.used("bucket", Some("b"), at(49))?, 2);
            assert_eq!(rows.used("other", None, at(0))?, 0);
            assert_eq!(rows.slots("bucket", Some("a"), at(0))?, [Slot { until: at(100), in_flight: true }]);

            rows.renew("bucket", 1, at(500))?;
            assert_eq!(rows.used("bucket", None, at(200))?, 0, "neither completed ones nor those of others");
            rows.renew("bucket", u64::MAX, at(500))?;
            assert_eq!(rows.used("bucket", None, at(200))?, 1);
            rows.complete(&d, at(95))?;
            rows.clamp("bucket", at(60), at(90))?;
            let mut until: Vec<_> =
                rows.slots("bucket", None, at(0))?.iter().map(|slot| slot.until).collect();
            until.sort_unstable();
            assert_eq!(until, [at(50), at(60), at(70), at(90)], "what is a little later than now stays");
            rows.purge("bucket", at(110))?;
            assert_eq!(rows.used("bucket", None, at(0))?, 3, "50 + 60 is over");
            rows.keep("bucket", Duration::from_micros(100))?;
            rows.keep("bucket", Duration::from_micros(5))?;
            rows.keep("other", Duration::from_micros(500))?;
            rows.purge("bucket", at(159))?;
            assert_eq!(rows.used("bucket", None, at(0))?, 3, "somebody has a longer period");
            rows.purge("bucket", at(160))?;
            assert_eq!(rows.used("bucket", None, at(0))?, 2, "60 + 100 is over");

            let first = Ticket { place: c.clone(), limits: limits.clone() };
            let second = Ticket { place: a.clone(), limits: [].into() };
            assert!(!rows.anyone_waiting("bucket", at(0))?);
            rows.queue(&first, at(100))?;
            rows.queue(&second, at(200))?;
            assert_eq!(rows.tickets("bucket", at(99))?, [first.clone(), second.clone()]);
            assert_eq!(rows.tickets("bucket", at(100))?, std::slice::from_ref(&second));
            assert!(rows.anyone_waiting("bucket", at(199))?);
            assert!(!rows.anyone_waiting("bucket", at(200))?);
            rows.renew("bucket", 1, at(150))?;
            assert_eq!(rows.tickets("bucket", at(149))?.len(), 2);
            rows.renew("bucket", 1, Timestamp::MAX)?;
            rows.clamp("bucket", at(0), at(100))?;
            assert!(rows.anyone_waiting("bucket", at(1000))?, "a lease that never ends stays");
            assert_eq!(rows.tickets("bucket", at(99))?.len(), 2);
            rows.renew("bucket", 1, at(150))?;
            rows.leave(&a)?;
            assert_eq!(rows.tickets("bucket", at(0))?, [first]);
            rows.purge("bucket", at(150))?;
            assert_eq!(rows.tickets("bucket", at(0))?, []);
            Ok(())
        })
        .unwrap();
}

#[test]
fn failed_work_is_undone() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path()).unwrap();
    let failed: Result<(), _> = (&store as &dyn Store).run("bucket", |rows| {
        rows.take(&place(1, 1, "a"), at(100))?;
        Err(StoreError::Newer { location: String::new(), found: 0, known: 0 })
    });
    failed.unwrap_err();
    let used = (&store as &dyn Store).run("bucket", |rows| rows.used("bucket", None, at(0))).unwrap();
    assert_eq!(used, 0);
}

#[test]
fn what_was_written_is_there_again() {
    let directory = tempfile::tempdir().unwrap();
    for expected in 0..3 {
        let store = SqliteStore::open(directory.path()).unwrap();
        let used = (&store as &dyn Store)
            .run("bucket", |rows| {
                let used = rows.used("bucket", None, at(0))?;
                rows.take(&place(1, used, "a"), at(100))?;
                Ok(used)
            })
            .unwrap();
        assert_eq!(used, expected);
    }
}

#[cfg(unix)]
#[test]
fn only_the_user_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("new").join("state");
    let store = SqliteStore::open(&directory).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&directory), mode(store.path())), (0o700, 0o600));
    for file in fs::read_dir(&directory).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

#[test]
fn a_later_version_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path()).unwrap();
    store.connection.lock().unwrap().pragma_update(None, "user_version", 77).unwrap();
    drop(store);
    let error = SqliteStore::open(directory.path()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 77, known: schema::VERSION, .. }), "{error:?}");
    assert!(error.to_string().contains("has version 77"), "{error}");
}

#[test]
fn a_damaged_file_is_told_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(FILE);
    let garbage = b"This is no database. ".repeat(500);
    fs::write(&path, &garbage).unwrap();
    let error = SqliteStore::open(directory.path()).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains(FILE), "{error}");
    assert_eq!(fs::read(&path).unwrap(), garbage);
}

#[test]
fn a_page_damaged_later_is_told() {
    let directory = tempfile::tempdir().unwrap();
    drop(SqliteStore::open(directory.path()).unwrap());
    let path = directory.path().join(FILE);
    let mut bytes = fs::read(&path).unwrap();
    let page = 4096;
    bytes[page..].fill(0xA5);
    fs::write(&path, &bytes).unwrap();
    let store = SqliteStore::open(directory.path()).unwrap();
    let error = (&store as &dyn Store).run("bucket", |rows| rows.take(&place(1, 1, "a"), at(1))).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
}

#[test]
fn a_full_disk_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path()).unwrap();
    {
        let connection = store.connection.lock().unwrap();
        let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    }
    let error = (0..10_000)
        .map(|number| (&store as &dyn Store).run("bucket", |rows| rows.take(&place(1, number, "a"), at(1))))
        .find_map(Result::err)
        .unwrap();
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert!(error.to_string().contains("free some space"), "{error}");
}

#[test]
fn a_place_that_cannot_be_written_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let error = SqliteStore::open(&file.join("state")).unwrap_err();
    assert!(matches!(error, StoreError::Denied { .. }), "{error:?}");
}

#[test]
fn many_may_open_a_new_file_at_once() {
    let directory = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for owner in 0..16 {
            let path = directory.path();
            scope.spawn(move || {
                let store = SqliteStore::open(path).unwrap();
                for number in 0..20 {
                    (&store as &dyn Store)
                        .run("bucket", |rows| rows.take(&place(owner, number, "a"), at(9)))
                        .unwrap();
                }
            });
        }
    });
    let store = SqliteStore::open(directory.path()).unwrap();
    assert_eq!((&store as &dyn Store).run("bucket", |rows| rows.used("bucket", None, at(0))).unwrap(), 320);
}
