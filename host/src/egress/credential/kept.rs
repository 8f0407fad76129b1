//! What the vault keeps of a login: the refresh token, the id of the login, and the claims that the next one
//! must meet.

use std::sync::Arc;
use std::time::Duration;

use ring::digest::{SHA256, digest};
use secrecy::zeroize::{Zeroize, Zeroizing};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ask::{ask, lock};
use super::registration::Registration;
use super::{Claims, CredentialError, Identity};
use crate::connection::Application;
use crate::vault::{Vault, VaultLock};

/// The version of the stored format.
const VERSION: u32 = 1;
/// The longest claims that are kept for the next login, in bytes of JSON. They become part of an address.
const LONGEST_CLAIMS: usize = 2 << 10;

/// A stored login.
#[derive(Clone)]
pub(super) struct Login {
    /// Distinguishes this login from every other: tokens obtained with one must not be used with the next,
    /// which may be another person's.
    id: String,
    pub(super) refresh: SecretString,
    /// The claims that the API asks for and only a person's sign-in can meet.
    claims: Option<Claims>,
}

/// The stored form of a login. The first versions of this program stored the refresh token alone.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    version: u32,
    id: String,
    refresh: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claims: Option<String>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.refresh.zeroize();
    }
}

impl Login {
    /// Creates a login that has just happened.
    pub(super) fn new(refresh: SecretString) -> Self {
        Self { id: Uuid::new_v4().to_string(), refresh, claims: None }
    }

    /// The id that distinguishes this login from every other, however often it is renewed.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Sets the claims that the next login must ask for. Claims that are too long are dropped.
    pub(super) fn asking_for(&mut self, claims: &Claims) {
        self.claims = (claims.json().len() <= LONGEST_CLAIMS).then(|| claims.clone());
    }

    /// Returns `None` if a later version of this program wrote it.
    fn read(text: &SecretString) -> Option<Self> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let text = text.expose_secret();
        match serde_json::from_str::<Versioned>(text) {
            Ok(Versioned { version: VERSION }) => {
                let entry: Entry = serde_json::from_str(text).ok()?;
                let claims = entry.claims.as_deref().and_then(Claims::of_json);
                Some(Self { id: entry.id.clone(), refresh: entry.refresh.as_str().into(), claims })
            }
            Ok(_) => None,
            // A refresh token alone is never a JSON object with a version. All processes must derive the same
            // id from it.
            Err(_) => Some(Self { id: hex(text.as_bytes()), refresh: text.into(), claims: None }),
        }
    }

    fn text(&self) -> Option<SecretString> {
        let entry = Entry {
            version: VERSION,
            id: self.id.clone(),
            refresh: self.refresh.expose_secret().to_owned(),
            claims: self.claims.as_ref().map(|claims| claims.json().to_owned()),
        };
        let text = Zeroizing::new(serde_json::to_string(&entry).ok()?);
        Some(text.as_str().into())
    }
}

/// Where the vault keeps the login of an application, and the token obtained with it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    vault: Arc<dyn Vault>,
    name: String,
    /// The identity of the token, whichever login obtained it.
    tokens: Identity,
}

impl Place {
    pub(super) fn of(registration: &Registration, vault: Arc<dyn Vault>) -> Self {
        Self { vault, name: name(registration.application()), tokens: registration.identity("login") }
    }

    /// The identity of the tokens that this login obtains. All processes that use the vault share them, as
    /// they share the login. This waits for a disk.
    pub(super) fn identity(&self) -> Option<Identity> {
        // Without a login nothing is shared; the error comes when a token is obtained.
        let login = Login::read(&self.vault.read(&self.name).ok()??)?;
        Some(self.tokens.clone().bound_to(&login.id.into()))
    }

    /// Locks the login for this task alone. A refresh token can be used only once: if two tasks used the same
    /// one, both would be signed out.
    pub(super) async fn lock(&self, patience: Duration) -> Result<VaultLock, CredentialError> {
        let lock = lock(&self.vault, &self.name, patience).await?;
        lock.ok_or(CredentialError::LoginBusy { seconds: patience.as_secs() })
    }

    /// Reads the login, if there is one.
    pub(super) async fn read(&self) -> Result<Option<Login>, CredentialError> {
        let Some(text) = ask(&self.vault, &self.name, |vault, name| vault.read(name)).await? else {
            return Ok(None);
        };
        Login::read(&text).ok_or(CredentialError::StrangeLogin).map(Some)
    }

    /// Whether there is a login. Only the authority knows whether it is still valid.
    pub(super) async fn is_taken(&self) -> Result<bool, CredentialError> {
        Ok(ask(&self.vault, &self.name, |vault, name| vault.read(name)).await?.is_some())
    }

    /// The claims that the next login must ask for. A login that cannot be read asks for none.
    pub(super) async fn claims(&self) -> Option<Claims> {
        self.read().await.ok()??.claims
    }

    /// Stores the login. The caller must hold its lock.
    pub(super) async fn write(&self, login: &Login) -> Result<(), CredentialError> {
        let Some(text) = login.text() else { return Err(CredentialError::Interrupted) };
        Ok(ask(&self.vault, &self.name, move |vault, name| vault.write(name, &text)).await?)
    }

    /// Replaces the old login with a new one or none, and removes the tokens obtained with the old one.
    /// Returns whether there was a login before or is one now.
    pub(super) async fn replace(
        &self,
        login: Option<&Login>,
        patience: Duration,
    ) -> Result<bool, CredentialError> {
        // Locks in the same order as a renewal. If another holder does not release the first, a token may be
        // left behind, but it is bound to the old login and thus useless.
        let _tokens = lock(&self.vault, self.tokens.name(), patience).await?;
        let _login = self.lock(patience).await?;
        ask(&self.vault, self.tokens.name(), |vault, tokens| vault.remove(tokens)).await?;
        match login {
            Some(login) => self.write(login).await.map(|()| true),
            None => Ok(ask(&self.vault, &self.name, |vault, name| vault.remove(name)).await?),
        }
    }
}

/// The name under which the vault keeps the login of an application. Different applications never share a
/// name.
fn name(application: &Application) -> String {
    let Application { authority, tenant, client_id, scope, .. } = application;
    format!("login-{}", hex(format!("{authority}\n{tenant}\n{client_id}\n{scope}").as_bytes()))
}

/// The first half of a digest, in hexadecimal.
fn hex(text: &[u8]) -> String {
    digest(&SHA256, text).as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::egress::transport::Transport;
    use crate::manifest::Endpoints;
    use crate::remedy::Remedy;
    use crate::vault::MemoryVault;

    #[tokio::test]
    async fn a_login_that_another_does_not_let_go_of_is_not_waited_for_without_end() {
        let application = Application {
            authority: "https://login.example.com".parse().unwrap(),
            endpoints: Endpoints::default(),
            tenant: "contoso.com".into(),
            scope: "api/.default".into(),
            client_id: "app-1".into(),
        };
        let (transport, clock) = (Transport::new(false), Arc::new(SystemClock));
        let registration = Registration::new(application, false, transport, clock);
        let place = Place::of(&registration, Arc::new(MemoryVault::default()));
        let short = Duration::from_millis(40);
        let held = place.lock(short).await.unwrap();
        let error = place.lock(short).await.unwrap_err();
        assert!(matches!(error, CredentialError::LoginBusy { .. }) && error.is_transient(), "{error:?}");
        assert_eq!(error.hint(), Remedy::EndOtherProgram);
        let login = Login::new("canary".into());
        assert!(place.replace(Some(&login), short).await.is_err());
        assert!(place.read().await.unwrap().is_none() && place.identity().is_none());
        drop(held);
        let taken = lock(&place.vault, place.tokens.name(), short).await.unwrap();
        assert!(taken.is_some());
        assert!(place.replace(Some(&login), short).await.unwrap(), "only the token may be left behind");
        assert!(place.identity().is_some());
        assert!(place.replace(None, short).await.unwrap() && !place.replace(None, short).await.unwrap());
    }

    #[test]
    fn what_is_written_is_read() {
        let mut login = Login::new("canary \"token\"".into());
        let claims = Claims::of_json(r#"{"access_token":{"acrs":{"value":"c1"}}}"#).unwrap();
        login.asking_for(&claims);
        let read = Login::read(&login.text().unwrap()).unwrap();
        assert_eq!(read.refresh.expose_secret(), "canary \"token\"");
        assert_eq!((&read.id, &read.claims), (&login.id, &Some(claims)));
        assert_ne!(login.id, Login::new("canary".into()).id);
    }

    #[test]
    fn the_first_versions_refresh_tokens_are_read() {
        for token in ["0.AXoA-canary", "{}", "{\"a\":1}", "17", ""] {
            let [first, second] = [token, token].map(|token| Login::read(&token.into()).unwrap());
            assert_eq!((first.refresh.expose_secret(), &first.id), (token, &second.id));
            assert!(!first.id.contains("canary"));
            let written = Login::read(&first.text().unwrap()).unwrap();
            assert_eq!(written.id, first.id, "it is still the same login");
        }
        for later in [r#"{"version":2,"tokens":[]}"#, r#"{"version":1,"id":"a"}"#] {
            assert!(Login::read(&later.into()).is_none());
        }
    }

    #[test]
    fn claims_that_no_address_holds_are_not_kept() {
        let mut login = Login::new("canary".into());
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(LONGEST_CLAIMS));
        login.asking_for(&Claims::of_json(&long).unwrap());
        assert_eq!(login.claims, None);
    }
}
