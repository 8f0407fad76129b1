//! The part of a sign-in that needs a person: once, and then the vault has what it takes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::CredentialError;
use super::kept::{Login, Place};
use super::person::Granted;
use super::registration::Registration;
use crate::clock::Clock;
use crate::connection::{Application, Auth, Profile};
use crate::egress::transport::Transport;
use crate::vault::Vault;

/// How long another process may have the old login: as long as the authority may take to answer it.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a person is asked to do.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Prompt {
    /// Open the address, on any machine, and type the code.
    DeviceCode {
        /// The address.
        address: String,
        /// The code.
        code: String,
        /// The address with the code in it, for those who can click, when the authority has one.
        complete_address: Option<String>,
        /// How long the code is good.
        expires_in: Duration,
    },
    /// Open the address in a browser on this machine. It is good for this one sign-in.
    Browser {
        /// The address.
        address: String,
    },
}

/// Whoever reads the code or the address could sign in instead: they are for the person alone.
impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DeviceCode { .. } => "DeviceCode",
            Self::Browser { .. } => "Browser",
        })
    }
}

/// A sign-in that has succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedIn {
    /// Who signed in, as the authority names them, if it does.
    pub user: Option<String>,
}

/// Has a person sign in for the profile, so that it brings what a policy has demanded since the last time, and keeps what
/// comes of it.
pub(crate) async fn login(
    profile: &Profile,
    vault: &Arc<dyn Vault>,
    clock: &Arc<dyn Clock>,
    prompt: &mut (dyn FnMut(Prompt) + Send),
) -> Result<SignedIn, CredentialError> {
    let registration = registration(profile, clock)?;
    let place = Place::of(&registration, vault.clone());
    // If the login cannot be had, that is better known before a person has signed in for nothing.
    drop(place.lock(PATIENCE).await?);
    let claims = place.claims().await;
    let Granted { refresh, user, .. } = match profile.auth() {
        Auth::AuthCode { redirect, .. } => registration.auth_code(redirect, claims.as_ref(), prompt).await?,
        _ => registration.device_code(claims.as_ref(), prompt).await?,
    };
    let login = Login::new(refresh.ok_or(CredentialError::NoRefreshToken)?);
    place.replace(Some(&login), PATIENCE).await?;
    Ok(SignedIn { user })
}

/// Whether a login of the profile's is kept.
pub(crate) async fn is_logged_in(
    profile: &Profile,
    vault: &Arc<dyn Vault>,
    clock: &Arc<dyn Clock>,
) -> Result<bool, CredentialError> {
    Place::of(&registration(profile, clock)?, vault.clone()).is_taken().await
}

/// Forgets the profile's login. Returns whether there was one.
pub(crate) async fn logout(
    profile: &Profile,
    vault: &Arc<dyn Vault>,
    clock: &Arc<dyn Clock>,
) -> Result<bool, CredentialError> {
    Place::of(&registration(profile, clock)?, vault.clone()).replace(None, PATIENCE).await
}

fn registration(profile: &Profile, clock: &Arc<dyn Clock>) -> Result<Registration, CredentialError> {
    let application = application(profile)?.clone();
    let loopback = profile.allow_loopback_http();
    Ok(Registration::new(application, loopback, Transport::new(loopback), clock.clone()))
}

fn application(profile: &Profile) -> Result<&Application, CredentialError> {
    match profile.auth() {
        Auth::DeviceCode(application) | Auth::AuthCode { application, .. } => Ok(application),
        other => Err(CredentialError::NoLogin { kind: other.kind() }),
    }
}
