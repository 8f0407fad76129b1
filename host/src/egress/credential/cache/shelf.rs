//! The token that processes share: one entry of the vault, with a lock for renewing it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::super::ask::{ask, lock};
use super::super::{AccessToken, Claims, Identity};
use super::held::Held;
use crate::clock::Timestamp;
use crate::vault::{Vault, VaultError, VaultLock};

/// How long one process waits for another that is obtaining a token. Then it obtains its own: an extra token
/// does no harm, and if the authority does not answer, eight processes should not wait for it one after
/// another.
const PATIENCE: Duration = Duration::from_secs(15);

/// The vault's entry for a shared token.
#[derive(Debug, Clone)]
pub(super) struct SharedShelf {
    vault: Arc<dyn Vault>,
    identity: Identity,
}

/// The contents of the entry.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The token, without `Bearer`.
    token: String,
    /// When it was obtained, in microseconds since the Unix epoch.
    obtained: i64,
    /// When it expires, in microseconds since the Unix epoch.
    expires: i64,
    /// The claims that it was requested for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claims: Option<String>,
    /// Salt and digest of the secret with which it was obtained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proof: Option<(String, String)>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.token.zeroize();
    }
}

impl SharedShelf {
    pub(super) fn new(vault: Arc<dyn Vault>, identity: Identity) -> Self {
        Self { vault, identity }
    }

    /// Returns the shared token, valid or not, if it was obtained with the same secret.
    pub(super) async fn look(&self, chance: f64) -> Option<Held> {
        let text = self.ask(|vault, name| vault.read(name)).await.flatten()?;
        let entry: Entry = match serde_json::from_str(text.expose_secret()) {
            Ok(entry) => entry,
            Err(_) => {
                // The parser's message may quote the entry.
                tracing::warn!("the shared token cannot be read; another is obtained");
                return None;
            }
        };
        if !self.is_proved(&entry) {
            return None;
        }
        let token = SecretString::from(entry.token.as_str());
        let token = AccessToken::new(&token, Some(Timestamp::from_micros(entry.expires))).ok()?;
        let claims = match &entry.claims {
            Some(text) => Some(Claims::of_json(text)?),
            None => None,
        };
        Some(Held::new(token, Timestamp::from_micros(entry.obtained), claims, chance))
    }

    /// Shares the token, if its expiry is known.
    pub(super) async fn put(&self, held: &Held) {
        let Some(text) = self.entry(held) else { return };
        self.ask(move |vault, name| vault.write(name, &text)).await;
    }

    /// Stops sharing the token, if it is the shared one.
    pub(super) async fn remove(&self, token: &AccessToken) {
        if self.look(0.0).await.is_some_and(|held| held.token.is_same(token)) {
            self.ask(|vault, name| vault.remove(name)).await;
        }
    }

    /// Waits until it is this task's turn. Returns no lock if that takes too long or the vault fails; the
    /// task then proceeds without it.
    pub(super) async fn turn(&self) -> Option<VaultLock> {
        told(lock(&self.vault, self.identity.name(), PATIENCE).await).flatten()
    }

    /// Runs an operation on the vault. Failures are only logged: a token that is not shared can still be
    /// used.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Vault, &str) -> Result<T, VaultError> + Send + 'static,
    ) -> Option<T> {
        told(ask(&self.vault, self.identity.name(), question).await)
    }

    fn entry(&self, held: &Held) -> Option<SecretString> {
        let entry = Entry {
            token: held.token.text()?.to_owned(),
            obtained: held.obtained.as_micros(),
            expires: held.token.expires()?.as_micros(),
            claims: held.claims.as_ref().map(|claims| claims.json().to_owned()),
            proof: match self.identity.proof() {
                Some(secret) => Some(prove(secret)?),
                None => None,
            },
        };
        serde_json::to_string(&entry).ok().map(Into::into)
    }

    /// Whether the token was obtained with the secret that this process has. A user who mistypes a secret
    /// must be told so, rather than go on with the token obtained with the right one.
    fn is_proved(&self, entry: &Entry) -> bool {
        match (self.identity.proof(), &entry.proof) {
            (None, None) => true,
            (Some(secret), Some((salt, digest))) => {
                let decoded = [salt, digest].map(|text| BASE64_STANDARD_NO_PAD.decode(text));
                let [Ok(salt), Ok(digest)] = decoded else { return false };
                hmac::verify(&key(&salt), secret.expose_secret().as_bytes(), &digest).is_ok()
            }
            _ => false,
        }
    }
}

/// Returns the answer; an error is logged and becomes `None`.
fn told<T>(answer: Result<T, VaultError>) -> Option<T> {
    answer
        .inspect_err(|error| {
            tracing::warn!(%error, hint = %error.hint(), "tokens are not shared with other processes");
        })
        .ok()
}

/// A salted digest of a secret: it does not reveal the secret, and entries cannot be compared.
fn prove(secret: &SecretString) -> Option<(String, String)> {
    let mut salt = [0; 16];
    SystemRandom::new().fill(&mut salt).ok()?;
    let digest = hmac::sign(&key(&salt), secret.expose_secret().as_bytes());
    Some((BASE64_STANDARD_NO_PAD.encode(salt), BASE64_STANDARD_NO_PAD.encode(digest)))
}

fn key(salt: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, salt)
}
