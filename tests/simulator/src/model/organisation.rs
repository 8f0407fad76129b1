//! Everything that the simulated tenant contains.

use std::collections::HashMap;

use super::alert::{Alert, AlertRow};
use super::investigation::InvestigationRow;
use super::machine::{Machine, MachineRow};
use super::machine_action::ActionRow;
use super::remediation::ActivityRow;
use super::shelf::Shelf;
use super::statistics::{KnownAddress, KnownDomain, KnownFile};
use crate::hunting::Table;
use crate::moment::Moment;

/// The state of the tenant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Organisation {
    pub(crate) tenant_id: String,
    pub(crate) alerts: Shelf<AlertRow>,
    pub(crate) actions: Shelf<ActionRow>,
    pub(crate) investigations: Shelf<InvestigationRow>,
    pub(crate) activities: Shelf<ActivityRow>,
    pub(crate) files: Vec<KnownFile>,
    pub(crate) domains: Vec<KnownDomain>,
    pub(crate) addresses: Vec<KnownAddress>,
    /// The events from which alerts can be created.
    pub(crate) events: Vec<Event>,
    pub(crate) tables: Vec<Table>,
    machines: Shelf<MachineRow>,
    /// Maps lower-case computer names to machine ids.
    names: HashMap<String, String>,
    /// Increases with every change. A cached list of an earlier generation is out of date.
    generation: u64,
    /// The last number assigned to an alert, incident or investigation.
    last_number: i64,
}

/// An event that a machine's sensor has reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) machine_id: String,
    pub(crate) report_id: String,
    pub(crate) time: Moment,
}

impl Organisation {
    pub(crate) fn new(tenant_id: &str) -> Self {
        Self { tenant_id: tenant_id.to_owned(), last_number: 63_000, ..Self::default() }
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Records that something has changed that a list may show.
    pub(crate) fn touch(&mut self) {
        self.generation += 1;
    }

    /// Continues the generations of an earlier state, so that none of its cached lists is taken for one of
    /// this state.
    pub(crate) fn succeed(&mut self, earlier: &Self) {
        self.generation = earlier.generation + 1;
    }

    /// Returns a number that has not been assigned before.
    pub(crate) fn number(&mut self) -> i64 {
        self.last_number += 1;
        self.last_number
    }

    pub(crate) fn machines(&self) -> impl Iterator<Item = &MachineRow> {
        self.machines.iter()
    }

    pub(crate) fn machine_count(&self) -> usize {
        self.machines.len()
    }

    pub(crate) fn put_machine(&mut self, row: MachineRow) {
        self.names.insert(row.machine.computer_dns_name.to_lowercase(), row.machine.id.clone());
        self.machines.put(row);
        self.touch();
    }

    pub(crate) fn machine(&self, id: &str) -> Option<&MachineRow> {
        self.machines.find(id)
    }

    pub(crate) fn machine_mut(&mut self, id: &str) -> Option<&mut MachineRow> {
        self.touch();
        self.machines.find_mut(id)
    }

    /// Finds a machine by its id or computer name, since the API's lookup accepts both.
    pub(crate) fn machine_by_id_or_name(&self, text: &str) -> Option<&Machine> {
        let named = || self.names.get(&text.to_lowercase()).and_then(|id| self.machines.find(id));
        self.machines.find(text).or_else(named).map(|row| &row.machine)
    }

    pub(crate) fn put_alert(&mut self, alert: Alert, visible_from: Moment) {
        self.alerts.put(AlertRow::new(alert, visible_from));
        self.touch();
    }

    /// Returns the id of a new alert, in the API's form: a letter code, the creation time in ticks, and a
    /// signed number.
    pub(crate) fn alert_id(&mut self, created: Moment) -> String {
        let number = self.number();
        // Spread over 32 bits and half of them negative, as real ids are.
        let suffix = i32::from_ne_bytes((number as u32).wrapping_mul(2_654_435_761).to_ne_bytes());
        format!("da{}_{suffix}", created.dotnet_ticks())
    }
}
