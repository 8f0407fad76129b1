//! Logging in and out: what a person does once for a connection.

use crate::connection::Profile;
use crate::egress::credential::{CredentialError, Prompt, SignedIn, is_logged_in, login, logout};
use crate::host::Host;

impl Host {
    /// Lets a person sign in for the profile, and stores the login in the vault for this and later runs.
    ///
    /// `prompt` receives what the person has to do: type a code or open an address. This then waits for the
    /// person for a few minutes at most; drop the future to give up.
    ///
    /// # Errors
    /// The sign-in was refused or not completed, or the profile is of a kind that needs no login
    /// ([`Auth::needs_login`](crate::Auth::needs_login)).
    pub async fn login(
        &self,
        profile: &Profile,
        mut prompt: impl FnMut(Prompt) + Send,
    ) -> Result<SignedIn, CredentialError> {
        login(profile, self.vault(), self.clock(), &mut prompt).await
    }

    /// Whether the vault has a login for the profile. This sends nothing, so the login may have expired.
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
