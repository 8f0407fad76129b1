//! What a watch watches: a trigger of a connection.

use super::cloudevent::watch_name;
use super::ledger::Ledger;
use super::trigger::Trigger;
use crate::call::Connection;

/// What a watch watches.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) connection: Connection,
    /// The trigger's part of the watch's name.
    pub(super) trigger: String,
    /// The trigger to poll; `None` if others put its events into the store.
    pub(super) polled: Option<Trigger>,
}

impl Subject {
    /// Returns the watch's name in the store.
    pub(super) fn name(&self) -> String {
        watch_name(&self.connection, &self.trigger)
    }

    /// Returns the watch's ledger in the store.
    pub(super) fn ledger(&self) -> Ledger {
        let connection = &self.connection;
        Ledger::new(connection.store().clone(), connection.clock().clone(), &self.name())
    }
}
