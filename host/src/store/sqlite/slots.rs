//! The rows of a quota, in tables.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Row, named_params};

use super::rows::Rows;
use crate::clock::Timestamp;
use crate::manifest::Limit;
use crate::store::{Key, Place, Slot, Slots, StoreError, Ticket};

impl Slots for Rows<'_> {
    fn used(&mut self, bucket: &str, action: Option<&str>, after: Timestamp) -> Result<u64, StoreError> {
        let after = after.as_micros();
        let used: i64 = match action {
            None => self.query_one(
                "SELECT count(*) FROM quota_slot WHERE bucket = :bucket AND until > :after",
                named_params! { ":bucket": bucket, ":after": after },
            ),
            Some(action) => self.query_one(
                "SELECT count(*) FROM quota_slot WHERE bucket = :bucket AND until > :after AND action = :action",
                named_params! { ":bucket": bucket, ":after": after, ":action": action },
            ),
        }?;
        Ok(used.unsigned_abs())
    }

    fn slots(
        &mut self,
        bucket: &str,
        action: Option<&str>,
        after: Timestamp,
    ) -> Result<Vec<Slot>, StoreError> {
        self.query(
            "SELECT until, in_flight FROM quota_slot
             WHERE bucket = :bucket AND until > :after AND (:action IS NULL OR action = :action)",
            named_params! { ":bucket": bucket, ":after": after.as_micros(), ":action": action },
            |row| Ok(Slot { until: Timestamp::from_micros(row.get(0)?), in_flight: row.get(1)? }),
        )
    }

    fn take(&mut self, place: &Place, lease: Timestamp) -> Result<(), StoreError> {
        self.put(place, lease, true)
    }

    fn complete(&mut self, place: &Place, at: Timestamp) -> Result<(), StoreError> {
        self.put(place, at, false)
    }

    fn anyone_waiting(&mut self, bucket: &str, after: Timestamp) -> Result<bool, StoreError> {
        self.query_one(
            "SELECT EXISTS (SELECT 1 FROM quota_ticket WHERE bucket = :bucket AND lease > :after)",
            named_params! { ":bucket": bucket, ":after": after.as_micros() },
        )
    }

    fn tickets(&mut self, bucket: &str, after: Timestamp) -> Result<Vec<Ticket>, StoreError> {
        let bucket: Arc<str> = bucket.into();
        self.query(
            "SELECT owner, number, action, limits, keep FROM quota_ticket
             WHERE bucket = :bucket AND lease > :after ORDER BY arrival",
            named_params! { ":bucket": &*bucket, ":after": after.as_micros() },
            |row| ticket(&bucket, row),
        )
    }

    fn queue(&mut self, ticket: &Ticket, lease: Timestamp) -> Result<(), StoreError> {
        let Ticket { place, limits } = ticket;
        self.execute(
            "INSERT INTO quota_ticket (owner, number, bucket, action, limits, keep, lease)
             VALUES (:owner, :number, :bucket, :action, :limits, :keep, :lease)",
            named_params! {
                ":owner": place.key.owner.cast_signed(),
                ":number": place.key.number.cast_signed(),
                ":bucket": &*place.bucket,
                ":action": &*place.action,
                ":limits": text(limits),
                ":keep": micros(place.keep),
                ":lease": lease.as_micros(),
            },
        )
    }

    fn leave(&mut self, place: &Place) -> Result<(), StoreError> {
        self.execute(
            "DELETE FROM quota_ticket WHERE owner = :owner AND number = :number",
            named_params! {
                ":owner": place.key.owner.cast_signed(),
                ":number": place.key.number.cast_signed(),
            },
        )
    }

    fn renew(&mut self, bucket: &str, owner: u64, lease: Timestamp) -> Result<(), StoreError> {
        for sql in [
            "UPDATE quota_slot SET until = :lease WHERE owner = :owner AND bucket = :bucket AND in_flight",
            "UPDATE quota_ticket SET lease = :lease WHERE owner = :owner AND bucket = :bucket",
        ] {
            let parameters = named_params! {
                ":owner": owner.cast_signed(),
                ":bucket": bucket,
                ":lease": lease.as_micros(),
            };
            self.execute(sql, parameters)?;
        }
        Ok(())
    }

    fn clamp(&mut self, bucket: &str, now: Timestamp, latest: Timestamp) -> Result<(), StoreError> {
        let (now, latest) = (now.as_micros(), latest.as_micros());
        self.execute(
            "UPDATE quota_slot SET until = :now WHERE bucket = :bucket AND until > :latest AND NOT in_flight",
            named_params! { ":bucket": bucket, ":now": now, ":latest": latest },
        )?;
        for sql in [
            "UPDATE quota_slot SET until = :latest
             WHERE bucket = :bucket AND until > :latest AND until < :never AND in_flight",
            "UPDATE quota_ticket SET lease = :latest
             WHERE bucket = :bucket AND lease > :latest AND lease < :never",
        ] {
            let never = Timestamp::MAX.as_micros();
            self.execute(sql, named_params! { ":bucket": bucket, ":latest": latest, ":never": never })?;
        }
        Ok(())
    }

    fn keep(&mut self, bucket: &str, period: Duration) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO quota_bucket (bucket, keep) VALUES (:bucket, :keep)
             ON CONFLICT DO UPDATE SET keep = max(keep, excluded.keep)",
            named_params! { ":bucket": bucket, ":keep": micros(period) },
        )
    }

    fn purge(&mut self, bucket: &str, now: Timestamp) -> Result<(), StoreError> {
        for sql in [
            // The first condition is redundant, but lets the index find the rows.
            "DELETE FROM quota_slot WHERE bucket = :bucket AND until <= :now AND until + keep <= :now
             AND until + coalesce((SELECT keep FROM quota_bucket WHERE bucket = :bucket), 0) <= :now",
            "DELETE FROM quota_ticket WHERE bucket = :bucket AND lease <= :now",
        ] {
            self.execute(sql, named_params! { ":bucket": bucket, ":now": now.as_micros() })?;
        }
        Ok(())
    }
}

impl Rows<'_> {
    fn put(&self, place: &Place, until: Timestamp, in_flight: bool) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO quota_slot (owner, number, bucket, action, until, keep, in_flight)
             VALUES (:owner, :number, :bucket, :action, :until, :keep, :in_flight)
             ON CONFLICT DO UPDATE SET until = excluded.until, in_flight = excluded.in_flight",
            named_params! {
                ":owner": place.key.owner.cast_signed(),
                ":number": place.key.number.cast_signed(),
                ":bucket": &*place.bucket,
                ":action": &*place.action,
                ":until": until.as_micros(),
                ":keep": micros(place.keep),
                ":in_flight": in_flight,
            },
        )
    }
}

fn ticket(bucket: &Arc<str>, row: &Row<'_>) -> Result<Ticket, rusqlite::Error> {
    let owner: i64 = row.get(0)?;
    let number: i64 = row.get(1)?;
    let action: String = row.get(2)?;
    let limits: String = row.get(3)?;
    let keep: i64 = row.get(4)?;
    let key = Key { owner: owner.cast_unsigned(), number: number.cast_unsigned() };
    let keep = Duration::from_micros(keep.unsigned_abs());
    Ok(Ticket {
        place: Place { key, bucket: Arc::clone(bucket), action: action.into(), keep },
        limits: parse(&limits).ok_or(rusqlite::Error::InvalidColumnType(
            3,
            "limits".to_owned(),
            rusqlite::types::Type::Text,
        ))?,
    })
}

/// Formats limits as text, such as `45/60 1500/3600`.
fn text(limits: &[Limit]) -> String {
    let limits: Vec<_> =
        limits.iter().map(|limit| format!("{}/{}", limit.calls, limit.period_seconds)).collect();
    limits.join(" ")
}

fn parse(text: &str) -> Option<Arc<[Limit]>> {
    let limit = |text: &str| {
        let (calls, period_seconds) = text.split_once('/')?;
        Some(Limit { calls: calls.parse().ok()?, period_seconds: period_seconds.parse().ok()? })
    };
    text.split_ascii_whitespace().map(limit).collect()
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
