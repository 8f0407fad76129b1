//! Gathers the parts of a profile, from code or from a configuration.

use std::time::Duration;

use super::{AuthDraft, Trust};
use crate::config::Variables;
use crate::egress::quota::WhenExceeded;
use crate::manifest::{Endpoints, Limit};

/// Gathers the parts of a profile.
///
/// ```
/// # use connector_host::{Profile, Trust};
/// # fn f(manifest: &connector_host::manifest::Manifest) -> Result<(), Box<dyn std::error::Error>> {
/// // Of a connector that is known: its manifest says where the API and the authority are.
/// let profile = Profile::builder()
///     .tenant("contoso.com")
///     .client_secret_variable("6e74…", "SECRET")
///     .trust(Trust::Connector)
///     .build(manifest)?;
/// // Of any other: the profile says it.
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
    /// How long one request may take unless [`ProfileBuilder::timeout`] says otherwise. The slowest requests that are
    /// documented for any API here take 200 s, and then the API says so itself.
    ///
    /// ```
    /// assert_eq!(connector_host::ProfileBuilder::DEFAULT_TIMEOUT.as_secs(), 240);
    /// ```
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(240);

    /// How large a reply may be, in bytes, unless [`ProfileBuilder::max_reply_bytes`] says otherwise.
    ///
    /// ```
    /// assert_eq!(connector_host::ProfileBuilder::DEFAULT_MAX_REPLY_BYTES, 256 * 1024 * 1024);
    /// ```
    pub const DEFAULT_MAX_REPLY_BYTES: u64 = 256 << 20;

    /// Who decides where the credential goes: the profile alone (the default), or also the connector.
    #[must_use]
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// The connection's name; `default` when left out.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// One of the manifest's clouds; `public`, or the only one, when left out.
    #[must_use]
    pub fn cloud(mut self, cloud: impl Into<String>) -> Self {
        self.cloud = Some(cloud.into());
        self
    }

    /// The API's origin, in place of the cloud's.
    #[must_use]
    pub fn api_url(mut self, origin: impl Into<String>) -> Self {
        self.api_url = Some(origin.into());
        self
    }

    /// The token authority's origin, in place of the cloud's.
    #[must_use]
    pub fn authority(mut self, origin: impl Into<String>) -> Self {
        self.authority = Some(origin.into());
        self
    }

    /// The tenant to sign in to: a directory's id or a domain of it.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// The scope to ask a token for, in place of the cloud's.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// The paths of the token authority's endpoints, in place of the cloud's.
    #[must_use]
    pub fn endpoints(mut self, endpoints: Endpoints) -> Self {
        self.token_path = Some(endpoints.token);
        self.authorization_path = Some(endpoints.authorization);
        self.device_authorization_path = Some(endpoints.device_authorization);
        self
    }

    /// All the origins that the connector may reach, in place of the API's alone.
    #[must_use]
    pub fn allowed_origins<I: IntoIterator<Item: Into<String>>>(mut self, origins: I) -> Self {
        self.allowed_origins = Some(origins.into_iter().map(Into::into).collect());
        self
    }

    /// Whether requests may go to this machine, and by `http`: for tests and simulators.
    #[must_use]
    pub fn allow_loopback_http(mut self, allow: bool) -> Self {
        self.allow_loopback_http = allow;
        self
    }

    /// How long one request may take, from connecting to the last byte of the reply;
    /// [`ProfileBuilder::DEFAULT_TIMEOUT`] if left out.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How large a reply may be, in bytes; [`ProfileBuilder::DEFAULT_MAX_REPLY_BYTES`] if left out.
    #[must_use]
    pub fn max_reply_bytes(mut self, bytes: u64) -> Self {
        self.max_reply_bytes = Some(bytes);
        self
    }

    /// How many calls in how much time, in place of the manifest's.
    #[must_use]
    pub fn quota(mut self, limit: Limit) -> Self {
        self.calls = Some(limit.calls);
        self.period_seconds = Some(limit.period_seconds);
        self
    }

    /// What happens to a request that exceeds the quota; it waits if left out.
    #[must_use]
    pub fn when_exceeded(mut self, then: WhenExceeded) -> Self {
        self.when_exceeded = then;
        self
    }

    /// The quota's name, in place of one of the connection's own. Connections that give the same name share the quota.
    #[must_use]
    pub fn bucket(mut self, name: impl Into<String>) -> Self {
        self.bucket = Some(name.into());
        self
    }

    /// Whether to keep to the API's own limits on single actions, which the manifest names; `true` if left out.
    #[must_use]
    pub fn action_limits(mut self, keep: bool) -> Self {
        self.action_limits = Some(keep);
        self
    }

    /// Turns off the quota and the limits on actions: for stand-ins of an API, which have none.
    #[must_use]
    pub fn without_limits(mut self) -> Self {
        self.unlimited = true;
        self.action_limits(false)
    }

    /// The environment variables, in place of the process's.
    #[must_use]
    pub fn variables(mut self, variables: Variables) -> Self {
        self.variables = variables;
        self
    }
}
