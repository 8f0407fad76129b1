//! Decides which secret the address of a notification has to contain.

use std::sync::{PoisonError, RwLock};

use hmac_sha256::Hash;
use subtle::{Choice, ConstantTimeEq as _};

/// Holds the digests of the valid secrets, but not the secrets themselves.
#[derive(Debug, Default)]
pub struct Gate {
    digests: RwLock<Vec<[u8; 32]>>,
}

impl Gate {
    /// Returns whether a secret is valid. Its timing reveals nothing about the valid secrets.
    #[must_use]
    pub fn admits(&self, secret: &str) -> bool {
        let found = Hash::hash(secret.as_bytes());
        let digests = self.digests.read().unwrap_or_else(PoisonError::into_inner);
        let equal = digests.iter().fold(Choice::from(0), |equal, digest| equal | digest.ct_eq(&found));
        equal.into()
    }

    /// Makes a secret valid.
    pub fn admit(&self, secret: &str) {
        self.set(Some(Hash::hash(secret.as_bytes())));
    }

    /// Makes one digest the only valid one, or none.
    pub(super) fn set(&self, digest: Option<[u8; 32]>) {
        *self.digests.write().unwrap_or_else(PoisonError::into_inner) = digest.into_iter().collect();
    }
}

/// Formats a digest in hexadecimal.
pub(super) fn to_text(digest: [u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Parses a digest from hexadecimal; `None` if the text is not a digest.
pub(super) fn from_text(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut digest = [0; 32];
    for (place, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(place * 2..place * 2 + 2)?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_passes() {
        let gate = Gate::default();
        assert!(!gate.admits("") && !gate.admits("secret"));
        gate.admit("secret");
        assert!(gate.admits("secret"));
        assert!(!gate.admits("secre") && !gate.admits("secret ") && !gate.admits(""));
        assert!(!format!("{gate:?}").contains("secret\""));
        let digest = Hash::hash(b"other");
        gate.set(from_text(&to_text(digest)));
        assert!(gate.admits("other") && !gate.admits("secret"));
        assert_eq!(from_text(&"é".repeat(32)), None);
    }
}
