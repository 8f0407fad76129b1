//! Builds a profile from code or from a configuration.

use std::time::Duration;

use super::{AuthDraft, Trust};
use crate::config::Variables;
use crate::egress::quota::WhenExceeded;
use crate::manifest::{Endpoints, Limit};

/// Builds a profile: gathers its parts, and checks them in [`ProfileBuilder::build`].
///
/// ```
/// # use connector_host::{Profile, Trust};
/// # fn f(manifest: &connector_host::manifest::Manifest) -> Result<(), Box<dyn std::error::Error>> {
/// // For a trusted connector, the manifest says where the API and the authority are.
/// let profile = Profile::builder()
///     .tenant("contoso.com")
///     .client_secret_variable("6e74…", "SECRET")
///     .trust(Trust::Connector)
///     .build(manifest)?;
/// // For any other, the profile says so.
/// let profile = Profile::builder().api_url("https://api.example.com").token_variable("TOKEN").build(manifest)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct ProfileBuilder {
    pub(crate) trust: Trust,
    pub(crate) name: Option<String>,
    pub(crate) cloud: Option<String>,
    pub(crate) api_url: Option<String>,
    pub(crate) authority: Option<String>,
    pub(crate) tenant: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) token_path: Option<String>,
    pub(crate) authorization_path: Option<String>,
    pub(crate) device_authorization_path: Option<String>,
    pub(crate) allowed_origins: Option<Vec<String>>,
    pub(crate) allow_loopback_http: bool,
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_reply_bytes: Option<u64>,
    pub(crate) auth: Option<AuthDraft>,
    pub(crate) calls: Option<u32>,
    pub(crate) period_seconds: Option<u32>,
    pub(crate) when_exceeded: WhenExceeded,
    pub(crate) bucket: Option<String>,
    pub(crate) action_limits: Option<bool>,
    pub(crate) unlimited: bool,
    pub(crate) variables: Variables,
}

impl ProfileBuilder {
    /// How long one request may take unless [`ProfileBuilder::timeout`] says otherwise. The slowest
    /// documented requests of the supported APIs take 200 s, and then the API itself reports the timeout.
    ///
    /// ```
    /// assert_eq!(connector_host::ProfileBuilder::DEFAULT_TIMEOUT.as_secs(), 240);
    /// ```
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(240);

    /// The largest reply that is accepted, in bytes, unless [`ProfileBuilder::max_reply_bytes`] says
    /// otherwise.
    ///
    /// ```
    /// assert_eq!(connector_host::ProfileBuilder::DEFAULT_MAX_REPLY_BYTES, 256 * 1024 * 1024);
    /// ```
    pub const DEFAULT_MAX_REPLY_BYTES: u64 = 256 << 20;

    /// Sets who decides where the credential goes: the profile alone (the default), or the connector as well.
    #[must_use]
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Sets the connection's name; `default` if left out.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Chooses one of the manifest's clouds; if left out, `public` or the only one.
    #[must_use]
    pub fn cloud(mut self, cloud: impl Into<String>) -> Self {
        self.cloud = Some(cloud.into());
        self
    }

    /// Sets the API's origin, overriding the cloud's.
    #[must_use]
    pub fn api_url(mut self, origin: impl Into<String>) -> Self {
        self.api_url = Some(origin.into());
        self
    }

    /// Sets the token authority's origin, overriding the cloud's.
    #[must_use]
    pub fn authority(mut self, origin: impl Into<String>) -> Self {
        self.authority = Some(origin.into());
        self
    }

    /// Sets the tenant to sign in to: the directory's id or one of its domains.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Sets the scope to request, overriding the cloud's.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Sets the paths of the token authority's endpoints, overriding the cloud's.
    #[must_use]
    pub fn endpoints(mut self, endpoints: Endpoints) -> Self {
        self.token_path = Some(endpoints.token);
        self.authorization_path = Some(endpoints.authorization);
        self.device_authorization_path = Some(endpoints.device_authorization);
        self
    }

    /// Sets all the origins that the connector may reach; if left out, only the API's.
    #[must_use]
    pub fn allowed_origins<I: IntoIterator<Item: Into<String>>>(mut self, origins: I) -> Self {
        self.allowed_origins = Some(origins.into_iter().map(Into::into).collect());
        self
    }

    /// Sets whether requests may go to this machine, also over plain `http`. Meant for tests and simulators.
    #[must_use]
    pub fn allow_loopback_http(mut self, allow: bool) -> Self {
        self.allow_loopback_http = allow;
        self
    }

    /// Sets how long one request may take, from connecting to the last byte of the reply;
    /// [`ProfileBuilder::DEFAULT_TIMEOUT`] if left out.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the largest reply that is accepted, in bytes; [`ProfileBuilder::DEFAULT_MAX_REPLY_BYTES`] if left
    /// out.
    #[must_use]
    pub fn max_reply_bytes(mut self, bytes: u64) -> Self {
        self.max_reply_bytes = Some(bytes);
        self
    }

    /// Sets how many calls are allowed in how much time, overriding the manifest's quota.
    #[must_use]
    pub fn quota(mut self, limit: Limit) -> Self {
        self.calls = Some(limit.calls);
        self.period_seconds = Some(limit.period_seconds);
        self
    }

    /// Sets what happens to a request that exceeds the quota; if left out, the request waits.
    #[must_use]
    pub fn when_exceeded(mut self, then: WhenExceeded) -> Self {
        self.when_exceeded = then;
        self
    }

    /// Sets the name of the quota. Connections that use the same name share the quota; if left out, the
    /// connection has a quota of its own.
    #[must_use]
    pub fn bucket(mut self, name: impl Into<String>) -> Self {
        self.bucket = Some(name.into());
        self
    }

    /// Sets whether to respect the API's own limits on single actions, as the manifest gives them; `true` if
    /// left out.
    #[must_use]
    pub fn action_limits(mut self, keep: bool) -> Self {
        self.action_limits = Some(keep);
        self
    }

    /// Turns off the quota and the limits on actions. Meant for simulated APIs, which have no limits.
    #[must_use]
    pub fn without_limits(mut self) -> Self {
        self.unlimited = true;
        self.action_limits(false)
    }

    /// Sets the environment variables to read credentials from, instead of the process's own.
    #[must_use]
    pub fn variables(mut self, variables: Variables) -> Self {
        self.variables = variables;
        self
    }
}
