//! Builds a credential from its parts, and fills in what was left out from the cloud.

use super::check::{identifier, origin, plain_origin, variable, visible};
use super::{
    Application, Auth, AuthDraft, AzureCliProfile, ManagedIdentityProfile, ProfileBuilder, ProfileError,
    Redirect, WorkloadIdentityProfile,
};
use crate::egress::credential::SecretSource;
use crate::egress::destination::{Origin, check_metadata};
use crate::manifest::{Cloud, Endpoints};

/// The suffix that turns a resource into a scope at Microsoft Entra.
const DEFAULT_SCOPE: &str = "/.default";

impl ProfileBuilder {
    pub(super) fn checked_auth(&self, cloud: Option<&Cloud>) -> Result<Auth, ProfileError> {
        let draft = self.auth.as_ref().ok_or(ProfileError::Missing { key: "auth" })?;
        Ok(match draft {
            AuthDraft::Ready(auth) => {
                if let Auth::TokenVariable(name) = auth {
                    variable("auth.token-env", name)?;
                }
                auth.clone()
            }
            AuthDraft::ClientSecret { client_id, secret } => Auth::ClientSecret {
                application: self.application(client_id, cloud)?,
                secret: checked_source("auth.client-secret-env", secret)?,
            },
            AuthDraft::Certificate { client_id, certificate } => {
                let password = certificate.password.as_ref();
                password
                    .map(|password| checked_source("auth.certificate-password-env", password))
                    .transpose()?;
                Auth::Certificate {
                    application: self.application(client_id, cloud)?,
                    certificate: certificate.clone(),
                }
            }
            AuthDraft::DeviceCode { client_id } => Auth::DeviceCode(self.application(client_id, cloud)?),
            AuthDraft::AuthCode { client_id, redirect } => Auth::AuthCode {
                application: self.application(client_id, cloud)?,
                redirect: match redirect {
                    Some(text) => text.parse().map_err(|error| ProfileError::Redirect { error })?,
                    None => Redirect::default(),
                },
            },
            AuthDraft::ManagedIdentity { client_id, endpoint } => {
                let scope = self.checked_scope(cloud)?;
                Auth::ManagedIdentity(ManagedIdentityProfile {
                    resource: scope.strip_suffix(DEFAULT_SCOPE).unwrap_or(&scope).to_owned(),
                    client_id: optional("auth.client-id", client_id.as_ref())?,
                    endpoint: endpoint.as_ref().map(|text| self.metadata(text)).transpose()?,
                })
            }
            AuthDraft::WorkloadIdentity { client_id, token_file } => {
                Auth::WorkloadIdentity(WorkloadIdentityProfile {
                    authority: self.checked_authority(cloud)?,
                    authority_may_vary: self.authority.is_none() && self.cloud.is_none(),
                    endpoints: self.checked_endpoints(cloud)?,
                    tenant: optional("tenant-id", self.tenant.as_ref())?,
                    scope: self.checked_scope(cloud)?,
                    client_id: optional("auth.client-id", client_id.as_ref())?,
                    token_file: token_file.clone(),
                })
            }
            AuthDraft::AzureCli => Auth::AzureCli(AzureCliProfile {
                tenant: optional("tenant-id", self.tenant.as_ref())?,
                scope: self.checked_scope(cloud)?,
                authority: cloud.map(|cloud| cloud.authority.clone()),
            }),
        })
    }

    fn application(&self, client_id: &str, cloud: Option<&Cloud>) -> Result<Application, ProfileError> {
        let endpoints = self.checked_endpoints(cloud)?;
        let tenant = match &self.tenant {
            Some(tenant) => identifier("tenant-id", tenant)?,
            None if endpoints.need_tenant() => return Err(ProfileError::Missing { key: "tenant-id" }),
            None => String::new(),
        };
        Ok(Application {
            authority: self.checked_authority(cloud)?,
            endpoints,
            tenant,
            scope: self.checked_scope(cloud)?,
            client_id: identifier("auth.client-id", client_id)?,
        })
    }

    fn checked_authority(&self, cloud: Option<&Cloud>) -> Result<Origin, ProfileError> {
        let key = "auth.authority";
        let authority = self.authority.as_ref().or(cloud.map(|cloud| &cloud.authority));
        origin(key, authority.ok_or(ProfileError::Missing { key })?, self.allow_loopback_http)
    }

    fn checked_scope(&self, cloud: Option<&Cloud>) -> Result<String, ProfileError> {
        let key = "auth.scope";
        let scope = self.scope.as_ref().or(cloud.map(|cloud| &cloud.scope));
        visible(key, scope.ok_or(ProfileError::Missing { key })?)
    }

    /// The profile's endpoints, or else the connector's. They are checked, since they may come from a
    /// manifest.
    fn checked_endpoints(&self, cloud: Option<&Cloud>) -> Result<Endpoints, ProfileError> {
        let own = cloud.map(|cloud| cloud.endpoints.clone()).unwrap_or_default();
        let endpoints = Endpoints {
            token: self.token_path.clone().unwrap_or(own.token),
            authorization: self.authorization_path.clone().unwrap_or(own.authorization),
            device_authorization: self.device_authorization_path.clone().unwrap_or(own.device_authorization),
        };
        match endpoints.broken() {
            Some(path) => Err(ProfileError::Endpoint {
                path: path.chars().take(80).flat_map(char::escape_default).collect(),
            }),
            None => Ok(endpoints),
        }
    }

    fn metadata(&self, text: &str) -> Result<Origin, ProfileError> {
        let key = "auth.metadata-endpoint";
        let endpoint = plain_origin(key, text)?;
        check_metadata(&endpoint, self.allow_loopback_http)
            .map_err(|reason| ProfileError::NotGranted { key, reason: Box::new(reason) })?;
        Ok(endpoint)
    }
}

fn checked_source(key: &'static str, source: &SecretSource) -> Result<SecretSource, ProfileError> {
    if let SecretSource::Variable(name) = source {
        variable(key, name)?;
    }
    Ok(source.clone())
}

fn optional(key: &'static str, text: Option<&String>) -> Result<Option<String>, ProfileError> {
    text.map(|text| identifier(key, text)).transpose()
}
