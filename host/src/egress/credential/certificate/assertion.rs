//! The signed assertion: a JSON Web Token ([RFC 7519]) that names the application, the audience and the
//! validity.
//!
//! [RFC 7519]: https://www.rfc-editor.org/rfc/rfc7519

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::json;

use super::KeyPair;
use crate::clock::Timestamp;
use crate::connection::SigningAlgorithm;
use crate::egress::credential::CredentialError;

/// How long an assertion is valid.
const LIFE: Duration = Duration::from_secs(300);
/// How far the authority's clock may be behind this machine's.
const SKEW: Duration = Duration::from_secs(60);

/// The contents of the assertion.
pub(super) struct Statement {
    pub(super) audience: String,
    pub(super) client_id: String,
    pub(super) now: Timestamp,
}

impl Statement {
    /// The assertion with its signature. The certificate is named by its SHA-256 thumbprint
    /// ([RFC 7515, section 4.1.8](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.8)).
    pub(super) fn sign(
        &self,
        pair: &KeyPair,
        algorithm: SigningAlgorithm,
    ) -> Result<SecretString, CredentialError> {
        let header = json!({ "alg": algorithm.name(), "typ": "JWT", "x5t#S256": pair.thumbprint() });
        let claims = json!({
            "aud": self.audience,
            "iss": self.client_id,
            "sub": self.client_id,
            "jti": uuid::Uuid::new_v4().to_string(),
            "iat": seconds(self.now),
            "nbf": seconds(self.now.saturating_sub(SKEW)),
            "exp": seconds(self.now.saturating_add(LIFE)),
        });
        let encode = |value: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let content = format!("{}.{}", encode(&header), encode(&claims));
        let signature = pair.sign(content.as_bytes(), algorithm)?;
        Ok(format!("{content}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)).into())
    }
}

fn seconds(time: Timestamp) -> i64 {
    time.as_micros().div_euclid(1_000_000)
}
