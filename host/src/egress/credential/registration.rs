//! An application at its authority: the client credentials grant ([RFC 6749, section 4.4]), with any kind of
//! proof.
//!
//! [RFC 6749, section 4.4]: https://www.rfc-editor.org/rfc/rfc6749#section-4.4

use std::sync::Arc;
use std::time::Duration;

use oauth2::basic::BasicClient;
use oauth2::{AuthType, ClientId, Scope, TokenResponse, TokenUrl};
use secrecy::{ExposeSecret, SecretString};

use super::authority::Authority;
use super::{AccessToken, Claims, CredentialError, Identity, Refusal};
use crate::clock::{Clock, Timestamp};
use crate::connection::Application;
use crate::egress::transport::Transport;
use crate::manifest::Endpoints;

/// How long a token is assumed to be valid if the authority does not say.
const DEFAULT_LIFE: Duration = Duration::from_secs(300);
/// The longest lifetime that is accepted.
const LONGEST_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);
/// The type of a client assertion:
/// [RFC 7523, section 2.2](https://www.rfc-editor.org/rfc/rfc7523#section-2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An application at its authority.
#[derive(Debug)]
pub(super) struct Registration {
    application: Application,
    authority: Authority,
    clock: Arc<dyn Clock>,
}

/// How an application proves its identity.
pub(super) enum Proof<'a> {
    /// A shared secret.
    Secret(&'a SecretString),
    /// A signed statement.
    Assertion(&'a SecretString),
}

impl Registration {
    /// `loopback` says whether the authority may be this machine.
    pub(super) fn new(
        application: Application,
        loopback: bool,
        transport: Transport,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let authority = Authority::new(application.authority.clone(), loopback, transport);
        Self { application, authority, clock }
    }

    pub(super) fn authority(&self) -> &Authority {
        &self.authority
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(super) fn application(&self) -> &Application {
        &self.application
    }

    /// Whose tokens these are.
    pub(super) fn identity(&self, kind: &str) -> Identity {
        let Application { tenant, client_id, scope, .. } = &self.application;
        Identity::new(kind, &[&self.token_address(), tenant, client_id, scope])
    }

    /// The address of the token endpoint.
    pub(super) fn token_address(&self) -> String {
        self.address(&self.application.endpoints.token)
    }

    /// Obtains a token for the application itself that meets the claims.
    pub(super) async fn token(
        &self,
        proof: Proof<'_>,
        claims: Option<&Claims>,
    ) -> Result<AccessToken, CredentialError> {
        let endpoint = TokenUrl::new(self.token_address()).map_err(|_| self.no_address())?;
        let mut client = BasicClient::new(ClientId::new(self.application.client_id.clone()))
            .set_auth_type(AuthType::RequestBody)
            .set_token_uri(endpoint);
        if let Proof::Secret(secret) = &proof {
            client = client.set_client_secret(oauth2::ClientSecret::new(secret.expose_secret().to_owned()));
        }
        let mut request =
            client.exchange_client_credentials().add_scope(Scope::new(self.application.scope.clone()));
        if let Proof::Assertion(assertion) = &proof {
            request = request
                .add_extra_param("client_assertion_type", JWT_BEARER)
                .add_extra_param("client_assertion", assertion.expose_secret());
        }
        if let Some(claims) = claims {
            request = request.add_extra_param("claims", claims.json());
        }
        let asked = self.clock.now();
        let response = request.request_async(&self.authority).await.map_err(|error| {
            let (Proof::Secret(secret) | Proof::Assertion(secret)) = &proof;
            proof.judge(self.authority.explain(error, secret))
        })?;
        given(&response, asked)
    }

    /// The address of one of the authority's endpoints.
    pub(super) fn address(&self, path: &str) -> String {
        self.authority.endpoint(&Endpoints::of_tenant(path, &self.application.tenant))
    }

    pub(super) fn no_address(&self) -> CredentialError {
        self.authority.junk("its address is not a URL")
    }
}

impl Proof<'_> {
    /// Refines a refusal by the kind of proof, since the standard has one code for all refused proofs.
    fn judge(&self, error: CredentialError) -> CredentialError {
        match (self, error) {
            (
                Self::Assertion(_),
                CredentialError::Refused { refusal: Refusal::WrongSecret, error, message },
            ) => CredentialError::Refused { refusal: Refusal::WrongAssertion, error, message },
            (_, error) => error,
        }
    }
}

/// Returns the access token of a reply. Its lifetime is counted from before the request by this machine's own
/// clock, so the authority's clock does not matter.
pub(super) fn given(response: &impl TokenResponse, asked: Timestamp) -> Result<AccessToken, CredentialError> {
    let life = response.expires_in().unwrap_or(DEFAULT_LIFE).min(LONGEST_LIFE);
    AccessToken::new(&response.access_token().secret().as_str().into(), Some(asked.saturating_add(life)))
}
