//! An application that signs in with a certificate: instead of a secret, it sends an assertion signed with
//! the certificate's key ([RFC 7523]), which is valid for minutes.
//!
//! Source: <https://learn.microsoft.com/entra/identity-platform/certificate-credentials>
//!
//! [RFC 7523]: https://www.rfc-editor.org/rfc/rfc7523#section-2.2

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use secrecy::SecretString;

use super::registration::{Proof, Registration};
use super::{AccessToken, Claims, CredentialError, Identity, Source};
use crate::clock::Clock;
use crate::config::Variables;
use crate::connection::CertificateProfile;

mod assertion;
mod files;
mod keypair;

use assertion::Statement;
use keypair::KeyPair;

/// Obtains tokens for an application that signs in with a certificate.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) registration: Registration,
    pub(super) certificate: CertificateProfile,
    pub(super) variables: Variables,
    pub(super) clock: Arc<dyn Clock>,
}

impl Certificate {
    async fn exchange(&self, claims: Option<&Claims>) -> Result<AccessToken, CredentialError> {
        let assertion = self.assertion().await?;
        self.registration.token(Proof::Assertion(&assertion), claims).await
    }

    /// Reads the files each time, so that they can be replaced without restarting the host. An expired
    /// certificate is detected here, before anything is sent.
    async fn assertion(&self) -> Result<SecretString, CredentialError> {
        let (profile, variables) = (self.certificate.clone(), self.variables.clone());
        let statement = Statement {
            audience: self.registration.token_address(),
            client_id: self.registration.application().client_id.clone(),
            now: self.clock.now(),
        };
        // Opening a protected file takes a good part of a second, by design.
        let signed = tokio::task::spawn_blocking(move || {
            let pair = KeyPair::open(&profile, &variables)?;
            pair.check_validity(&profile.certificate_file, statement.now)?;
            statement.sign(&pair, profile.algorithm)
        });
        signed.await.unwrap_or(Err(CredentialError::Interrupted))
    }
}

impl Source for Certificate {
    /// Processes share a token if they have the same files and the same password.
    fn identity(&self) -> Option<Identity> {
        let proof = files::proof(&self.certificate, &self.variables).ok()?;
        Some(self.registration.identity("certificate").bound_to(&proof))
    }

    fn fetch(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        self.exchange(None).boxed()
    }

    fn step_up<'a>(&'a self, claims: &'a Claims) -> BoxFuture<'a, Result<AccessToken, CredentialError>> {
        self.exchange(Some(claims)).boxed()
    }
}
