//! The client credentials grant with a shared secret ([RFC 6749, section 2.3.1]).
//!
//! [RFC 6749, section 2.3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1

use futures::FutureExt;
use futures::future::BoxFuture;

use super::registration::{Proof, Registration};
use super::{AccessToken, Claims, CredentialError, Identity, SecretSource, Source};
use crate::config::Variables;

/// Obtains tokens for an application that signs in with a shared secret.
#[derive(Debug)]
pub(super) struct ClientSecret {
    pub(super) registration: Registration,
    pub(super) secret: SecretSource,
    pub(super) variables: Variables,
}

impl ClientSecret {
    async fn exchange(&self, claims: Option<&Claims>) -> Result<AccessToken, CredentialError> {
        // The secret is read each time, so that it can be replaced without restarting the host.
        let secret = self.secret.fetch(&self.variables).await?;
        self.registration.token(Proof::Secret(&secret), claims).await
    }
}

impl Source for ClientSecret {
    fn identity(&self) -> Option<Identity> {
        // Without its secret nothing is shared; the error comes when a token is obtained.
        let secret = self.secret.read(&self.variables).ok()?;
        Some(self.registration.identity("client-secret").bound_to(&secret))
    }

    fn fetch(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        self.exchange(None).boxed()
    }

    fn step_up<'a>(&'a self, claims: &'a Claims) -> BoxFuture<'a, Result<AccessToken, CredentialError>> {
        self.exchange(Some(claims)).boxed()
    }
}
