//! The grants by which an application acts for a person.

use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures::FutureExt;
use futures::future::BoxFuture;
use oauth2::basic::{
    BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse,
    BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AsyncHttpClient, AuthType, ClientId, EndpointNotSet, EndpointSet, ExtraTokenFields, HttpRequest,
    HttpResponse, RefreshToken, RequestTokenError, Scope, StandardRevocableToken, StandardTokenResponse,
    TokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::authority::Authority;
use super::registration::{Registration, given};
use super::{AccessToken, Claims, CredentialError, Refusal};
use crate::clock::Timestamp;

/// The scopes requested in addition to the API's: for a refresh token and the person's name.
const BESIDES: [&str; 3] = ["offline_access", "openid", "profile"];

/// The result of a person's sign-in.
pub(super) struct Granted {
    pub(super) access: AccessToken,
    pub(super) refresh: Option<SecretString>,
    pub(super) user: Option<String>,
}

/// Why a refresh token was not exchanged.
pub(super) struct NotRenewed {
    pub(super) error: CredentialError,
    /// The claims that a sign-in must meet, if the authority names them.
    pub(super) claims: Option<Claims>,
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

/// Sends requests to the authority, and picks up the non-standard parts of an error that the library leaves
/// out.
struct Ear<'a> {
    authority: &'a Authority,
    demanded: Mutex<Option<Claims>>,
}

impl<'c> AsyncHttpClient<'c> for Ear<'_> {
    type Error = CredentialError;
    type Future = BoxFuture<'c, Result<HttpResponse, CredentialError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        async move {
            let response = self.authority.post(request).await?;
            *self.demanded.lock().unwrap_or_else(PoisonError::into_inner) = demand(&response);
            Ok(response)
        }
        .boxed()
    }
}

/// An extra field of a token reply that says who signed in.
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

impl Registration {
    pub(super) fn delegated_client(&self) -> Result<Client, CredentialError> {
        let endpoint = TokenUrl::new(self.token_address()).map_err(|_| self.no_address())?;
        Ok(oauth2::Client::new(ClientId::new(self.application().client_id.clone()))
            .set_auth_type(AuthType::RequestBody)
            .set_token_uri(endpoint))
    }

    /// The API's scope and the additional scopes.
    pub(super) fn delegated_scopes(&self) -> impl Iterator<Item = Scope> {
        let own = self.application().scope.split_ascii_whitespace();
        let besides = BESIDES.into_iter().filter(|scope| !own.clone().any(|own| own == *scope));
        own.clone().chain(besides).map(|scope| Scope::new(scope.to_owned())).collect::<Vec<_>>().into_iter()
    }

    /// Exchanges a refresh token ([RFC 6749, section 6]) for tokens that meet the claims.
    ///
    /// [RFC 6749, section 6]: https://www.rfc-editor.org/rfc/rfc6749#section-6
    pub(super) async fn refresh(
        &self,
        token: &SecretString,
        claims: Option<&Claims>,
    ) -> Result<Granted, NotRenewed> {
        let refused = |error| NotRenewed { error, claims: None };
        let client = self.delegated_client().map_err(refused)?;
        let refresh = RefreshToken::new(token.expose_secret().to_owned());
        let mut request = client.exchange_refresh_token(&refresh).add_scopes(self.delegated_scopes());
        if let Some(claims) = claims {
            request = request.add_extra_param("claims", claims.json());
        }
        let ear = Ear { authority: self.authority(), demanded: Mutex::default() };
        let asked = self.clock().now();
        let outcome = request.request_async(&ear).await;
        match outcome {
            Ok(response) => granted(&response, asked).map_err(refused),
            Err(error) => Err(NotRenewed {
                error: self.explain_delegated(error, token),
                claims: ear.demanded.into_inner().unwrap_or_else(PoisonError::into_inner),
            }),
        }
    }

    pub(super) fn explain_delegated(
        &self,
        error: RequestTokenError<CredentialError, BasicErrorResponse>,
        secret: &SecretString,
    ) -> CredentialError {
        // The standard's error for a token or code that is used up, expired, revoked, or issued to someone
        // else.
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

/// An application without a secret is a public client. If the authority asks for a secret, it is not
/// registered as one.
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

/// The claims that a refusal from Microsoft Entra demands of a sign-in.
///
/// Source: <https://learn.microsoft.com/entra/identity-platform/v2-conditional-access-dev-guide>
fn demand(response: &HttpResponse) -> Option<Claims> {
    #[derive(Deserialize)]
    struct Refused {
        claims: String,
    }
    if response.status().is_success() {
        return None;
    }
    let refused: Refused = serde_json::from_slice(response.body()).ok()?;
    Claims::of_json(&refused.claims)
}

/// The person named by an ID token. The token came from the authority itself, over TLS, and the name is only
/// displayed, so the signature is not checked
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
