//! How an entry is encrypted: AES-256-GCM, with a new random nonce each time and the entry's name as
//! associated data.
//!
//! ```text
//! "CVLT"  version  nonce     ciphertext and tag
//! 4       1        12 bytes  length of the secret + 16
//! ```
//!
//! With random nonces of 96 bits, a key is safe for 2^32 messages ([NIST SP 800-38D, section 8.3]). For a
//! vault that is written a thousand times a day, that is eleven thousand years.
//!
//! [NIST SP 800-38D, section 8.3]: https://doi.org/10.6028/NIST.SP.800-38D

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use crate::vault::VaultError;

/// The first bytes of an entry; the last of them is the version of the format.
const HEADER: &[u8; 5] = b"CVLT\x01";
/// The key's length, in bytes.
pub(crate) const KEY_LENGTH: usize = 32;
/// The longest secret that can be stored, in bytes.
const LONGEST: usize = 128 << 10;

/// The key of a vault. It is wiped from memory when dropped.
pub(crate) struct Key(Zeroizing<[u8; KEY_LENGTH]>);

impl Key {
    /// Creates a random key.
    pub(crate) fn random() -> Result<Self, VaultError> {
        let mut key = Zeroizing::new([0; KEY_LENGTH]);
        fill(&mut *key)?;
        Ok(Self(key))
    }

    /// Restores a stored key; `None` if it does not have the right length.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &*self.0
    }

    /// Encrypts a secret.
    pub(super) fn seal(&self, name: &str, secret: &SecretString) -> Result<Vec<u8>, VaultError> {
        let secret = secret.expose_secret().as_bytes();
        if secret.len() > LONGEST {
            return Err(VaultError::TooLong { length: secret.len(), limit: LONGEST });
        }
        let mut nonce = [0; NONCE_LEN];
        fill(&mut nonce)?;
        let mut text = Zeroizing::new(secret.to_vec());
        let tag = self.cipher().and_then(|cipher| {
            let nonce = Nonce::assume_unique_for_key(nonce);
            cipher.seal_in_place_separate_tag(nonce, associated(name), &mut text).ok()
        });
        // This cannot happen, because the lengths are right. If it did, nothing must be written unencrypted.
        let tag = tag.ok_or_else(|| failed("cannot encrypt"))?;
        Ok([HEADER, &nonce[..], &text[..], tag.as_ref()].concat())
    }

    /// Decrypts a secret; `None` if it was not sealed with this key under this name.
    pub(super) fn open(&self, name: &str, sealed: Vec<u8>) -> Option<SecretString> {
        let mut sealed = Zeroizing::new(sealed);
        let (header, rest) = sealed.split_first_chunk_mut::<{ HEADER.len() }>()?;
        if header != HEADER {
            return None;
        }
        let (nonce, text) = rest.split_first_chunk_mut::<NONCE_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let text = self.cipher()?.open_in_place(nonce, associated(name), text).ok()?;
        Some(std::str::from_utf8(text).ok()?.into())
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&AES_256_GCM, self.bytes()).ok().map(LessSafeKey::new)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// The file of the entry with this name. It is a digest, since names contain characters that file names
/// cannot, and may identify a person.
pub(super) fn file_name(name: &str) -> String {
    digest(&SHA256, name.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The format and the name as associated data, so that an entry cannot pass for another entry or another
/// format.
fn associated(name: &str) -> Aad<Vec<u8>> {
    Aad::from([HEADER, name.as_bytes()].concat())
}

fn fill(bytes: &mut [u8]) -> Result<(), VaultError> {
    SystemRandom::new().fill(bytes).map_err(|_| failed("the operating system gives no random numbers"))
}

fn failed(message: &'static str) -> VaultError {
    VaultError::Denied {
        location: "the vault".into(),
        source: std::sync::Arc::new(std::io::Error::other(message)),
    }
}
