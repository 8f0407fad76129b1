//! What a watch is of.

use super::cloudevent::watch_name;
use super::ledger::Ledger;
use super::trigger::Trigger;
use crate::call::Connection;

/// What is watched.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) connection: Connection,
    /// The trigger's part of the watch's name.
    pub(super) trigger: String,
    /// How it is polled. What is not polled is put into the store by others.
    pub(super) polled: Option<Trigger>,
}

impl Subject {
    /// The name under which the store has it.
    pub(super) fn name(&self) -> String {
        watch_name(&self.connection, &self.trigger)
    }

    /// Its pages in the store.
    pub(super) fn ledger(&self) -> Ledger {
        let connection = &self.connection;
        Ledger::new(connection.store().clone(), connection.clock().clone(), &self.name())
    }
}
