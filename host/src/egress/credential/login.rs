//! The part of a sign-in that needs a person. It happens once; afterwards the vault holds the refresh token.

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

/// How long another process may hold the old login: as long as the authority may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a person is asked to do.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Prompt {
    /// Open the address, on any machine, and type the code.
    DeviceCode {
        /// The address to open.
        address: String,
        /// The code to type.
        code: String,
        /// The address including the code, for people who can click it, if the authority provides one.
        complete_address: Option<String>,
        /// How long the code is valid.
        expires_in: Duration,
    },
    /// Open the address in a browser on this machine. It is valid for this one sign-in.
    Browser {
        /// The address to open.
        address: String,
    },
}

/// Leaves out the code and the address: anyone who reads them could sign in instead of the person.
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
    /// The name of the person who signed in, if the authority gives it.
    pub user: Option<String>,
}

/// Lets a person sign in for the profile, asking for the claims that a policy has demanded since the last
/// time, and stores the login.
pub(crate) async fn login(
    profile: &Profile,
    vault: &Arc<dyn Vault>,
    clock: &Arc<dyn Clock>,
    prompt: &mut (dyn FnMut(Prompt) + Send),
) -> Result<SignedIn, CredentialError> {
    let registration = registration(profile, clock)?;
    let place = Place::of(&registration, vault.clone());
    // If the login cannot be locked, it is better to find out before a person has signed in for nothing.
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

/// Whether a login for the profile is stored.
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
