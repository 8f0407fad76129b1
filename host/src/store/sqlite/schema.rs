//! The tables and their migrations.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::explain;
use crate::store::StoreError;

/// The steps from each version to the next, starting from an empty file. A released step never changes: a
/// change is a further step.
const STEPS: &[&str] = &[
    // Times and durations are microseconds; times count from the Unix epoch. Limits are text such as `45/60
    // 1500/3600`, calls and seconds. Owner numbers are unsigned, stored as signed numbers with the same bits.
    "
    CREATE TABLE quota_slot (
        owner     INTEGER NOT NULL,
        number    INTEGER NOT NULL,
        bucket    TEXT    NOT NULL,
        action    TEXT    NOT NULL,
        until     INTEGER NOT NULL,
        keep      INTEGER NOT NULL,
        in_flight INTEGER NOT NULL,
        PRIMARY KEY (owner, number)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX quota_slot_by_time ON quota_slot (bucket, until, action, in_flight);

    CREATE TABLE quota_ticket (
        arrival INTEGER PRIMARY KEY,
        owner   INTEGER NOT NULL,
        number  INTEGER NOT NULL,
        bucket  TEXT    NOT NULL,
        action  TEXT    NOT NULL,
        limits  TEXT    NOT NULL,
        keep    INTEGER NOT NULL,
        lease   INTEGER NOT NULL,
        UNIQUE (owner, number)
    ) STRICT;
    CREATE INDEX quota_ticket_by_arrival ON quota_ticket (bucket, arrival);
    ",
    // Triggers. The state of an event is 0 while it waits, 1 when it is dead, 2 when it was delivered and
    // only its id is kept; `ended` is since when it is dead or delivered. Numbers are never reused, so they
    // are in order.
    "
    CREATE TABLE watch (
        name          TEXT NOT NULL PRIMARY KEY,
        checkpoint    TEXT,
        failing_since INTEGER,
        stopped       TEXT
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE event (
        number   INTEGER PRIMARY KEY AUTOINCREMENT,
        watch    TEXT    NOT NULL,
        state    INTEGER NOT NULL,
        id       TEXT    NOT NULL,
        time     TEXT,
        data     TEXT    NOT NULL,
        found    INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        due      INTEGER NOT NULL DEFAULT 0,
        reason   TEXT    NOT NULL DEFAULT '',
        ended    INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX event_by_id ON event (watch, id);
    CREATE INDEX event_by_state ON event (watch, state, number);
    CREATE INDEX event_delivered ON event (watch, ended) WHERE state = 2;
    ",
    // Pushed triggers. The state of a subscription is 0 when it was requested, 1 when it is held, 2 when its
    // end was requested.
    "
    CREATE TABLE subscription (
        watch   TEXT    NOT NULL PRIMARY KEY,
        state   INTEGER NOT NULL,
        id      TEXT    NOT NULL,
        address TEXT    NOT NULL,
        digest  TEXT    NOT NULL
    ) STRICT, WITHOUT ROWID;
    ",
    // The minimum time to keep the slots of a bucket: the longest period of any limit that applies to it.
    "
    CREATE TABLE quota_bucket (
        bucket TEXT    NOT NULL PRIMARY KEY,
        keep   INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    ",
    // When a watch was started for the first time.
    "
    ALTER TABLE watch ADD COLUMN begun INTEGER;
    ",
];

/// The version to which [`STEPS`] lead.
pub(super) const VERSION: i64 = STEPS.len() as i64;

/// Brings the tables up to date.
///
/// # Errors
/// [`StoreError::Newer`] if a later version wrote the tables, and any error of SQLite's.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    if version(connection, path)? == VERSION {
        return Ok(());
    }
    migrate_to(connection, path, VERSION)
}

/// Takes the remaining steps up to a version.
pub(super) fn migrate_to(connection: &mut Connection, path: &Path, target: i64) -> Result<(), StoreError> {
    let explained = |error| explain(path, error);
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(explained)?;
    // Another process may have been faster.
    let found = version(&transaction, path)?;
    let [done, wanted] = [found, target].map(|version| usize::try_from(version).unwrap_or_default());
    for step in STEPS.iter().take(wanted).skip(done) {
        transaction.execute_batch(step).map_err(explained)?;
    }
    transaction.pragma_update(None, "user_version", target.max(found)).map_err(explained)?;
    transaction.commit().map_err(explained)
}

fn version(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let found = connection.pragma_query_value(None, "user_version", |row| row.get(0));
    match found.map_err(|error| explain(path, error))? {
        found if found > VERSION => {
            Err(StoreError::Newer { location: path.display().to_string(), found, known: VERSION })
        }
        found => Ok(found),
    }
}
