//! An application that acts for a person who has signed in. The person signs in once, in
//! [`login`](super::login); from then on, access tokens are obtained with the refresh token in the vault
//! ([RFC 6749, section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6)).

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use secrecy::ExposeSecret;

use super::kept::{Login, Place};
use super::person::NotRenewed;
use super::registration::Registration;
use super::unfinished::Unfinished;
use super::{AccessToken, Claims, CredentialError, Identity, Refusal, Source, unkept};
use crate::vault::Vault;

/// How long to wait while another task or process holds the login. A suspended process never releases it.
const PATIENCE: Duration = Duration::from_secs(15);

/// Obtains tokens for a person who has signed in.
#[derive(Debug)]
pub(super) struct Delegated {
    registration: Registration,
    place: Place,
    /// The connection's name, for the message that asks for a login.
    connection: Arc<str>,
}

impl Delegated {
    pub(super) fn new(registration: Registration, vault: Arc<dyn Vault>, connection: &str) -> Self {
        let place = Place::of(&registration, vault);
        Self { registration, place, connection: connection.into() }
    }

    /// Obtains new tokens. This runs on the cache's task, so callers that give up waiting do not interrupt
    /// it.
    async fn renew(&self, claims: Option<&Claims>) -> Result<AccessToken, CredentialError> {
        let lock = self.place.lock(PATIENCE).await?;
        let kept = self.place.read().await?;
        let kept = kept.ok_or_else(|| self.login_required("nobody has logged in yet"))?;
        let (mut login, is_unkept) = unkept::newest(kept);
        let _unfinished = Unfinished::begin();
        let granted = match self.registration.refresh(&login.refresh, claims).await {
            Ok(granted) => granted,
            Err(NotRenewed { error, claims: demanded }) => {
                return Err(self.explain(error, demanded.as_ref().or(claims), &mut login).await);
            }
        };
        let next = granted.refresh.filter(|next| next.expose_secret() != login.refresh.expose_secret());
        if next.is_some() || is_unkept {
            login.refresh = next.unwrap_or(login.refresh);
            unkept::keep(&self.place, login, lock).await;
        }
        Ok(granted.access)
    }

    /// Explains a failed renewal. Claims that only a person can meet are stored, so that the next login asks
    /// for them.
    async fn explain(
        &self,
        error: CredentialError,
        wanted: Option<&Claims>,
        login: &mut Login,
    ) -> CredentialError {
        let CredentialError::Refused { refusal: Refusal::LoginOver, message, error } = error else {
            return error;
        };
        let why = if message.is_empty() { error } else { message };
        let Some(wanted) = wanted else {
            return self.login_required(&format!("the last one has expired: {why}"));
        };
        login.asking_for(wanted);
        if let Err(error) = self.place.write(login).await {
            tracing::warn!(%error, "the next login does not ask for what the API demands");
        }
        self.login_required(&format!("a policy of the tenant demands more than the last one provided: {why}"))
    }

    fn login_required(&self, message: &str) -> CredentialError {
        CredentialError::LoginRequired { connection: (&*self.connection).into(), message: message.into() }
    }
}

impl Source for Delegated {
    fn identity(&self) -> Option<Identity> {
        self.place.identity()
    }

    fn fetch(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        self.renew(None).boxed()
    }

    fn step_up<'a>(&'a self, claims: &'a Claims) -> BoxFuture<'a, Result<AccessToken, CredentialError>> {
        self.renew(Some(claims)).boxed()
    }
}
