//! The part of a sign-in that needs a person: once, and then the vault has what it takes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::CredentialError;
use super::delegated::Granted;
use super::registration::Registration;
use crate::clock::Clock;
use crate::connection::{Application, Auth, Profile};
use crate::egress::transport::Transport;
use crate::vault::Vault;

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

/// Has a person sign in for the profile, and keeps what comes of it.
pub(crate) async fn login(
    profile: &Profile,
    vault: &Arc<dyn Vault>,
    clock: &Arc<dyn Clock>,
    prompt: &mut (dyn FnMut(Prompt) + Send),
) -> Result<SignedIn, CredentialError> {
    let registration = registration(profile, clock)?;
    let Granted { refresh, user, .. } = match profile.auth() {
        Auth::AuthCode { redirect, .. } => registration.auth_code(redirect, prompt).await?,
        _ => registration.device_code(prompt).await?,
    };
    let refresh = refresh.ok_or(CredentialError::NoRefreshToken)?;
    registration.replace_login(vault, Some(refresh)).await?;
    Ok(SignedIn { user })
}

/// Whether a login of the profile's is kept.
pub(crate) async fn is_logged_in(
    profile: &Profile,
    vault: &Arc<dyn Vault>,
    clock: &Arc<dyn Clock>,
) -> Result<bool, CredentialError> {
    registration(profile, clock)?.has_login(vault).await
}

/// Forgets the profile's login. Returns whether there was one.
pub(crate) async fn logout(
    profile: &Profile,
    vault: &Arc<dyn Vault>,
    clock: &Arc<dyn Clock>,
) -> Result<bool, CredentialError> {
    registration(profile, clock)?.replace_login(vault, None).await
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
