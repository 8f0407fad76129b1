//! The controls of a running simulator.

use std::sync::{Arc, PoisonError};

use uuid::Uuid;

use crate::additions::{NewActivity, NewAlert, ReportedEvent};
use crate::clock::Clock;
use crate::identity::ManagedIdentity;
use crate::model::alert::{Alert, Evidence};
use crate::model::machine::Behaviour;
use crate::model::remediation::{Activity, ActivityRow, MachineReference};
use crate::notifications::Delivery;
use crate::options::{Population, Settings};
use crate::seed;
use crate::server::faults::Faults;
use crate::server::limits::Limits;
use crate::server::log::Arrival;
use crate::simulation::Simulation;

/// All controls of a simulator. Cloning it is cheap. It has no effect once the simulator has stopped.
#[derive(Clone, Debug)]
pub struct Handle {
    simulation: Arc<Simulation>,
}

impl Handle {
    pub(crate) fn new(simulation: Arc<Simulation>) -> Self {
        Self { simulation }
    }

    /// The origin of the API and of the token endpoint: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.simulation.origin
    }

    /// The tenant's id.
    pub fn tenant_id(&self) -> &str {
        &self.simulation.identity.tenant_id
    }

    /// The application's id.
    pub fn client_id(&self) -> &str {
        &self.simulation.identity.client_id
    }

    /// The application's secret.
    pub fn client_secret(&self) -> &str {
        &self.simulation.identity.client_secret
    }

    /// The machine's managed identity.
    pub fn managed_identity(&self) -> &ManagedIdentity {
        &self.simulation.managed
    }

    /// The clock that all of the API's times follow.
    pub fn clock(&self) -> &Clock {
        &self.simulation.clock
    }

    /// The faults: what the simulator does wrong on purpose.
    pub fn faults(&self) -> &Faults {
        &self.simulation.faults
    }

    /// The call limits and their statistics.
    pub fn limits(&self) -> &Limits {
        &self.simulation.limits
    }

    /// The requests in the log, oldest first.
    pub fn log(&self) -> Vec<Arc<Arrival>> {
        self.simulation.log.arrivals()
    }

    /// Clears the log.
    pub fn clear_log(&self) {
        self.simulation.log.clear();
    }

    /// The current settings.
    pub fn settings(&self) -> Settings {
        Settings::clone(&self.simulation.settings())
    }

    /// Replaces the settings.
    pub fn set_settings(&self, settings: Settings) {
        self.simulation.set_settings(settings);
    }

    /// The application roles that new tokens contain.
    pub fn roles(&self) -> Vec<String> {
        self.simulation.roles()
    }

    /// Grants a role to the application. Tokens issued earlier do not have it.
    pub fn grant_role(&self, role: &str) {
        self.simulation.change_roles(|roles| {
            if !roles.iter().any(|held| held == role) {
                roles.push(role.to_owned());
            }
        });
    }

    /// Revokes a role. Tokens issued earlier keep it.
    pub fn revoke_role(&self, role: &str) {
        self.simulation.change_roles(|roles| roles.retain(|held| held != role));
    }

    /// Expires all tokens issued so far.
    pub fn expire_tokens(&self) {
        self.simulation.tokens.expire_all(self.simulation.clock.now());
    }

    /// Ends all sign-ins of the person: codes and refresh tokens issued so far become invalid.
    pub fn end_sign_ins(&self) {
        self.simulation.sign_ins.end_all();
    }

    /// Adds an alert and returns its id. Subscribers are notified once it can be found.
    pub fn add_alert(&self, new: NewAlert) -> String {
        let now = self.simulation.clock.now();
        let mut organisation = self.simulation.organisation.write().unwrap_or_else(PoisonError::into_inner);
        let created = new.alert_creation_time.unwrap_or(now);
        let id = new.id.unwrap_or_else(|| organisation.alert_id(created));
        let wanted = new.machine.as_deref().unwrap_or(seed::names::DESKTOP.id);
        let machine = organisation.machine_by_id_or_name(wanted);
        let about = machine.map_or((wanted, None, None), |machine| {
            (
                machine.id.as_str(),
                Some(machine.computer_dns_name.as_str()),
                machine.rbac_group_name.as_deref(),
            )
        });
        let title = new.title.as_deref().unwrap_or("Simulated alert");
        let mut alert: Alert = seed::alerts::plain(&id, title, created, about, &organisation.tenant_id);
        alert.severity = new.severity.unwrap_or(alert.severity);
        alert.status = new.status.unwrap_or(alert.status);
        alert.category = new.category.or(alert.category);
        alert.incident_id = new.incident_id;
        if new.with_evidence {
            alert.evidence.push(Evidence {
                entity_type: "Ip".to_owned(),
                evidence_creation_time: created,
                ip_address: Some(seed::names::ADDRESS.to_owned()),
                ..Evidence::default()
            });
        }
        let visible_from = new.visible_from.unwrap_or(created);
        self.simulation.subscriptions.announce(&id, &alert.machine_id, visible_from);
        organisation.put_alert(alert, visible_from);
        id
    }

    /// Adds a remediation activity and returns its id.
    pub fn add_remediation_activity(&self, new: NewActivity) -> String {
        let now = self.simulation.clock.now();
        let mut organisation = self.simulation.organisation.write().unwrap_or_else(PoisonError::into_inner);
        let id = new.id.unwrap_or_else(|| Uuid::new_v4().to_string());
        let title = new.title.as_deref().unwrap_or("Update Contoso Agent");
        let machines = new.machines.iter().filter_map(|machine| organisation.machine_by_id_or_name(machine));
        let machines: Vec<_> = machines.map(MachineReference::from).collect();
        let plain = seed::remediation::plain(&id, title, new.created_on.unwrap_or(now));
        let activity = Activity {
            target_devices: i64::try_from(machines.len()).unwrap_or(i64::MAX),
            status: new.status.unwrap_or_else(|| plain.status.clone()),
            ..plain
        };
        organisation.activities.put(ActivityRow { activity, machines });
        organisation.touch();
        id
    }

    /// The events from which alerts can be created.
    pub fn events(&self) -> Vec<ReportedEvent> {
        let organisation = self.simulation.organisation.read().unwrap_or_else(PoisonError::into_inner);
        let shown = organisation.events.iter().map(|event| ReportedEvent {
            machine_id: event.machine_id.clone(),
            report_id: event.report_id.clone(),
            event_time: event.time,
        });
        shown.collect()
    }

    /// Changes how a machine, given by id or name, responds to actions requested from now on. Returns whether
    /// the machine exists.
    pub fn set_behaviour(&self, machine: &str, behaviour: Behaviour) -> bool {
        let mut organisation = self.simulation.organisation.write().unwrap_or_else(PoisonError::into_inner);
        let id = organisation.machine_by_id_or_name(machine).map(|machine| machine.id.clone());
        let row = id.and_then(|id| organisation.machine_mut(&id));
        row.map(|row| row.behaviour = behaviour).is_some()
    }

    /// Replaces the organisation with the seeded one plus a generated population. This takes a while for
    /// 100,000 machines or alerts.
    pub fn generate(&self, population: Population) {
        self.simulation.repopulate(population);
    }

    /// Restores the state at the start, except for the clock and the log.
    pub fn reset(&self) {
        self.simulation.reset();
    }

    /// The notifications that subscribers were sent, and how they answered.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.simulation.subscriptions.deliveries()
    }
}
