//! How a simulator is set up. Everything deserialises with every key optional, so a command line or a test can pass
//! on a few lines of JSON or TOML.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::api::ALL_ROLES;
use crate::identity::{Consent, Federation, ManagedIdentity, Person, TrustedIssuer};
use crate::server::limits::LimitOptions;
use crate::server::log::LogOptions;

/// What is fixed when a simulator starts, and what its [`Settings`] begin with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Options {
    /// The port on 127.0.0.1; 0 lets the system choose.
    pub port: u16,
    /// The tenant's id.
    pub tenant_id: String,
    /// The tenant's domain, accepted wherever its id is.
    pub tenant_domain: String,
    /// The one registered application.
    pub client_id: String,
    /// The application's secret.
    pub client_secret: String,
    /// Another issuer's tokens that the application may use in its secret's place.
    pub federation: Option<Federation>,
    /// The person who signs in with a code or a browser.
    pub person: Person,
    /// The identity of the machine, for those that have one.
    pub managed_identity: ManagedIdentity,
    /// Other authorities whose tokens the API accepts.
    pub trusted_issuers: Vec<TrustedIssuer>,
    /// Application roles granted at the start.
    pub roles: Vec<String>,
    /// Call limits.
    pub limits: LimitOptions,
    /// The arrival log.
    pub log: LogOptions,
    /// What can also be changed while the simulator runs.
    pub settings: Settings,
    /// Machines and alerts generated besides the seeded organisation.
    pub generate: Population,
}

/// Behaviour that can be changed at any time, also over `PUT /_simulator/settings`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Settings {
    /// How long a new token is good for.
    pub token_lifetime_seconds: u64,
    /// What the person says to an application that asks to act for them.
    pub consent: Consent,
    /// How long a code for a person is good.
    pub device_code_lifetime_seconds: u64,
    /// How often a program may ask whether the person has signed in.
    pub device_code_interval_seconds: u64,
    /// How long a new refresh token is good for.
    pub refresh_token_lifetime_seconds: u64,
    /// How long a new machine action stays `Pending`, in simulator time.
    pub action_pending_milliseconds: u64,
    /// How long it then stays `InProgress`.
    pub action_running_milliseconds: u64,
    /// The server's page size. Without it pages hold up to 10,000 rows.
    pub next_link_after: Option<usize>,
    /// Whether hunting replies carry `Stats`.
    pub hunting_stats: bool,
    /// Real time by which every answer is delayed.
    pub latency_milliseconds: u64,
    /// Live response scripts and files whose command fails on the machine.
    pub failing_files: Vec<String>,
}

/// A number of generated machines and alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Population {
    /// Generated machines.
    pub machines: usize,
    /// Generated alerts.
    pub alerts: usize,
}

impl Settings {
    pub(crate) fn pending(&self) -> Duration {
        Duration::from_millis(self.action_pending_milliseconds)
    }

    pub(crate) fn running(&self) -> Duration {
        Duration::from_millis(self.action_running_milliseconds)
    }

    /// Rows per page.
    pub(crate) fn page_size(&self) -> usize {
        self.next_link_after.map_or(MAX_PAGE, |rows| rows.clamp(1, MAX_PAGE))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            tenant_id: "7f8a3b60-4d1e-4a57-9c2f-5b6d0e1f2a34".to_owned(),
            tenant_domain: "contoso.onmicrosoft.com".to_owned(),
            client_id: "3c1d9a52-8e47-4f0b-b6a1-2d7e9f4c8051".to_owned(),
            client_secret: "simulated~client~secret".to_owned(),
            federation: None,
            person: Person::default(),
            managed_identity: ManagedIdentity::default(),
            trusted_issuers: Vec::new(),
            roles: ALL_ROLES.iter().map(|role| (*role).to_owned()).collect(),
            limits: LimitOptions::default(),
            log: LogOptions::default(),
            settings: Settings::default(),
            generate: Population::default(),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            token_lifetime_seconds: 3599,
            consent: Consent::Ask,
            device_code_lifetime_seconds: 900,
            device_code_interval_seconds: 5,
            refresh_token_lifetime_seconds: 90 * 24 * 3600,
            action_pending_milliseconds: 1000,
            action_running_milliseconds: 2000,
            next_link_after: None,
            hunting_stats: false,
            latency_milliseconds: 0,
            failing_files: vec!["fail.ps1".to_owned()],
        }
    }
}

/// The most rows the API returns at once.
pub(crate) const MAX_PAGE: usize = 10_000;
