//! The progress and the events of watches.

use super::*;
use crate::store::{Backlog, Found, Page, Progress, Trouble};

const ALL: Page = Page { after: 0, events: 100, bytes: 1 << 20 };

fn found(id: &str) -> Found {
    Found {
        id: id.into(),
        time: Some("2030-01-01T00:00:00.1234567Z".into()),
        data: format!("{{\"id\":\"{id}\"}}"),
    }
}

fn ids(events: &[crate::store::Stored]) -> Vec<&str> {
    events.iter().map(|stored| stored.event.id.as_str()).collect()
}

pub(super) fn progress_and_events(store: &dyn Store) {
    store
        .run_on_disk("w", |rows| {
            assert_eq!(rows.progress("w")?, None);
            let progress = Progress {
                checkpoint: Some("1 \u{e4}".into()),
                failing_since: Some(at(7)),
                stopped: Some("gone".into()),
                begun: Some(at(3)),
            };
            rows.set_progress("w", &progress)?;
            assert_eq!(rows.progress("w")?, Some(progress));
            rows.set_progress("w", &Progress::default())?;
            assert_eq!(rows.progress("w")?, Some(Progress::default()));
            rows.set_progress("v", &Progress::default())?;
            assert_eq!(rows.watches()?, ["v", "w"]);

            for id in ["a", "b", "c", "d"] {
                assert!(rows.add("w", &found(id), at(10))?);
            }
            assert!(!rows.add("w", &found("b"), at(11))?, "it waits already");
            assert!(rows.add("v", &found("b"), at(12))?, "another watch");
            let waiting = rows.waiting("w", ALL)?;
            assert_eq!(ids(&waiting), ["a", "b", "c", "d"]);
            assert!(waiting.is_sorted_by_key(|stored| stored.number));
            let [a, b, c] = [0, 1, 2].map(|place| waiting[place].number);
            assert_eq!(waiting[0].event, found("a"));
            assert_eq!((waiting[0].found_at, &waiting[0].trouble), (at(10), &None));
            assert_eq!(ids(&rows.waiting("w", Page { after: a, events: 2, ..ALL })?), ["b", "c"]);
            let short = found("a").data.len() + 1;
            assert_eq!(ids(&rows.waiting("w", Page { bytes: short, ..ALL })?), ["a", "b"]);
            assert_eq!(ids(&rows.waiting("w", Page { bytes: 1, ..ALL })?), ["a"]);

            let trouble = Trouble { attempts: 3, due: at(99), reason: "no answer".into() };
            rows.note_trouble("w", a, &trouble)?;
            assert_eq!(rows.waiting("w", ALL)?[0].trouble, Some(trouble.clone()));
            rows.acknowledge("w", a, at(20))?;
            rows.bury("w", b, at(30))?;
            rows.note_trouble("w", c, &trouble)?;
            rows.bury("w", c, at(31))?;
            assert_eq!(rows.backlog("w")?, Backlog { waiting: 1, oldest: Some(at(10)), dead: 2 });
            let dead = rows.dead("w", ALL)?;
            assert_eq!(ids(&dead), ["b", "c"]);
            assert_eq!((dead[1].dead_since, &dead[1].trouble), (Some(at(31)), &Some(trouble)));
            assert!(!rows.add("w", &found("a"), at(40))?, "it was delivered");
            assert!(!rows.add("w", &found("c"), at(40))?, "it is dead");

            assert!(rows.revive("w", b, at(50))?);
            assert!(!rows.revive("w", b, at(50))?, "it waits now");
            let waiting = rows.waiting("w", ALL)?;
            assert_eq!(ids(&waiting), ["d", "b"], "at the end");
            assert_eq!((waiting[1].found_at, waiting[1].dead_since), (at(50), None));

            rows.forget_delivered("w", at(40))?;
            assert!(!rows.add("w", &found("a"), at(60))?, "not before, but at that time");
            assert!(!rows.add("w", &found("a"), at(50))?, "a clock that was set back");
            rows.forget_delivered("w", at(60))?;
            assert!(!rows.add("w", &found("a"), at(60))?, "it was found since it was delivered");
            rows.forget_delivered("w", at(61))?;
            assert!(rows.add("w", &found("a"), at(62))?);
            rows.forget("w")?;
            assert_eq!(rows.backlog("w")?, Backlog::default());
            assert_eq!(rows.watches()?, ["v"]);
            assert_eq!(ids(&rows.waiting("v", ALL)?), ["b"]);
            rows.forget("v")
        })
        .unwrap();
}

pub(super) fn claims(store: &dyn Store) {
    let first = store.claim("w").unwrap();
    assert!(first.is_some());
    assert!(store.claim("w").unwrap().is_none());
    assert!(store.claim("v").unwrap().is_some());
    drop(first);
    assert!(store.claim("w").unwrap().is_some());
}

#[test]
fn events_of_an_older_file_are_kept_in_new_tables() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(FILE);
    let mut connection = Connection::open(&path).unwrap();
    schema::migrate_to(&mut connection, &path, 1).unwrap();
    let transaction = connection.transaction().unwrap();
    crate::store::Slots::take(&mut Rows::new(&transaction, &path), &place(1, 1, "a"), at(100)).unwrap();
    transaction.commit().unwrap();
    drop(connection);
    let store = SqliteStore::open(directory.path()).unwrap();
    let (used, added) = (&store as &dyn Store)
        .run("w", |rows| Ok((rows.used("bucket", None, at(0))?, rows.add("w", &found("a"), at(1))?)))
        .unwrap();
    assert_eq!((used, added), (1, true));
}

#[test]
fn what_is_stored_for_good_is_there_for_others() {
    let directory = tempfile::tempdir().unwrap();
    let [one, other] = [(), ()].map(|()| SqliteStore::open(directory.path()).unwrap());
    (&one as &dyn Store).run_on_disk("w", |rows| rows.add("w", &found("a"), at(1))).unwrap();
    let waiting = (&other as &dyn Store).run("w", |rows| rows.waiting("w", ALL)).unwrap();
    assert_eq!(ids(&waiting), ["a"]);
    let synchronous: i64 = one
        .synchronised
        .lock()
        .unwrap()
        .as_ref()
        .unwrap()
        .pragma_query_value(None, "synchronous", |row| row.get(0))
        .unwrap();
    assert_eq!(synchronous, 2, "FULL");
}
