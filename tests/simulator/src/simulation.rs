//! The state that all requests share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use crate::clock::Clock;
use crate::identity::{Identity, ManagedIdentity, SignIns, Tokens};
pub(crate) use crate::lists::ListKey;
use crate::lists::Lists;
use crate::model::Organisation;
use crate::moment::Moment;
use crate::notifications::Subscriptions;
use crate::options::{Options, Population, Settings};
use crate::seed;
use crate::server::faults::Faults;
use crate::server::limits::Limits;
use crate::server::log::Log;

/// The state and controls of one simulator.
#[derive(Debug)]
pub(crate) struct Simulation {
    /// The scheme and authority, without a trailing slash.
    pub(crate) origin: String,
    pub(crate) identity: Identity,
    pub(crate) clock: Clock,
    pub(crate) log: Log,
    pub(crate) faults: Faults,
    pub(crate) limits: Limits,
    pub(crate) tokens: Tokens,
    pub(crate) sign_ins: SignIns,
    pub(crate) managed: ManagedIdentity,
    pub(crate) organisation: RwLock<Organisation>,
    pub(crate) lists: Lists,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) downloads: Mutex<HashMap<String, Download>>,
    settings: RwLock<Arc<Settings>>,
    roles: RwLock<Vec<String>>,
    options: Options,
}

/// The target of a download link, and its expiry.
#[derive(Clone, Debug)]
pub(crate) struct Download {
    pub(crate) action: String,
    /// The index of a live response command; `None` for the package of a collection.
    pub(crate) command: Option<usize>,
    pub(crate) expires: Moment,
}

impl Simulation {
    pub(crate) fn new(origin: String, options: Options) -> Self {
        let clock = Clock::new();
        let organisation = seed::organisation(&options.tenant_id, clock.now(), options.generate);
        let identity = Identity {
            tenant_id: options.tenant_id.clone(),
            tenant_domain: options.tenant_domain.clone(),
            client_id: options.client_id.clone(),
            client_secret: options.client_secret.clone(),
            federation: options.federation.clone(),
            person: options.person.clone(),
            app_name: seed::APP_NAME.to_owned(),
        };
        Self {
            origin,
            identity,
            clock,
            log: Log::new(options.log.clone()),
            faults: Faults::default(),
            limits: Limits::new(options.limits.clone()),
            tokens: Tokens::trusting(options.trusted_issuers.clone()),
            sign_ins: SignIns::default(),
            managed: options.managed_identity.clone(),
            organisation: RwLock::new(organisation),
            lists: Lists::default(),
            subscriptions: Subscriptions::default(),
            downloads: Mutex::default(),
            settings: RwLock::new(Arc::new(options.settings.clone())),
            roles: RwLock::new(options.roles.clone()),
            options,
        }
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_settings(&self, settings: Settings) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }

    pub(crate) fn latency(&self) -> Duration {
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        Duration::from_millis(settings.latency_milliseconds)
    }

    pub(crate) fn roles(&self) -> Vec<String> {
        self.roles.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn change_roles(&self, change: impl FnOnce(&mut Vec<String>)) {
        change(&mut self.roles.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Replaces the organisation with the seeded one as of now, plus a generated population.
    pub(crate) fn repopulate(&self, population: Population) {
        let mut fresh = seed::organisation(&self.identity.tenant_id, self.clock.now(), population);
        let mut organisation = self.organisation.write().unwrap_or_else(PoisonError::into_inner);
        fresh.succeed(&organisation);
        *organisation = fresh;
    }

    /// Restores the state at the start, except for the clock and the log.
    pub(crate) fn reset(&self) {
        self.repopulate(self.options.generate);
        self.faults.clear();
        self.limits.configure(self.options.limits.clone());
        self.subscriptions.clear();
        self.sign_ins.end_all();
        self.set_settings(self.options.settings.clone());
        let roles = self.options.roles.clone();
        self.change_roles(|current| *current = roles);
    }
}
