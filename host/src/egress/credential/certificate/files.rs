//! Reads a certificate and its key from PEM ([RFC 7468]), DER or PKCS#12 ([RFC 7292]) files.
//!
//! [RFC 7468]: https://www.rfc-editor.org/rfc/rfc7468
//! [RFC 7292]: https://www.rfc-editor.org/rfc/rfc7292

use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error as Pkcs12Error;
use pkcs8::EncryptedPrivateKeyInfoRef;
use ring::digest;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use x509_parser::parse_x509_certificate;

use crate::config::Variables;
use crate::connection::CertificateProfile;
use crate::egress::credential::CredentialError;
use crate::regular;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;
/// How a protected key begins and ends in PEM.
const PROTECTED: [&str; 2] = ["-----BEGIN ENCRYPTED PRIVATE KEY-----", "-----END ENCRYPTED PRIVATE KEY-----"];

/// The contents of the files, in DER.
pub(super) struct Contents {
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) key: Key,
}

/// A private key.
pub(super) enum Key {
    /// PKCS#8: [RFC 5958](https://www.rfc-editor.org/rfc/rfc5958).
    Pkcs8(Zeroizing<Vec<u8>>),
    /// PKCS#1: [RFC 8017](https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.2).
    Pkcs1(Zeroizing<Vec<u8>>),
}

/// Reads a certificate and its key, from one file or two.
pub(super) fn read(
    certificate: &Path,
    key: Option<&Path>,
    password: Option<&SecretString>,
) -> Result<Contents, CredentialError> {
    let bytes = bounded(certificate)?;
    let Some(text) = pem_text(&bytes) else {
        return binary(certificate, &bytes, key, password);
    };
    let certificates: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(text.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| unusable(certificate, "it is not PEM"))?
        .into_iter()
        .map(|der| der.to_vec())
        .collect();
    if certificates.is_empty() {
        return Err(unusable(certificate, "it has no certificate"));
    }
    let key = match key {
        None => pem_key(certificate, text, password)?,
        Some(path) => key_file(path, password)?,
    };
    Ok(Contents { certificates, key })
}

/// Reads a certificate in DER with a separate key file, or a PKCS#12 file.
fn binary(
    certificate: &Path,
    bytes: &[u8],
    key: Option<&Path>,
    password: Option<&SecretString>,
) -> Result<Contents, CredentialError> {
    match (key, parse_x509_certificate(bytes).is_ok()) {
        (Some(key), true) => {
            Ok(Contents { certificates: vec![bytes.to_vec()], key: key_file(key, password)? })
        }
        (None, true) => Err(unusable(
            certificate,
            "it is a certificate in DER, without its key; name the file that has the key in `key-file`",
        )),
        (None, false) => pkcs12(certificate, bytes, password),
        (Some(_), false) => Err(unusable(
            certificate,
            "it is not PEM or DER; a PKCS#12 file holds its key itself, without `key-file`",
        )),
    }
}

fn key_file(path: &Path, password: Option<&SecretString>) -> Result<Key, CredentialError> {
    let bytes = bounded(path)?;
    if let Some(text) = pem_text(&bytes) {
        return pem_key(path, text, password);
    }
    match PrivateKeyDer::try_from(bytes.as_slice()) {
        Ok(key) if !is_pkcs12(&bytes) => plain_key(path, key),
        _ if EncryptedPrivateKeyInfoRef::try_from(bytes.as_slice()).is_ok() => unlock(path, &bytes, password),
        _ => Err(unusable(path, "it is not PEM, nor a key in DER")),
    }
}

/// Whether the bytes begin like PKCS#12: a sequence whose first member is the version 3. Keys have lower
/// versions.
fn is_pkcs12(bytes: &[u8]) -> bool {
    let header = match bytes {
        [0x30, length, ..] if length & 0x80 != 0 => 2 + usize::from(length & 0x7f),
        _ => 2,
    };
    bytes.get(header..).is_some_and(|content| content.starts_with(&[2, 1, 3]))
}

/// Proof of the ability to sign: a digest of the files' contents and of their password.
pub(super) fn proof(
    profile: &CertificateProfile,
    variables: &Variables,
) -> Result<SecretString, CredentialError> {
    let mut digest = digest::Context::new(&digest::SHA256);
    for path in std::iter::once(&profile.certificate_file).chain(&profile.key_file) {
        let bytes = bounded(path)?;
        digest.update(&(bytes.len() as u64).to_le_bytes());
        digest.update(&bytes);
    }
    if let Some(password) = &profile.password {
        digest.update(password.read(variables)?.expose_secret().as_bytes());
    }
    Ok(BASE64_STANDARD.encode(digest.finish()).into())
}

fn pem_key(path: &Path, text: &str, password: Option<&SecretString>) -> Result<Key, CredentialError> {
    if let Some(block) = protected(text) {
        let base64: String = block.split_ascii_whitespace().collect();
        let der = BASE64_STANDARD.decode(base64).map_err(|_| unusable(path, "it is not PEM"))?;
        return unlock(path, &der, password);
    }
    match PrivateKeyDer::from_pem_slice(text.as_bytes()) {
        Ok(key) => plain_key(path, key),
        Err(_) if text.contains("Proc-Type: 4,ENCRYPTED") => {
            Err(unusable(path, "its key is protected in an old way; convert it with `openssl pkcs8 -topk8`"))
        }
        Err(_) => Err(unusable(path, "it has no private key; name the file that has it in `key-file`")),
    }
}

fn plain_key(path: &Path, key: PrivateKeyDer<'_>) -> Result<Key, CredentialError> {
    match key {
        PrivateKeyDer::Pkcs8(der) => Ok(Key::Pkcs8(Zeroizing::new(der.secret_pkcs8_der().to_vec()))),
        PrivateKeyDer::Pkcs1(der) => Ok(Key::Pkcs1(Zeroizing::new(der.secret_pkcs1_der().to_vec()))),
        _ => Err(unusable(path, "its key is not an RSA key")),
    }
}

/// The protected key between its markers.
fn protected(text: &str) -> Option<&str> {
    let [begin, end] = PROTECTED;
    text.split_once(begin)?.1.split_once(end).map(|(block, _)| block)
}

fn unlock(path: &Path, der: &[u8], password: Option<&SecretString>) -> Result<Key, CredentialError> {
    let password = password.ok_or_else(|| locked(path))?;
    let info = EncryptedPrivateKeyInfoRef::try_from(der)
        .map_err(|_| unusable(path, "its protected key is not one, or is protected in an unknown way"))?;
    // From here on, a wrong password and an unsupported kind of encryption look alike.
    let key = info.decrypt(password.expose_secret()).map_err(|_| wrong_password(path))?;
    Ok(Key::Pkcs8(Zeroizing::new(key.as_bytes().to_vec())))
}

fn pkcs12(path: &Path, bytes: &[u8], password: Option<&SecretString>) -> Result<Contents, CredentialError> {
    let given = password.map_or("", |password| password.expose_secret());
    let archive = Pkcs12Archive::from_pkcs12(bytes, given).map_err(|error| match error {
        Pkcs12Error::MacError(_) if password.is_none() => locked(path),
        Pkcs12Error::MacError(_) | Pkcs12Error::UnpadError | Pkcs12Error::Pkcs5Error(_) => {
            wrong_password(path)
        }
        Pkcs12Error::UnsupportedEncryptionScheme | Pkcs12Error::UnsupportedMacAlgorithm => {
            unusable(path, "it is protected in an unknown way")
        }
        _ => unusable(path, "it is neither PEM, DER nor PKCS#12"),
    })?;
    let key = archive.keys.first().ok_or_else(|| unusable(path, "it has no private key"))?;
    if archive.certs.is_empty() {
        return Err(unusable(path, "it has no certificate"));
    }
    Ok(Contents {
        certificates: archive.certs.iter().map(|bag| bag.cert.as_der().to_vec()).collect(),
        key: Key::Pkcs8(Zeroizing::new(key.key.as_der().to_vec())),
    })
}

fn bounded(path: &Path) -> Result<Zeroizing<Vec<u8>>, CredentialError> {
    regular::read(path, LARGEST).map_err(|error| unusable(path, &error.to_string()))
}

fn pem_text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().map(regular::without_mark).filter(|text| text.contains("-----BEGIN "))
}

fn locked(path: &Path) -> CredentialError {
    unusable(path, "it is protected; name where its password is, in `certificate-password-env` or `-file`")
}

fn wrong_password(path: &Path) -> CredentialError {
    unusable(path, "its password is another")
}

pub(super) fn unusable(path: &Path, message: &str) -> CredentialError {
    CredentialError::Certificate { path: path.into(), message: message.into() }
}
