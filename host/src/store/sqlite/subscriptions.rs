//! The subscriptions of watches, in a table.

use rusqlite::named_params;

use super::rows::Rows;
use crate::store::{StoreError, Subscription, SubscriptionState, Subscriptions};

/// The states of a subscription, as the table has them.
const HELD: i64 = 1;
const ENDING: i64 = 2;

impl Subscriptions for Rows<'_> {
    fn subscription(&mut self, watch: &str) -> Result<Option<Subscription>, StoreError> {
        let rows = self.query(
            "SELECT state, id, address, digest FROM subscription WHERE watch = :watch",
            named_params! { ":watch": watch },
            |row| {
                let (state, id): (i64, String) = (row.get(0)?, row.get(1)?);
                let state = match state {
                    HELD => SubscriptionState::Held(id),
                    ENDING => SubscriptionState::Ending(id),
                    _ => SubscriptionState::Asked,
                };
                Ok(Subscription { state, address: row.get(2)?, digest: row.get(3)? })
            },
        )?;
        Ok(rows.into_iter().next())
    }

    fn set_subscription(
        &mut self,
        watch: &str,
        subscription: Option<&Subscription>,
    ) -> Result<(), StoreError> {
        let Some(subscription) = subscription else {
            return self
                .execute("DELETE FROM subscription WHERE watch = :watch", named_params! { ":watch": watch });
        };
        let (state, id) = match &subscription.state {
            SubscriptionState::Asked => (0, ""),
            SubscriptionState::Held(id) => (HELD, id.as_str()),
            SubscriptionState::Ending(id) => (ENDING, id.as_str()),
        };
        self.execute(
            "INSERT OR REPLACE INTO subscription (watch, state, id, address, digest)
             VALUES (:watch, :state, :id, :address, :digest)",
            named_params! {
                ":watch": watch,
                ":state": state,
                ":id": id,
                ":address": subscription.address,
                ":digest": subscription.digest,
            },
        )
    }

    fn subscribed(&mut self) -> Result<Vec<String>, StoreError> {
        self.query("SELECT watch FROM subscription ORDER BY watch", [], |row| row.get(0))
    }
}
