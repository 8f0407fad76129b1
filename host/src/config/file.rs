//! The configuration file's keys.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::auth::AuthTable;
use super::trigger::TriggerTable;
use crate::connection::{ProfileBuilder, ProfileError};
use crate::egress::quota::WhenExceeded;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    #[serde(default)]
    pub(super) connections: BTreeMap<String, Connection>,
    #[serde(default)]
    pub(super) triggers: BTreeMap<String, TriggerTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Connection {
    cloud: Option<String>,
    api_url: Option<String>,
    tenant_id: Option<String>,
    timeout_seconds: Option<u32>,
    max_reply_bytes: Option<u64>,
    allowed_origins: Option<Vec<String>>,
    #[serde(default)]
    allow_loopback_http: bool,
    auth: Option<AuthTable>,
    quota: Option<QuotaTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct QuotaTable {
    calls: Option<u32>,
    period_seconds: Option<u32>,
    #[serde(default)]
    when_exceeded: WhenExceeded,
    bucket: Option<String>,
    action_limits: Option<bool>,
}

impl Connection {
    pub(super) fn builder(&self) -> Result<ProfileBuilder, ProfileError> {
        let auth = self.auth.as_ref();
        let quota = self.quota.as_ref();
        Ok(ProfileBuilder {
            cloud: self.cloud.clone(),
            api_url: self.api_url.clone(),
            tenant: self.tenant_id.clone(),
            authority: auth.and_then(|auth| auth.authority.clone()),
            scope: auth.and_then(|auth| auth.scope.clone()),
            token_path: auth.and_then(|auth| auth.token_path.clone()),
            authorization_path: auth.and_then(|auth| auth.authorization_path.clone()),
            device_authorization_path: auth.and_then(|auth| auth.device_authorization_path.clone()),
            timeout: self.timeout_seconds.map(|seconds| Duration::from_secs(seconds.into())),
            max_reply_bytes: self.max_reply_bytes,
            allowed_origins: self.allowed_origins.clone(),
            allow_loopback_http: self.allow_loopback_http,
            auth: auth.map(AuthTable::draft).transpose()?,
            calls: quota.and_then(|quota| quota.calls),
            period_seconds: quota.and_then(|quota| quota.period_seconds),
            when_exceeded: quota.map(|quota| quota.when_exceeded).unwrap_or_default(),
            bucket: quota.and_then(|quota| quota.bucket.clone()),
            action_limits: quota.and_then(|quota| quota.action_limits),
            ..ProfileBuilder::default()
        })
    }
}
