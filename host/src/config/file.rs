//! The configuration file's keys.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::connection::{Auth, AuthDraft, ProfileBuilder, ProfileError};
use crate::egress::credential::SecretSource;
use crate::egress::quota::WhenExceeded;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    #[serde(default)]
    pub(super) connections: BTreeMap<String, Connection>,
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

/// All kinds' keys: which of them belong to the kind is checked when the profile is built.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AuthTable {
    kind: Kind,
    authority: Option<String>,
    scope: Option<String>,
    client_id: Option<String>,
    client_secret_env: Option<String>,
    client_secret_file: Option<PathBuf>,
    token_env: Option<String>,
    token_command: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    None,
    Token,
    ClientSecret,
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

impl AuthTable {
    fn draft(&self) -> Result<AuthDraft, ProfileError> {
        match self.kind {
            Kind::None => {
                self.only("none", &[])?;
                Ok(AuthDraft::Ready(Auth::Anonymous))
            }
            Kind::Token => {
                self.only("token", &["auth.token-env", "auth.token-command"])?;
                self.token()
            }
            Kind::ClientSecret => {
                self.only(
                    "client-secret",
                    &["auth.client-id", "auth.client-secret-env", "auth.client-secret-file"],
                )?;
                let client_id =
                    self.client_id.clone().ok_or(ProfileError::Missing { key: "auth.client-id" })?;
                let secret = match (&self.client_secret_env, &self.client_secret_file) {
                    (Some(_), Some(_)) => {
                        return Err(ProfileError::Both {
                            keys: ["auth.client-secret-env", "auth.client-secret-file"],
                        });
                    }
                    (Some(variable), None) => SecretSource::Variable(variable.clone()),
                    (None, Some(path)) => SecretSource::File(path.clone()),
                    (None, None) => {
                        return Err(ProfileError::Missing { key: "auth.client-secret-env" });
                    }
                };
                Ok(AuthDraft::ClientSecret { client_id, secret })
            }
        }
    }

    fn token(&self) -> Result<AuthDraft, ProfileError> {
        let auth = match (&self.token_env, self.token_command.as_deref()) {
            (Some(_), Some(_)) => {
                return Err(ProfileError::Both { keys: ["auth.token-env", "auth.token-command"] });
            }
            (Some(variable), None) => Auth::TokenVariable(variable.clone()),
            (None, Some([program, arguments @ ..])) => {
                Auth::TokenCommand { program: program.clone(), arguments: arguments.to_vec() }
            }
            (None, Some([])) => {
                return Err(ProfileError::Identifier { key: "auth.token-command" });
            }
            (None, None) => {
                return Err(ProfileError::Missing { key: "auth.token-env" });
            }
        };
        Ok(AuthDraft::Ready(auth))
    }

    /// A key that the kind does not read is a mistake, and may be one about who signs in.
    fn only(&self, kind: &'static str, own: &[&'static str]) -> Result<(), ProfileError> {
        let present = [
            ("auth.client-id", self.client_id.is_some()),
            ("auth.client-secret-env", self.client_secret_env.is_some()),
            ("auth.client-secret-file", self.client_secret_file.is_some()),
            ("auth.token-env", self.token_env.is_some()),
            ("auth.token-command", self.token_command.is_some()),
        ];
        match present.into_iter().find(|(key, present)| *present && !own.contains(key)) {
            Some((key, _)) => Err(ProfileError::NotOfKind { key, kind }),
            None => Ok(()),
        }
    }
}
