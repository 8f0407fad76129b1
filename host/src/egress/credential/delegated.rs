//! An application that acts for a person who has signed in. The person is asked once, in [`login`](super::login); from
//! then on the refresh token, which the vault keeps, buys the access tokens
//! ([RFC 6749, section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6)).

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures::FutureExt;
use futures::future::BoxFuture;
use oauth2::basic::{
    BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse,
    BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AuthType, ClientId, EndpointNotSet, EndpointSet, ExtraTokenFields, RefreshToken, RequestTokenError,
    Scope, StandardRevocableToken, StandardTokenResponse, TokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::registration::{Registration, given};
use super::{AccessToken, CredentialError, Identity, Refusal, Source};
use crate::clock::Timestamp;
use crate::connection::Application;
use crate::vault::{Vault, VaultError};

/// What is asked for besides the API: a refresh token, and the person's name.
const BESIDES: [&str; 3] = ["offline_access", "openid", "profile"];

/// Obtains tokens for a person who has signed in.
#[derive(Debug)]
pub(super) struct Delegated {
    pub(super) registration: Registration,
    pub(super) vault: Arc<dyn Vault>,
    /// The connection's name, for the message that asks for a login.
    pub(super) connection: Arc<str>,
}

/// What a person's sign-in comes to.
pub(super) struct Granted {
    pub(super) access: AccessToken,
    pub(super) refresh: Option<SecretString>,
    pub(super) user: Option<String>,
}

pub(super) type Response = StandardTokenResponse<IdToken, BasicTokenType>;
pub(super) type Client = oauth2::Client<
    BasicErrorResponse,
    Response,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// What a token reply has besides: who signed in.
#[derive(Default, Deserialize, Serialize)]
pub(super) struct IdToken {
    #[serde(default)]
    id_token: Option<String>,
}

impl ExtraTokenFields for IdToken {}

impl std::fmt::Debug for IdToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdToken")
    }
}

impl Delegated {
    async fn renew(&self) -> Result<AccessToken, CredentialError> {
        let name = vault_name(self.registration.application());
        // Authorities give each refresh token once: two who use the same one would both be signed out.
        let _lock = blocking(&self.vault, &name, |vault, name| vault.lock(name)).await?;
        let kept = blocking(&self.vault, &name, |vault, name| vault.read(name)).await?;
        let kept = kept.ok_or_else(|| self.login_required("nobody has logged in yet"))?;
        let granted = match self.registration.refresh(&kept).await {
            Ok(granted) => granted,
            Err(CredentialError::Refused { refusal: Refusal::LoginOver, message, error }) => {
                let why = if message.is_empty() { error } else { message };
                return Err(self.login_required(&format!("the last one is over: {why}")));
            }
            Err(error) => return Err(error),
        };
        if let Some(next) = granted.refresh.filter(|next| next.expose_secret() != kept.expose_secret()) {
            // The access token is good all the same.
            let kept = blocking(&self.vault, &name, move |vault, name| vault.write(name, &next)).await;
            if let Err(error) = kept {
                tracing::warn!(%error, "the next login may be needed soon");
            }
        }
        Ok(granted.access)
    }

    fn login_required(&self, message: &str) -> CredentialError {
        CredentialError::LoginRequired { connection: (&*self.connection).into(), message: message.into() }
    }
}

impl Source for Delegated {
    fn identity(&self) -> Option<Identity> {
        Some(self.registration.login_identity())
    }

    fn fetch(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        self.renew().boxed()
    }
}

impl Registration {
    /// Whose tokens a login buys: all that have the vault share them, as they share the login.
    fn login_identity(&self) -> Identity {
        self.identity("login")
    }

    /// Puts a login in the old one's place, or none. What the old one has bought is shared no more. Returns whether there
    /// was one.
    pub(super) async fn replace_login(
        &self,
        vault: &Arc<dyn Vault>,
        refresh: Option<SecretString>,
    ) -> Result<bool, CredentialError> {
        let (name, tokens) = (vault_name(self.application()), self.login_identity().name().to_owned());
        let replaced = blocking(vault, &name, move |vault, name| {
            // In the order in which a renewal takes them.
            let _locks = [vault.lock(&tokens)?, vault.lock(name)?];
            vault.remove(&tokens)?;
            match &refresh {
                Some(refresh) => vault.write(name, refresh).map(|()| true),
                None => vault.remove(name),
            }
        });
        replaced.await
    }

    /// Whether a login is kept. Whether it is still good, only the authority knows.
    pub(super) async fn has_login(&self, vault: &Arc<dyn Vault>) -> Result<bool, CredentialError> {
        let kept = blocking(vault, &vault_name(self.application()), |vault, name| vault.read(name)).await?;
        Ok(kept.is_some())
    }

    pub(super) fn delegated_client(&self) -> Result<Client, CredentialError> {
        let endpoint = TokenUrl::new(self.token_address()).map_err(|_| self.no_address())?;
        Ok(oauth2::Client::new(ClientId::new(self.application().client_id.clone()))
            .set_auth_type(AuthType::RequestBody)
            .set_token_uri(endpoint))
    }

    /// The API's scope, and what is asked for besides.
    pub(super) fn delegated_scopes(&self) -> impl Iterator<Item = Scope> {
        let own = self.application().scope.split_ascii_whitespace();
        let besides = BESIDES.into_iter().filter(|scope| !own.clone().any(|own| own == *scope));
        own.clone().chain(besides).map(|scope| Scope::new(scope.to_owned())).collect::<Vec<_>>().into_iter()
    }

    async fn refresh(&self, token: &SecretString) -> Result<Granted, CredentialError> {
        let client = self.delegated_client()?;
        let refresh = RefreshToken::new(token.expose_secret().to_owned());
        let asked = self.clock().now();
        let request = client.exchange_refresh_token(&refresh).add_scopes(self.delegated_scopes());
        let outcome = request.request_async(self.authority()).await;
        granted(&outcome.map_err(|error| self.explain_delegated(error, token))?, asked)
    }

    pub(super) fn explain_delegated(
        &self,
        error: RequestTokenError<CredentialError, BasicErrorResponse>,
        secret: &SecretString,
    ) -> CredentialError {
        // The standard's code for a token or code that is spent, expired, withdrawn or another's.
        let over = matches!(
            &error,
            RequestTokenError::ServerResponse(said) if *said.error() == BasicErrorResponseType::InvalidGrant
                || said.error().as_ref() == "interaction_required"
        );
        match self.authority().explain(error, secret) {
            CredentialError::Refused { refusal: Refusal::Other | Refusal::Policy, error, message }
                if over =>
            {
                CredentialError::Refused { refusal: Refusal::LoginOver, error, message }
            }
            error => public(error),
        }
    }
}

/// An application without a secret is a public client; an authority that asks it for one must be told so.
pub(super) fn public(error: CredentialError) -> CredentialError {
    match error {
        CredentialError::Refused { refusal: Refusal::WrongSecret, error, message } => {
            CredentialError::Refused { refusal: Refusal::NotPublic, error, message }
        }
        error => error,
    }
}

pub(super) fn granted(response: &Response, asked: Timestamp) -> Result<Granted, CredentialError> {
    Ok(Granted {
        access: given(response, asked)?,
        refresh: response.refresh_token().map(|token| token.secret().as_str().into()),
        user: response.extra_fields().id_token.as_deref().and_then(user),
    })
}

/// Whom an ID token names. It came from the authority itself, over TLS, and is only shown: its signature is not checked
/// ([OpenID Connect Core, section 3.1.3.7](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)).
fn user(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claims {
        preferred_username: Option<String>,
        email: Option<String>,
        name: Option<String>,
        sub: Option<String>,
    }
    let payload = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    let user = claims.preferred_username.or(claims.email).or(claims.name).or(claims.sub)?;
    let user: String = user.chars().filter(|c| !c.is_control()).take(100).collect();
    (!user.is_empty()).then_some(user)
}

/// Under which name the vault keeps the login of an application: no two that differ share one.
fn vault_name(application: &Application) -> String {
    let Application { authority, tenant, client_id, scope, .. } = application;
    let all = format!("{authority}\n{tenant}\n{client_id}\n{scope}");
    let digest = ring::digest::digest(&ring::digest::SHA256, all.as_bytes());
    let hex: String = digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("login-{hex}")
}

/// Asks the vault, on a thread that may wait.
async fn blocking<T: Send + 'static>(
    vault: &Arc<dyn Vault>,
    name: &str,
    ask: impl FnOnce(&dyn Vault, &str) -> Result<T, VaultError> + Send + 'static,
) -> Result<T, CredentialError> {
    let (vault, name) = (vault.clone(), name.to_owned());
    let asked = tokio::task::spawn_blocking(move || ask(&*vault, &name)).await;
    Ok(asked.map_err(|_| CredentialError::Interrupted)??)
}
