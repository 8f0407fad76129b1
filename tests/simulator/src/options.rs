//! The options of a simulator. All keys are optional in JSON and TOML, so that a command line or a test needs
//! only a few lines.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::api::ALL_ROLES;
use crate::identity::{Consent, Federation, ManagedIdentity, Person, TrustedIssuer};
use crate::server::limits::LimitOptions;
use crate::server::log::LogOptions;

/// The options that are fixed when a simulator starts, and the initial [`Settings`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Options {
    /// The port on 127.0.0.1. 0 lets the operating system choose.
    pub port: u16,
    /// The tenant's id.
    pub tenant_id: String,
    /// The tenant's domain, which is accepted wherever the id is.
    pub tenant_domain: String,
    /// The client id of the one registered application.
    pub client_id: String,
    /// The application's secret.
    pub client_secret: String,
    /// The issuer of tokens that the application may use instead of its secret, if there is one.
    pub federation: Option<Federation>,
    /// The person who signs in with a code or a browser.
    pub person: Person,
    /// The machine's managed identity.
    pub managed_identity: ManagedIdentity,
    /// Other authorities whose tokens the API accepts.
    pub trusted_issuers: Vec<TrustedIssuer>,
    /// The application roles granted at the start.
    pub roles: Vec<String>,
    /// The call limits.
    pub limits: LimitOptions,
    /// The arrival log.
    pub log: LogOptions,
    /// The settings that can also be changed while the simulator runs.
    pub settings: Settings,
    /// How many machines and alerts to generate in addition to the seeded organisation.
    pub generate: Population,
}

/// Settings that can be changed at any time, also over `PUT /_simulator/settings`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Settings {
    /// The lifetime of new tokens, in seconds.
    pub token_lifetime_seconds: u64,
    /// How the person answers when an application asks for consent.
    pub consent: Consent,
    /// The lifetime of a code that a person types, in seconds.
    pub device_code_lifetime_seconds: u64,
    /// How many seconds a program must wait before asking again whether the person has signed in.
    pub device_code_interval_seconds: u64,
    /// The lifetime of new refresh tokens, in seconds.
    pub refresh_token_lifetime_seconds: u64,
    /// How long a new machine action stays `Pending`, in milliseconds of simulator time.
    pub action_pending_milliseconds: u64,
    /// How long it then stays `InProgress`, in milliseconds of simulator time.
    pub action_running_milliseconds: u64,
    /// The number of rows after which a page ends with a link to the next. Without it, pages hold up to
    /// 10,000 rows.
    pub next_link_after: Option<usize>,
    /// Whether hunting replies contain `Stats`.
    pub hunting_stats: bool,
    /// The delay of every answer, in milliseconds of real time.
    pub latency_milliseconds: u64,
    /// The live response scripts and files whose commands fail on the machine.
    pub failing_files: Vec<String>,
}

/// How many machines and alerts to generate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Population {
    /// The number of generated machines.
    pub machines: usize,
    /// The number of generated alerts.
    pub alerts: usize,
}

impl Settings {
    pub(crate) fn pending(&self) -> Duration {
        Duration::from_millis(self.action_pending_milliseconds)
    }

    pub(crate) fn running(&self) -> Duration {
        Duration::from_millis(self.action_running_milliseconds)
    }

    /// The number of rows per page.
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

/// The most rows that the API returns at once.
pub(crate) const MAX_PAGE: usize = 10_000;
