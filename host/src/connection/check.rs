//! Builds a profile from its parts, and reports what is wrong with them.

use std::time::Duration;

use super::{Profile, ProfileBuilder, ProfileError};
use crate::config::is_variable_name;
use crate::egress::destination::{Origin, check_grant};
use crate::egress::quota::QuotaSettings;
use crate::manifest::{Cloud, Limit, Manifest};

/// The cloud to use when none is named.
const DEFAULT_CLOUD: &str = "public";
const LONGEST_TIMEOUT: Duration = Duration::from_secs(3600);

impl ProfileBuilder {
    /// Builds the profile for the connector with this manifest.
    ///
    /// # Errors
    /// A part is missing or invalid, or given only by the connector, which is not trusted with it
    /// ([`Trust::Profile`](crate::Trust)). The error names the part.
    pub fn build(self, manifest: &Manifest) -> Result<Profile, ProfileError> {
        let cloud = self.chosen_cloud(manifest)?;
        self.accepted(cloud)?;
        let name = self.name.clone().unwrap_or_else(|| "default".into());
        let loopback = self.allow_loopback_http;
        let api_url = match (&self.api_url, cloud) {
            (Some(text), _) => origin("api-url", text, loopback)?,
            (None, Some(cloud)) => origin("api-url", &cloud.api, loopback)?,
            (None, None) => return Err(ProfileError::Missing { key: "api-url" }),
        };
        let allowed_origins = match &self.allowed_origins {
            Some(list) => {
                list.iter().map(|text| origin("allowed-origins", text, loopback)).collect::<Result<_, _>>()?
            }
            None => [api_url.clone()].into(),
        };
        let timeout = self.timeout.unwrap_or(Self::DEFAULT_TIMEOUT);
        if timeout.is_zero() || timeout > LONGEST_TIMEOUT {
            return Err(ProfileError::Range {
                key: "timeout-seconds",
                least: 1,
                most: LONGEST_TIMEOUT.as_secs(),
            });
        }
        let max_reply_bytes = self.max_reply_bytes.unwrap_or(Self::DEFAULT_MAX_REPLY_BYTES);
        if max_reply_bytes == 0 {
            return Err(ProfileError::Range { key: "max-reply-bytes", least: 1, most: u64::MAX });
        }
        let own = manifest.quota.filter(|_| !self.unlimited);
        let limit = limit(self.calls, self.period_seconds, own)?;
        if limit.is_some_and(|limit| limit.calls == 0) {
            return Err(ProfileError::Range { key: "quota.calls", least: 1, most: u32::MAX.into() });
        }
        if limit.is_some_and(|limit| limit.period_seconds == 0) {
            return Err(ProfileError::Range { key: "quota.period-seconds", least: 1, most: u32::MAX.into() });
        }
        let auth = self.checked_auth(cloud)?;
        // Two connectors may each have a connection of this name; those share nothing.
        let bucket = self.bucket.unwrap_or_else(|| format!("{}/{name}", manifest.name));
        Ok(Profile {
            name: name.into(),
            api_url,
            allowed_origins,
            allow_loopback_http: loopback,
            timeout,
            max_reply_bytes,
            auth,
            quota: QuotaSettings { limit, when_exceeded: self.when_exceeded, bucket },
            action_limits: self.action_limits.unwrap_or(true),
            variables: self.variables,
        })
    }

    fn chosen_cloud<'a>(&self, manifest: &'a Manifest) -> Result<Option<&'a Cloud>, ProfileError> {
        let clouds = &manifest.clouds;
        match &self.cloud {
            Some(name) => clouds.get(name).map(Some).ok_or_else(|| ProfileError::UnknownCloud {
                name: name.clone(),
                known: clouds.keys().cloned().collect(),
            }),
            None if clouds.len() == 1 => Ok(clouds.values().next()),
            None => Ok(clouds.get(DEFAULT_CLOUD)),
        }
    }
}

/// The limit. If only one half is given, the other comes from the connector.
fn limit(calls: Option<u32>, period: Option<u32>, own: Option<Limit>) -> Result<Option<Limit>, ProfileError> {
    if calls.is_none() && period.is_none() {
        return Ok(own);
    }
    let missing = |key| ProfileError::Missing { key };
    let calls = calls.or(own.map(|own| own.calls)).ok_or(missing("quota.calls"))?;
    let period = period.or(own.map(|own| own.period_seconds)).ok_or(missing("quota.period-seconds"))?;
    Ok(Some(Limit { calls, period_seconds: period }))
}

pub(super) fn origin(key: &'static str, text: &str, loopback: bool) -> Result<Origin, ProfileError> {
    let origin = plain_origin(key, text)?;
    check_grant(&origin, loopback)
        .map_err(|reason| ProfileError::NotGranted { key, reason: Box::new(reason) })?;
    Ok(origin)
}

pub(super) fn plain_origin(key: &'static str, text: &str) -> Result<Origin, ProfileError> {
    text.parse().map_err(|error| ProfileError::Origin { key, error: Box::new(error) })
}

pub(super) fn identifier(key: &'static str, text: &str) -> Result<String, ProfileError> {
    if is_identifier(text) { Ok(text.to_owned()) } else { Err(ProfileError::Identifier { key }) }
}

/// Whether the text can be the id of a tenant or an application, or a domain. It becomes part of a path.
#[must_use]
pub fn is_identifier(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let dots = text.bytes().all(|byte| byte == b'.');
    !dots && text.len() <= 253 && text.bytes().all(plain)
}

/// Checks the name of an environment variable that this key gives.
pub(super) fn variable(key: &'static str, name: &str) -> Result<(), ProfileError> {
    if is_variable_name(name) { Ok(()) } else { Err(ProfileError::VariableName { key }) }
}

pub(super) fn visible(key: &'static str, text: &str) -> Result<String, ProfileError> {
    let visible = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if visible { Ok(text.to_owned()) } else { Err(ProfileError::Identifier { key }) }
}
