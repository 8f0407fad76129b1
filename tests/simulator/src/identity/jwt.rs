//! Signed tokens of other issuers ([RFC 7519]), and the keys that verify them ([RFC 7517]).
//!
//! [RFC 7517]: https://www.rfc-editor.org/rfc/rfc7517
//! [RFC 7519]: https://www.rfc-editor.org/rfc/rfc7519

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// An issuer's public keys, as it publishes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySet {
    /// The keys.
    pub keys: Vec<Key>,
}

/// A public RSA key. Members that are not needed here are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The key's id, by which tokens refer to it.
    pub kid: String,
    /// The modulus, in base64url.
    pub n: String,
    /// The exponent, in base64url.
    pub e: String,
}

/// A token that has not been verified.
pub(super) struct Jwt<'a> {
    signed: &'a str,
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
}

impl<'a> Jwt<'a> {
    /// Splits a token into its three parts.
    pub(super) fn split(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        (!payload.contains('.')).then_some(Self { signed, header, payload, signature })
    }

    /// The token's claims, verified or not.
    pub(super) fn claims<C: DeserializeOwned>(&self) -> Option<C> {
        decoded(self.payload)
    }

    /// Whether one of the keys signed it, with RS256.
    pub(super) fn is_signed_by(&self, keys: &KeySet) -> bool {
        let Some(Header { alg, kid }) = decoded(self.header) else {
            return false;
        };
        let key = keys.keys.iter().find(|key| key.kid == kid);
        let (Some(key), "RS256") = (key, alg.as_str()) else {
            return false;
        };
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let (Some(n), Some(e), Some(signature)) = (bytes(&key.n), bytes(&key.e), bytes(self.signature))
        else {
            return false;
        };
        let key = RsaPublicKeyComponents { n, e };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, self.signed.as_bytes(), &signature).is_ok()
    }
}

fn decoded<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
