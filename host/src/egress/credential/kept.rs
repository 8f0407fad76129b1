//! What the vault keeps of a login: what buys tokens, which login it was, and what the next one is to bring.

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

/// The version of what is written.
const VERSION: u32 = 1;
/// The longest claims that are kept for the next login, in bytes of JSON: they are part of an address then.
const LONGEST_CLAIMS: usize = 2 << 10;

/// A login.
#[derive(Clone)]
pub(super) struct Login {
    /// Tells it from every other: what one has bought is not for the next, who may be another person.
    id: String,
    pub(super) refresh: SecretString,
    /// What the API asks for, and only a person can give.
    claims: Option<Claims>,
}

/// How it is written. The first versions of this program wrote the refresh token alone.
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
    /// A login that has just happened.
    pub(super) fn new(refresh: SecretString) -> Self {
        Self { id: Uuid::new_v4().to_string(), refresh, claims: None }
    }

    /// What tells it from every other login, however often it is renewed.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The claims that the next login is to ask for; none that are too long.
    pub(super) fn asking_for(&mut self, claims: &Claims) {
        self.claims = (claims.json().len() <= LONGEST_CLAIMS).then(|| claims.clone());
    }

    /// None if a later version of this program has written it.
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
            // No refresh token is an object with a version. All processes must come to one id.
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

/// Where the vault keeps the login of an application, and the token that it has bought.
#[derive(Debug, Clone)]
pub(super) struct Place {
    vault: Arc<dyn Vault>,
    name: String,
    /// Whose the token is, whichever login bought it.
    tokens: Identity,
}

impl Place {
    pub(super) fn of(registration: &Registration, vault: Arc<dyn Vault>) -> Self {
        Self { vault, name: name(registration.application()), tokens: registration.identity("login") }
    }

    /// Whose tokens the login buys: all share them that have the vault, as they share the login. It waits for a disk.
    pub(super) fn identity(&self) -> Option<Identity> {
        // Without a login nothing is shared, and obtaining a token says what is wrong.
        let login = Login::read(&self.vault.read(&self.name).ok()??)?;
        Some(self.tokens.clone().bound_to(&login.id.into()))
    }

    /// Takes the login for this task alone. Authorities give each refresh token once: two who use the same one would both
    /// be signed out.
    pub(super) async fn lock(&self, patience: Duration) -> Result<VaultLock, CredentialError> {
        let lock = lock(&self.vault, &self.name, patience).await?;
        lock.ok_or(CredentialError::LoginBusy { seconds: patience.as_secs() })
    }

    /// The login, if there is one.
    pub(super) async fn read(&self) -> Result<Option<Login>, CredentialError> {
        let Some(text) = ask(&self.vault, &self.name, |vault, name| vault.read(name)).await? else {
            return Ok(None);
        };
        Login::read(&text).ok_or(CredentialError::StrangeLogin).map(Some)
    }

    /// Whether there is a login. Whether it is still good, only the authority knows.
    pub(super) async fn is_taken(&self) -> Result<bool, CredentialError> {
        Ok(ask(&self.vault, &self.name, |vault, name| vault.read(name)).await?.is_some())
    }

    /// The claims that the next login is to ask for. What cannot be read asks for none.
    pub(super) async fn claims(&self) -> Option<Claims> {
        self.read().await.ok()??.claims
    }

    /// Keeps the login, for whoever has it alone.
    pub(super) async fn write(&self, login: &Login) -> Result<(), CredentialError> {
        let Some(text) = login.text() else { return Err(CredentialError::Interrupted) };
        Ok(ask(&self.vault, &self.name, move |vault, name| vault.write(name, &text)).await?)
    }

    /// Puts a login in the old one's place, or none, and takes away what the old one has bought. Returns whether there was
    /// one before, or is one now.
    pub(super) async fn replace(
        &self,
        login: Option<&Login>,
        patience: Duration,
    ) -> Result<bool, CredentialError> {
        // In the order in which a renewal takes them. Who does not let go of the first may leave a token behind, which
        // is bound to the old login and of use to nobody.
        let _tokens = lock(&self.vault, self.tokens.name(), patience).await?;
        let _login = self.lock(patience).await?;
        ask(&self.vault, self.tokens.name(), |vault, tokens| vault.remove(tokens)).await?;
        match login {
            Some(login) => self.write(login).await.map(|()| true),
            None => Ok(ask(&self.vault, &self.name, |vault, name| vault.remove(name)).await?),
        }
    }
}

/// Under which name the vault keeps the login of an application: no two that differ share one.
fn name(application: &Application) -> String {
    let Application { authority, tenant, client_id, scope, .. } = application;
    format!("login-{}", hex(format!("{authority}\n{tenant}\n{client_id}\n{scope}").as_bytes()))
}

/// Half a digest, in hexadecimal.
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
