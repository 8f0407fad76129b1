//! Checks whether a connection has everything it needs to sign in, as far as that is visible without sending
//! anything.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use connector_host::config::Variables;
use connector_host::egress::credential::{CredentialError, SecretSource};
use connector_host::{Auth, CertificateProfile, Profile, WorkloadIdentityProfile};
use x509_parser::pem::Pem;

/// The largest file that is searched for a certificate, in bytes.
const LARGEST: u64 = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Returns what the connection has, or else what it lacks. Whether the authority accepts it is not known.
/// `has_login` is called for kinds that need a login.
pub(super) fn state(
    profile: &Profile,
    has_login: impl FnOnce() -> Result<bool, CredentialError>,
) -> Result<String, String> {
    let variables = profile.variables();
    match profile.auth() {
        Auth::Anonymous => Ok("no sign-in".to_owned()),
        Auth::ClientSecret { secret, .. } => there(secret, variables).map(|()| "has its secret".to_owned()),
        Auth::TokenVariable(name) => {
            there(&SecretSource::Variable(name.clone()), variables).map(|()| HAS_TOKEN.to_owned())
        }
        Auth::TokenCommand { program, .. } => Ok(format!("runs {program}")),
        Auth::Certificate { certificate, .. } => self::certificate(certificate, variables),
        Auth::DeviceCode(_) | Auth::AuthCode { .. } => match has_login() {
            Ok(true) => Ok("has a login".to_owned()),
            Ok(false) => Ok("needs a login".to_owned()),
            Err(error) => Err(error.to_string()),
        },
        Auth::WorkloadIdentity(profile) => workload(profile, variables).map(|()| HAS_TOKEN.to_owned()),
        Auth::ManagedIdentity(_) => Ok("asks the platform".to_owned()),
        Auth::AzureCli(_) if is_in_path(variables, &["az", "az.cmd"]) => Ok("runs az".to_owned()),
        Auth::AzureCli(_) => Err("there is no az in PATH".to_owned()),
        _ => Ok(HAS_TOKEN.to_owned()),
    }
}

const HAS_TOKEN: &str = "has its token";

fn there(secret: &SecretSource, variables: &Variables) -> Result<(), String> {
    match secret {
        SecretSource::Variable(_) => {}
        SecretSource::File(path) => {
            regular(path)?;
        }
        _ => return Ok(()),
    }
    // Errors about a variable do not show a secret that was written in place of its name.
    secret.read(variables).map(drop).map_err(|error| error.to_string())
}

fn variable(variables: &Variables, name: &str) -> Result<OsString, String> {
    variables.var(name).filter(|value| !value.is_empty()).ok_or_else(|| format!("{name} is not set"))
}

/// Returns the length of a regular file; others are refused: a pipe might block, and a device may have no
/// end.
fn regular(path: &Path) -> Result<u64, String> {
    let about = fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if about.is_file() { Ok(about.len()) } else { Err(format!("{} is not a file", path.display())) }
}

fn certificate(certificate: &CertificateProfile, variables: &Variables) -> Result<String, String> {
    let file = &certificate.certificate_file;
    let length = regular(file)?;
    if let Some(key) = &certificate.key_file {
        regular(key)?;
    }
    if let Some(password) = &certificate.password {
        there(password, variables)?;
    }
    if length > LARGEST {
        return Err(format!("{} is too large for a certificate", file.display()));
    }
    let bytes = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    match ends(&bytes) {
        Some(ends) if ends <= jiff::Timestamp::now() => {
            Err(format!("the certificate expired on {}", day(ends)))
        }
        Some(ends) => Ok(format!("certificate until {}", day(ends))),
        // PKCS#12 is opened with its password, which is slow by design.
        None => Ok("has its certificate".to_owned()),
    }
}

/// Returns when a certificate in PEM or DER expires.
fn ends(bytes: &[u8]) -> Option<jiff::Timestamp> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let pem = Pem::iter_from_buffer(bytes).flatten().find(|pem| pem.label == "CERTIFICATE");
    let der = pem.as_ref().map_or(bytes, |pem| &pem.contents);
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    jiff::Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}

fn day(time: jiff::Timestamp) -> jiff::civil::Date {
    time.to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn workload(profile: &WorkloadIdentityProfile, variables: &Variables) -> Result<(), String> {
    let said = |own: bool, name: &str| if own { Ok(()) } else { variable(variables, name).map(drop) };
    said(profile.tenant.is_some(), "AZURE_TENANT_ID")?;
    said(profile.client_id.is_some(), "AZURE_CLIENT_ID")?;
    let file = match &profile.token_file {
        Some(file) => file.clone(),
        None => PathBuf::from(variable(variables, "AZURE_FEDERATED_TOKEN_FILE")?),
    };
    regular(&file).map(drop)
}

fn is_in_path(variables: &Variables, names: &[&str]) -> bool {
    let path = variables.var("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| names.iter().any(|name| folder.join(name).is_file()))
}
