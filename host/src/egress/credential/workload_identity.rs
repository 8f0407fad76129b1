//! Workload identity federation: the application's assertion is a token that the platform writes to a file.
//!
//! Source: <https://learn.microsoft.com/entra/workload-id/workload-identity-federation>

use std::path::PathBuf;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use secrecy::ExposeSecret;

use super::registration::{Proof, Registration};
use super::{AccessToken, Claims, CredentialError, Identity, SecretSource, Source, secret};
use crate::clock::Clock;
use crate::config::Variables;
use crate::connection::{Application, WorkloadIdentityProfile, is_identifier};
use crate::egress::destination::Origin;
use crate::egress::transport::Transport;

/// Obtains tokens for a federated workload.
#[derive(Debug)]
pub(super) struct WorkloadIdentity {
    pub(super) profile: WorkloadIdentityProfile,
    pub(super) loopback: bool,
    pub(super) transport: Transport,
    pub(super) variables: Variables,
    pub(super) clock: Arc<dyn Clock>,
}

impl WorkloadIdentity {
    /// The file is read each time, because the platform replaces it every hour or so.
    async fn exchange(&self, claims: Option<&Claims>) -> Result<AccessToken, CredentialError> {
        let registration = self.registration()?;
        let assertion = SecretSource::File(self.token_file()?).fetch(&self.variables).await?;
        registration.token(Proof::Assertion(&assertion), claims).await
    }

    fn registration(&self) -> Result<Registration, CredentialError> {
        let (transport, clock) = (self.transport.clone(), self.clock.clone());
        Ok(Registration::new(self.application()?, self.loopback, transport, clock))
    }

    fn application(&self) -> Result<Application, CredentialError> {
        let profile = &self.profile;
        Ok(Application {
            authority: self.authority()?,
            endpoints: profile.endpoints.clone(),
            tenant: match &profile.tenant {
                Some(tenant) => tenant.clone(),
                None if profile.endpoints.need_tenant() => self.identifier("AZURE_TENANT_ID")?,
                None => String::new(),
            },
            scope: profile.scope.clone(),
            client_id: match &profile.client_id {
                Some(client_id) => client_id.clone(),
                None => self.identifier("AZURE_CLIENT_ID")?,
            },
        })
    }

    fn authority(&self) -> Result<Origin, CredentialError> {
        let name = "AZURE_AUTHORITY_HOST";
        if !self.profile.authority_may_vary || self.variables.var(name).is_none_or(|value| value.is_empty()) {
            return Ok(self.profile.authority.clone());
        }
        let text = secret::variable(&self.variables, name)?;
        text.expose_secret().parse().map_err(|_| CredentialError::BadVariable {
            variable: name.into(),
            expected: "the address of a token authority, such as https://login.microsoftonline.com/",
        })
    }

    fn token_file(&self) -> Result<PathBuf, CredentialError> {
        let name = "AZURE_FEDERATED_TOKEN_FILE";
        match &self.profile.token_file {
            Some(path) => Ok(path.clone()),
            None => match self.variables.var(name).filter(|path| !path.is_empty()) {
                Some(path) => Ok(path.into()),
                None => Err(CredentialError::NoWorkloadIdentity { variable: name.into() }),
            },
        }
    }

    fn identifier(&self, name: &str) -> Result<String, CredentialError> {
        if self.variables.var(name).is_none_or(|value| value.is_empty()) {
            return Err(CredentialError::NoWorkloadIdentity { variable: name.into() });
        }
        let text = secret::variable(&self.variables, name)?.expose_secret().to_owned();
        if !is_identifier(&text) {
            return Err(CredentialError::BadVariable {
                variable: name.into(),
                expected: "an id or a domain",
            });
        }
        Ok(text)
    }
}

impl Source for WorkloadIdentity {
    fn identity(&self) -> Option<Identity> {
        let assertion = SecretSource::File(self.token_file().ok()?).read(&self.variables).ok()?;
        Some(self.registration().ok()?.identity("workload-identity").bound_to(&assertion))
    }

    fn fetch(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        self.exchange(None).boxed()
    }

    fn step_up<'a>(&'a self, claims: &'a Claims) -> BoxFuture<'a, Result<AccessToken, CredentialError>> {
        self.exchange(Some(claims)).boxed()
    }
}
