//! Connection profiles: which API, how to sign in, the request quota. A [`Profile`] is valid by construction.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Variables;
use crate::egress::destination::Origin;
use crate::egress::quota::QuotaSettings;

mod auth;
mod builder;
mod check;
mod clouds;
mod credentials;
mod error;
mod redirect;
mod sign_in;
#[cfg(test)]
mod tests;
mod trust;

pub use auth::{
    Application, Auth, AzureCliProfile, CertificateProfile, ManagedIdentityProfile, SigningAlgorithm,
    WorkloadIdentityProfile,
};
pub use builder::ProfileBuilder;
pub use check::is_identifier;
pub(crate) use credentials::AuthDraft;
pub use error::ProfileError;
pub(crate) use redirect::LoopbackName;
pub use redirect::{Redirect, RedirectError};
pub use trust::{Proposal, Trust};

/// A connection profile: where requests go, how they are authenticated, and the limits they keep to.
#[derive(Debug, Clone)]
pub struct Profile {
    name: Arc<str>,
    api_url: Origin,
    allowed_origins: Box<[Origin]>,
    allow_loopback_http: bool,
    timeout: Duration,
    max_reply_bytes: u64,
    auth: Auth,
    quota: QuotaSettings,
    action_limits: bool,
    variables: Variables,
}

impl Profile {
    /// Starts building a profile. Anything left out is taken from the connector's manifest: the quota always,
    /// the addresses and the scope only if the connector is trusted ([`ProfileBuilder::trust`]).
    #[must_use]
    pub fn builder() -> ProfileBuilder {
        ProfileBuilder::default()
    }

    /// The connection's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The origin of the API.
    #[must_use]
    pub fn api_url(&self) -> &Origin {
        &self.api_url
    }

    /// The origins that the connector may reach.
    #[must_use]
    pub fn allowed_origins(&self) -> &[Origin] {
        &self.allowed_origins
    }

    /// Whether requests may go to this machine, also over plain `http`. Meant for tests and simulators.
    #[must_use]
    pub fn allow_loopback_http(&self) -> bool {
        self.allow_loopback_http
    }

    /// How long one request may take, from connecting to the last byte of the reply.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The largest reply that is accepted, in bytes.
    #[must_use]
    pub fn max_reply_bytes(&self) -> u64 {
        self.max_reply_bytes
    }

    /// How requests are authenticated.
    #[must_use]
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// The request quota.
    #[must_use]
    pub fn quota(&self) -> &QuotaSettings {
        &self.quota
    }

    /// Whether the API's own limits on single actions are respected in addition to the quota.
    #[must_use]
    pub fn action_limits(&self) -> bool {
        self.action_limits
    }

    /// The environment variables from which the credential is read.
    #[must_use]
    pub fn variables(&self) -> &Variables {
        &self.variables
    }
}
