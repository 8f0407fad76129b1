//! Signatures of webhook requests, according to [Standard Webhooks].
//!
//! [Standard Webhooks]: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use secrecy::{ExposeSecret as _, SecretString};
use standardwebhooks::Webhook;

use crate::remedy::Remedy;

/// The prefix of a secret.
const PREFIX: &str = "whsec_";
/// The permitted lengths of a key, in bytes.
const KEY: std::ops::RangeInclusive<usize> = 24..=64;

/// Signs requests with one secret, or with several while secrets are being rotated, and verifies that a
/// received request is signed with one of them.
#[derive(Default)]
pub struct Signer {
    keys: Vec<Webhook>,
}

/// Why a text is not a signing secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the signing secret {0}")]
pub struct SecretError(&'static str);

impl SecretError {
    /// Returns what is wrong, without a subject: "does not begin with `whsec_`".
    #[must_use]
    pub fn problem(&self) -> &'static str {
        self.0
    }

    /// Returns what the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Remedy {
        "a signing secret is `whsec_` and 24 to 64 random bytes in base64: \
         echo \"whsec_$(head -c 32 /dev/urandom | base64)\""
            .into()
    }
}

impl Signer {
    /// Creates a signer that uses each of the secrets, which consist of `whsec_` and base64.
    ///
    /// # Errors
    /// [`SecretError`] if a secret does not have that form, or its key is not 24 to 64 bytes long.
    pub fn new(secrets: impl IntoIterator<Item = SecretString>) -> Result<Self, SecretError> {
        let keys = secrets.into_iter().map(|secret| key(&secret)).collect::<Result<_, _>>()?;
        Ok(Self { keys })
    }

    /// Returns whether there is no secret to sign with.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Returns the value of the header `webhook-signature`: one signature for each secret, separated by
    /// spaces. `seconds` is the Unix time of the signature.
    #[must_use]
    pub fn sign(&self, id: &str, seconds: i64, body: &str) -> String {
        let signatures = self.keys.iter().filter_map(|key| key.sign(id, seconds, body.as_bytes()).ok());
        signatures.collect::<Vec<_>>().join(" ")
    }

    /// Returns whether a received request is signed with one of the secrets, with a timestamp at most five
    /// minutes off.
    #[must_use]
    pub fn verifies(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        self.keys.iter().any(|key| key.verify(body, headers).is_ok())
    }
}

fn key(secret: &SecretString) -> Result<Webhook, SecretError> {
    let text = secret.expose_secret().trim();
    let text = text.strip_prefix(PREFIX).ok_or(SecretError("does not begin with `whsec_`"))?;
    let key = STANDARD.decode(text).map_err(|_| SecretError("is not base64 after `whsec_`"))?;
    if !KEY.contains(&key.len()) {
        return Err(SecretError("does not have 24 to 64 bytes"));
    }
    Webhook::from_bytes(key).map_err(|_| SecretError("is not a key"))
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("keys", &self.keys.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn signer(secrets: &[&str]) -> Result<Signer, SecretError> {
        Signer::new(secrets.iter().map(|secret| SecretString::from(*secret)))
    }

    #[test]
    fn the_specifications_example_comes_out() {
        let signer = signer(&[SECRET]).unwrap();
        let signature = signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_secret_gives_a_signature() {
        let other = format!("whsec_{}", STANDARD.encode([7; 32]));
        let both = signer(&[SECRET, &other]).unwrap().sign("id", 1, "{}");
        let one = |secret: &str| signer(&[secret]).unwrap().sign("id", 1, "{}");
        assert_eq!(both, format!("{} {}", one(SECRET), one(&other)));
        assert!(!format!("{:?}", signer(&[SECRET])).contains("MfKQ"));
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let short = format!("whsec_{}", STANDARD.encode([7; 23]));
        for secret in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_?", &short] {
            let error = signer(&[secret]).unwrap_err().to_string();
            assert!(secret.is_empty() || !error.contains(secret), "{error}");
        }
    }
}
