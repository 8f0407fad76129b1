//! The credential with which the host authenticates to the API. The connector never sees it.
//!
//! A [`Source`] knows one way to obtain a token. [`Cached`] keeps the token, renews it ahead of time, and
//! lets a thousand calls in eight processes share a single request for one. To add a kind of credential, add
//! a source.

use std::fmt;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::HeaderValue;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::transport::Transport;
use crate::clock::{Clock, Timestamp};
use crate::connection::{Application, Auth, Profile};
use crate::regular;
use crate::vault::Vault;

mod ask;
mod auth_code;
mod authority;
mod azure_cli;
mod cache;
mod certificate;
mod claims;
mod client_secret;
mod command;
mod delegated;
mod device_code;
mod error;
mod exchange;
mod identity;
mod kept;
mod login;
mod managed_identity;
mod message;
mod numbers;
mod person;
mod refusal;
mod registration;
mod secret;
mod token;
mod unfinished;
mod unkept;
mod workload_identity;

use azure_cli::AzureCli;
pub use cache::Cached;
use certificate::Certificate;
pub use claims::Claims;
use client_secret::ClientSecret;
use delegated::Delegated;
pub use error::CredentialError;
pub use identity::Identity;
pub use login::{Prompt, SignedIn};
pub(crate) use login::{is_logged_in, login, logout};
use managed_identity::ManagedIdentity;
pub use refusal::Refusal;
use registration::Registration;
pub use secret::SecretSource;
pub use token::{Literal, TokenCommand, TokenVariable};
pub use unfinished::settle;
use workload_identity::WorkloadIdentity;

/// Provides the token that a request carries.
pub trait Credential: Send + Sync + fmt::Debug {
    /// Returns a token that is valid now, from memory if there is one.
    ///
    /// # Errors
    /// No token was obtained; the error says why, and [`CredentialError::hint`] says what to do.
    fn token(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>>;

    /// Returns a newly obtained token, for testing a connection. By default the same as
    /// [`Credential::token`].
    ///
    /// # Errors
    /// As [`Credential::token`].
    fn fresh(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        self.token()
    }

    /// Reports that the API refused the token as expired or invalid, so that the next call returns another.
    fn invalidate(&self, token: &AccessToken);

    /// Returns a token that meets the claims, to replace one that the API refused because it does not.
    ///
    /// # Errors
    /// As [`Credential::token`], and [`CredentialError::StepUp`] if a person must sign in for that (the
    /// default).
    fn step_up(
        &self,
        refused: &AccessToken,
        claims: &Claims,
    ) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        let _ = (refused, claims);
        futures::future::ready(Err(CredentialError::StepUp)).boxed()
    }

    /// Reports that the API accepted the token but refused the request. The token stays valid, but it may be
    /// older than a newly granted permission, so other processes should obtain their own.
    fn doubt<'a>(&'a self, token: &'a AccessToken) -> BoxFuture<'a, ()> {
        let _ = token;
        futures::future::ready(()).boxed()
    }
}

/// Obtains a new token each time it is asked.
pub trait Source: Send + Sync + fmt::Debug + 'static {
    /// Whose tokens these are. Processes whose sources have the same identity share one token. Returns `None`
    /// (the default) if tokens must not be shared. This may wait for a disk.
    fn identity(&self) -> Option<Identity> {
        None
    }

    /// Obtains a new token.
    ///
    /// # Errors
    /// No token was obtained; the error says why.
    fn fetch(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>>;

    /// Obtains a new token that meets the claims, which are sent as the authority's parameter `claims`.
    ///
    /// # Errors
    /// As [`Source::fetch`], and [`CredentialError::StepUp`] if a person must sign in for that (the default).
    fn step_up<'a>(&'a self, claims: &'a Claims) -> BoxFuture<'a, Result<AccessToken, CredentialError>> {
        let _ = claims;
        futures::future::ready(Err(CredentialError::StepUp)).boxed()
    }
}

/// A bearer token. Its text never appears in messages or logs, and is wiped from memory when the last clone
/// is dropped.
#[derive(Clone)]
pub struct AccessToken {
    header: HeaderValue,
    expires: Option<Timestamp>,
}

impl AccessToken {
    /// Creates a token that is valid until `expires`, or for an unknown time. Surrounding white space, such
    /// as a command's final line break, is removed.
    ///
    /// # Errors
    /// The text is empty or contains characters that a token cannot have.
    pub fn new(secret: &SecretString, expires: Option<Timestamp>) -> Result<Self, CredentialError> {
        let text = regular::without_mark(secret.expose_secret()).trim();
        if text.is_empty() {
            return Err(CredentialError::EmptyToken);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(CredentialError::UnprintableToken);
        }
        let bearer = Zeroizing::new([b"Bearer ", text.as_bytes()].concat());
        let mut header = HeaderValue::from_maybe_shared(bytes::Bytes::from_owner(bearer))
            .map_err(|_| CredentialError::UnprintableToken)?;
        header.set_sensitive(true);
        Ok(Self { header, expires })
    }

    /// The value of the `authorization` header, marked sensitive.
    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// The token's text.
    pub(super) fn text(&self) -> Option<&str> {
        self.header.to_str().ok()?.strip_prefix("Bearer ")
    }

    /// When the token expires, by this machine's clock, if that is known.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// Whether both tokens have the same text.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.header == other.header
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// Sets up the profile's credential. Obtains nothing yet.
pub(super) fn of_profile(
    profile: &Profile,
    transport: &Transport,
    vault: &Arc<dyn Vault>,
    clock: &Arc<dyn Clock>,
) -> Option<Arc<dyn Credential>> {
    let variables = profile.variables().clone();
    let loopback = profile.allow_loopback_http();
    let registration = |application: &Application| {
        Registration::new(application.clone(), loopback, transport.clone(), clock.clone())
    };
    Some(match profile.auth() {
        Auth::Anonymous => return None,
        Auth::Custom(credential) => credential.clone(),
        Auth::TokenVariable(name) => cached(TokenVariable::new(name, variables), vault, clock),
        Auth::TokenGiven(token) => cached(Literal::new(token.clone()), vault, clock),
        Auth::TokenCommand { program, arguments } => {
            cached(TokenCommand::new(program, arguments.clone()), vault, clock)
        }
        Auth::ClientSecret { application, secret } => {
            let registration = registration(application);
            cached(ClientSecret { registration, secret: secret.clone(), variables }, vault, clock)
        }
        Auth::Certificate { application, certificate } => {
            let (registration, certificate) = (registration(application), certificate.clone());
            cached(Certificate { registration, certificate, variables, clock: clock.clone() }, vault, clock)
        }
        Auth::DeviceCode(application) | Auth::AuthCode { application, .. } => {
            let delegated = Delegated::new(registration(application), vault.clone(), profile.name());
            cached(delegated, vault, clock)
        }
        Auth::ManagedIdentity(profile) => {
            cached(ManagedIdentity::new(profile.clone(), loopback, variables, clock.clone()), vault, clock)
        }
        Auth::WorkloadIdentity(profile) => {
            let (profile, transport) = (profile.clone(), transport.clone());
            cached(
                WorkloadIdentity { profile, loopback, transport, variables, clock: clock.clone() },
                vault,
                clock,
            )
        }
        Auth::AzureCli(profile) => cached(AzureCli::new(profile.clone(), variables), vault, clock),
    })
}

/// Caches the tokens of a source. They are shared through the vault only if the source has an identity.
fn cached(source: impl Source, vault: &Arc<dyn Vault>, clock: &Arc<dyn Clock>) -> Arc<dyn Credential> {
    Arc::new(Cached::shared(source, vault.clone(), clock.clone()))
}

impl<C: Credential + ?Sized> Credential for Arc<C> {
    fn token(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        (**self).token()
    }

    fn fresh(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        (**self).fresh()
    }

    fn invalidate(&self, token: &AccessToken) {
        (**self).invalidate(token);
    }

    fn step_up(
        &self,
        refused: &AccessToken,
        claims: &Claims,
    ) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        (**self).step_up(refused, claims)
    }

    fn doubt<'a>(&'a self, token: &'a AccessToken) -> BoxFuture<'a, ()> {
        (**self).doubt(token)
    }
}
