//! Logging in and out: what a person does once for a connection.

use crate::connection::Profile;
use crate::egress::credential::{CredentialError, Prompt, SignedIn, is_logged_in, login, logout};
use crate::host::Host;

impl Host {
    /// Has a person sign in for the profile, and stores the login in the vault, for this and later runs.
    ///
    /// `prompt` gets what the person has to do: type a code, or open an address. Then this waits for them, for some
    /// minutes at most; to give up, drop the future.
    ///
    /// # Errors
    /// The sign-in was refused or not finished, or the profile is of a kind that needs none
    /// ([`Auth::needs_login`](crate::Auth::needs_login)).
    pub async fn login(
        &self,
        profile: &Profile,
        mut prompt: impl FnMut(Prompt) + Send,
    ) -> Result<SignedIn, CredentialError> {
        login(profile, self.vault(), self.clock(), &mut prompt).await
    }

    /// Whether the vault has a login of the profile. Nothing is sent, so it may have expired.
    ///
    /// # Errors
    /// The vault cannot be used, or the profile is of a kind that needs no login.
    pub async fn is_logged_in(&self, profile: &Profile) -> Result<bool, CredentialError> {
        is_logged_in(profile, self.vault(), self.clock()).await
    }

    /// Forgets the profile's login. Returns whether there was one.
    ///
    /// # Errors
    /// The vault cannot be used, or the profile is of a kind that needs no login.
    pub async fn logout(&self, profile: &Profile) -> Result<bool, CredentialError> {
        logout(profile, self.vault(), self.clock()).await
    }
}
