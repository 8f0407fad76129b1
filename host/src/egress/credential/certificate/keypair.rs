//! A certificate and the key that belongs to it.

use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest;
use ring::rand::SystemRandom;
use ring::rsa;
use ring::signature::{self, KeyPair as _, RsaEncoding};

use super::files::{self, Contents, Key, unusable};
use crate::clock::Timestamp;
use crate::config::Variables;
use crate::connection::{CertificateProfile, SigningAlgorithm};
use crate::egress::credential::CredentialError;

/// A certificate and the key that belongs to it.
pub(super) struct KeyPair {
    thumbprint: String,
    /// The start and end of the certificate's validity.
    validity: [Timestamp; 2],
    key: rsa::KeyPair,
}

impl KeyPair {
    /// Reads the pair from the profile's files.
    pub(super) fn open(profile: &CertificateProfile, variables: &Variables) -> Result<Self, CredentialError> {
        let path = &*profile.certificate_file;
        let key_path = profile.key_file.as_deref();
        let password = profile.password.as_ref().map(|source| source.read(variables)).transpose()?;
        let Contents { certificates, key } = files::read(path, key_path, password.as_ref())?;
        let key = match &key {
            Key::Pkcs8(der) => rsa::KeyPair::from_pkcs8(der),
            Key::Pkcs1(der) => rsa::KeyPair::from_der(der),
        };
        let key = key.map_err(|_| {
            unusable(key_path.unwrap_or(path), "its key is not an RSA key of 2048 to 4096 bits")
        })?;
        let mut parsed = false;
        for der in &certificates {
            let Ok((_, certificate)) = x509_parser::parse_x509_certificate(der) else {
                continue;
            };
            parsed = true;
            if *certificate.public_key().subject_public_key.data != *key.public_key().as_ref() {
                continue;
            }
            let validity = certificate.validity();
            let moment = |time: &x509_parser::time::ASN1Time| {
                Timestamp::from_micros(time.timestamp().saturating_mul(1_000_000))
            };
            return Ok(Self {
                thumbprint: BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, der)),
                validity: [moment(&validity.not_before), moment(&validity.not_after)],
                key,
            });
        }
        Err(unusable(
            path,
            if parsed {
                "its key is another certificate's"
            } else {
                "it has no certificate that can be read"
            },
        ))
    }

    /// The SHA-256 digest of the certificate, in URL-safe Base64.
    pub(super) fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    pub(super) fn check_validity(&self, path: &Path, now: Timestamp) -> Result<(), CredentialError> {
        let [begins, ends] = self.validity;
        if now > ends {
            return Err(CredentialError::ExpiredCertificate { path: path.into(), expired: date(ends) });
        }
        if now < begins {
            return Err(unusable(path, &format!("it is valid from {} only", date(begins))));
        }
        Ok(())
    }

    pub(super) fn sign(
        &self,
        content: &[u8],
        algorithm: SigningAlgorithm,
    ) -> Result<Vec<u8>, CredentialError> {
        let encoding: &dyn RsaEncoding = match algorithm {
            SigningAlgorithm::Ps256 => &signature::RSA_PSS_SHA256,
            SigningAlgorithm::Rs256 => &signature::RSA_PKCS1_SHA256,
        };
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(encoding, &SystemRandom::new(), content, &mut signature)
            .map_err(|_| CredentialError::Interrupted)?;
        Ok(signature)
    }
}

/// The date in UTC.
fn date(time: Timestamp) -> Box<str> {
    match jiff::Timestamp::from_microsecond(time.as_micros()) {
        Ok(time) => time.strftime("%Y-%m-%d").to_string().into(),
        Err(_) => "a time beyond all calendars".into(),
    }
}
