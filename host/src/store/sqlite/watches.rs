//! The progress and the events of watches, in tables.

use rusqlite::{Row, named_params};

use super::rows::Rows;
use crate::clock::Timestamp;
use crate::store::{Backlog, Checkpoints, Found, Outbox, Page, Progress, StoreError, Stored, Trouble};

/// The states of an event, as the table has them.
const WAITING: i64 = 0;
const DEAD: i64 = 1;

impl Checkpoints for Rows<'_> {
    fn progress(&mut self, watch: &str) -> Result<Option<Progress>, StoreError> {
        let rows = self.query(
            "SELECT checkpoint, failing_since, stopped, begun FROM watch WHERE name = :watch",
            named_params! { ":watch": watch },
            |row| {
                let failing_since: Option<i64> = row.get(1)?;
                Ok(Progress {
                    checkpoint: row.get(0)?,
                    failing_since: failing_since.map(Timestamp::from_micros),
                    stopped: row.get(2)?,
                    begun: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_micros),
                })
            },
        )?;
        Ok(rows.into_iter().next())
    }

    fn set_progress(&mut self, watch: &str, progress: &Progress) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO watch (name, checkpoint, failing_since, stopped, begun)
             VALUES (:watch, :checkpoint, :failing_since, :stopped, :begun)
             ON CONFLICT DO UPDATE SET checkpoint = excluded.checkpoint,
                failing_since = excluded.failing_since, stopped = excluded.stopped, begun = excluded.begun",
            named_params! {
                ":watch": watch,
                ":checkpoint": progress.checkpoint,
                ":failing_since": progress.failing_since.map(Timestamp::as_micros),
                ":stopped": progress.stopped,
                ":begun": progress.begun.map(Timestamp::as_micros),
            },
        )
    }

    fn watches(&mut self) -> Result<Vec<String>, StoreError> {
        self.query("SELECT name FROM watch ORDER BY name", [], |row| row.get(0))
    }

    fn forget(&mut self, watch: &str) -> Result<(), StoreError> {
        for sql in ["DELETE FROM event WHERE watch = :watch", "DELETE FROM watch WHERE name = :watch"] {
            self.execute(sql, named_params! { ":watch": watch })?;
        }
        Ok(())
    }
}

impl Outbox for Rows<'_> {
    fn add(&mut self, watch: &str, found: &Found, at: Timestamp) -> Result<bool, StoreError> {
        let added = self.change(
            "INSERT INTO event (watch, state, id, time, data, found)
             VALUES (:watch, 0, :id, :time, :data, :at)
             ON CONFLICT DO NOTHING",
            named_params! {
                ":watch": watch,
                ":id": found.id,
                ":time": found.time,
                ":data": found.data,
                ":at": at.as_micros(),
            },
        )?;
        if added == 0 {
            self.execute(
                "UPDATE event SET ended = :at WHERE watch = :watch AND id = :id AND state = 2 AND ended < :at",
                named_params! { ":watch": watch, ":id": found.id, ":at": at.as_micros() },
            )?;
        }
        Ok(added > 0)
    }

    fn waiting(&mut self, watch: &str, page: Page) -> Result<Vec<Stored>, StoreError> {
        self.page(watch, WAITING, page)
    }

    fn dead(&mut self, watch: &str, page: Page) -> Result<Vec<Stored>, StoreError> {
        self.page(watch, DEAD, page)
    }

    fn acknowledge(&mut self, watch: &str, number: u64, at: Timestamp) -> Result<(), StoreError> {
        self.execute(
            "UPDATE event SET state = 2, data = '', reason = '', ended = :at
             WHERE number = :number AND watch = :watch AND state = 0",
            named_params! { ":watch": watch, ":number": stored(number), ":at": at.as_micros() },
        )
    }

    fn note_trouble(&mut self, watch: &str, number: u64, trouble: &Trouble) -> Result<(), StoreError> {
        self.execute(
            "UPDATE event SET attempts = :attempts, due = :due, reason = :reason
             WHERE number = :number AND watch = :watch AND state = 0",
            named_params! {
                ":watch": watch,
                ":number": stored(number),
                ":attempts": trouble.attempts,
                ":due": trouble.due.as_micros(),
                ":reason": trouble.reason,
            },
        )
    }

    fn bury(&mut self, watch: &str, number: u64, at: Timestamp) -> Result<(), StoreError> {
        self.execute(
            "UPDATE event SET state = 1, ended = :at
             WHERE number = :number AND watch = :watch AND state = 0",
            named_params! { ":watch": watch, ":number": stored(number), ":at": at.as_micros() },
        )
    }

    fn revive(&mut self, watch: &str, number: u64, at: Timestamp) -> Result<bool, StoreError> {
        // A new number puts the event at the end. The old row has to be deleted first, because ids are
        // unique.
        let dead = self.query(
            "DELETE FROM event WHERE number = :number AND watch = :watch AND state = 1 RETURNING id, time, data",
            named_params! { ":watch": watch, ":number": stored(number) },
            |row| Ok(Found { id: row.get(0)?, time: row.get(1)?, data: row.get(2)? }),
        )?;
        match dead.first() {
            Some(found) => self.add(watch, found, at),
            None => Ok(false),
        }
    }

    fn backlog(&mut self, watch: &str) -> Result<Backlog, StoreError> {
        let count = |rows: &Self, state: i64| {
            let count: i64 = rows.query_one(
                "SELECT count(*) FROM event WHERE watch = :watch AND state = :state",
                named_params! { ":watch": watch, ":state": state },
            )?;
            Ok::<u64, StoreError>(count.unsigned_abs())
        };
        let oldest = self.query(
            "SELECT found FROM event WHERE watch = :watch AND state = 0 ORDER BY number LIMIT 1",
            named_params! { ":watch": watch },
            |row| row.get(0).map(Timestamp::from_micros),
        )?;
        let (waiting, dead) = (count(self, WAITING)?, count(self, DEAD)?);
        Ok(Backlog { waiting, oldest: oldest.first().copied(), dead })
    }

    fn forget_delivered(&mut self, watch: &str, before: Timestamp) -> Result<(), StoreError> {
        self.execute(
            "DELETE FROM event WHERE watch = :watch AND state = 2 AND ended < :before",
            named_params! { ":watch": watch, ":before": before.as_micros() },
        )
    }
}

impl Rows<'_> {
    fn page(&self, watch: &str, state: i64, page: Page) -> Result<Vec<Stored>, StoreError> {
        let mut bytes = 0;
        self.query_while(
            "SELECT number, id, time, data, found, attempts, due, reason, ended FROM event
             WHERE watch = :watch AND state = :state AND number > :after ORDER BY number LIMIT :events",
            named_params! {
                ":watch": watch,
                ":state": state,
                ":after": stored(page.after),
                ":events": i64::try_from(page.events).unwrap_or(i64::MAX),
            },
            |row| event(row, state),
            |event| {
                bytes += event.event.data.len();
                bytes < page.bytes
            },
        )
    }
}

fn event(row: &Row<'_>, state: i64) -> Result<Stored, rusqlite::Error> {
    let number: i64 = row.get(0)?;
    let attempts: u32 = row.get(5)?;
    let trouble = match attempts {
        0 => None,
        attempts => Some(Trouble { attempts, due: Timestamp::from_micros(row.get(6)?), reason: row.get(7)? }),
    };
    let ended: Option<i64> = row.get(8)?;
    Ok(Stored {
        number: number.unsigned_abs(),
        event: Found { id: row.get(1)?, time: row.get(2)?, data: row.get(3)? },
        found_at: Timestamp::from_micros(row.get(4)?),
        trouble,
        dead_since: ended.filter(|_| state == DEAD).map(Timestamp::from_micros),
    })
}

/// Converts a number to the type of the table.
fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
