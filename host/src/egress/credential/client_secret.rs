//! The client credentials grant with a shared secret ([RFC 6749, section 4.4]), as Microsoft Entra ID has it.
//!
//! [RFC 6749, section 4.4]: https://www.rfc-editor.org/rfc/rfc6749#section-4.4

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use oauth2::basic::BasicClient;
use oauth2::{AuthType, ClientId, Scope, TokenResponse, TokenUrl};
use secrecy::ExposeSecret;

use super::authority::Authority;
use super::{AccessToken, CredentialError, Identity, SecretSource, Source};
use crate::clock::Clock;
use crate::config::Variables;
use crate::connection::ClientSecretProfile;
use crate::egress::transport::Transport;

/// How long a token is taken to be good when the authority does not say.
const DEFAULT_LIFE: Duration = Duration::from_secs(300);
/// The longest life that is believed.
const LONGEST_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);

/// Obtains tokens for an application that signs in with a shared secret.
#[derive(Debug)]
pub struct ClientSecret {
    authority: Authority,
    tenant: String,
    scope: String,
    client_id: String,
    secret: SecretSource,
    variables: Variables,
    clock: Arc<dyn Clock>,
}

impl ClientSecret {
    /// The application of that profile. `loopback` says whether the authority may be this machine.
    #[must_use]
    pub fn new(
        profile: &ClientSecretProfile,
        loopback: bool,
        transport: Transport,
        variables: Variables,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            authority: Authority::new(profile.authority.clone(), loopback, transport),
            tenant: profile.tenant.clone(),
            scope: profile.scope.clone(),
            client_id: profile.client_id.clone(),
            secret: profile.secret.clone(),
            variables,
            clock,
        }
    }

    async fn exchange(&self) -> Result<AccessToken, CredentialError> {
        // The secret is read each time: whoever replaces it need not restart the host.
        let secret = self.secret.read(&self.variables)?;
        let endpoint = TokenUrl::new(self.authority.endpoint(&format!("/{}/oauth2/v2.0/token", self.tenant)))
            .map_err(|_| self.authority.junk("its address is not a URL"))?;
        let client = BasicClient::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(oauth2::ClientSecret::new(secret.expose_secret().to_owned()))
            .set_auth_type(AuthType::RequestBody)
            .set_token_uri(endpoint);
        // By this machine's own clock, from before the request: the authority's clock does not matter.
        let asked = self.clock.now();
        let response = client
            .exchange_client_credentials()
            .add_scope(Scope::new(self.scope.clone()))
            .request_async(&self.authority)
            .await
            .map_err(|error| self.authority.explain(error, &secret))?;
        let life = response.expires_in().unwrap_or(DEFAULT_LIFE).min(LONGEST_LIFE);
        AccessToken::new(&response.access_token().secret().as_str().into(), Some(asked.saturating_add(life)))
    }
}

impl Source for ClientSecret {
    fn identity(&self) -> Option<Identity> {
        // Without its secret it shares nothing, and obtaining a token says what is wrong.
        let secret = self.secret.read(&self.variables).ok()?;
        let endpoint = self.authority.endpoint("");
        let parts = [endpoint.as_str(), &self.tenant, &self.client_id, &self.scope];
        Some(Identity::new("client-secret", &parts).bound_to(&secret))
    }

    fn fetch(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        self.exchange().boxed()
    }
}
