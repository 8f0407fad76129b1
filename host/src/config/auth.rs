//! The keys of a connection's `auth` table.

use std::path::PathBuf;

use serde::Deserialize;

use crate::connection::{Auth, AuthDraft, CertificateProfile, ProfileError, SigningAlgorithm};
use crate::egress::credential::SecretSource;

/// The keys of all kinds. Whether each belongs to the chosen kind is checked when the profile is built.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct AuthTable {
    kind: Kind,
    pub(super) authority: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) token_path: Option<String>,
    pub(super) authorization_path: Option<String>,
    pub(super) device_authorization_path: Option<String>,
    client_id: Option<String>,
    client_secret_env: Option<String>,
    client_secret_file: Option<PathBuf>,
    certificate_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
    certificate_password_env: Option<String>,
    certificate_password_file: Option<PathBuf>,
    signing_algorithm: Option<SigningAlgorithm>,
    token_env: Option<String>,
    token_command: Option<Vec<String>>,
    token_file: Option<PathBuf>,
    metadata_endpoint: Option<String>,
    redirect_uri: Option<String>,
}

impl AuthTable {
    /// The environment variables that hold a secret.
    pub(super) fn secret_variables(&self) -> impl Iterator<Item = &str> {
        let names = [&self.client_secret_env, &self.certificate_password_env, &self.token_env];
        let platform = matches!(self.kind, Kind::ManagedIdentity).then_some("IDENTITY_HEADER");
        names.into_iter().flatten().map(String::as_str).chain(platform)
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    None,
    Token,
    ClientSecret,
    Certificate,
    DeviceCode,
    AuthCode,
    ManagedIdentity,
    WorkloadIdentity,
    AzureCli,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Token => "token",
            Self::ClientSecret => "client-secret",
            Self::Certificate => "certificate",
            Self::DeviceCode => "device-code",
            Self::AuthCode => "auth-code",
            Self::ManagedIdentity => "managed-identity",
            Self::WorkloadIdentity => "workload-identity",
            Self::AzureCli => "azure-cli",
        }
    }

    /// The keys that this kind reads.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::Token => &["auth.token-env", "auth.token-command"],
            Self::ClientSecret => &[
                "auth.authority",
                "auth.token-path",
                "auth.scope",
                "auth.client-id",
                "auth.client-secret-env",
                "auth.client-secret-file",
            ],
            Self::Certificate => &[
                "auth.authority",
                "auth.token-path",
                "auth.scope",
                "auth.client-id",
                "auth.certificate-file",
                "auth.key-file",
                "auth.certificate-password-env",
                "auth.certificate-password-file",
                "auth.signing-algorithm",
            ],
            Self::DeviceCode => &[
                "auth.authority",
                "auth.token-path",
                "auth.device-authorization-path",
                "auth.scope",
                "auth.client-id",
            ],
            Self::AuthCode => &[
                "auth.authority",
                "auth.token-path",
                "auth.authorization-path",
                "auth.scope",
                "auth.client-id",
                "auth.redirect-uri",
            ],
            Self::ManagedIdentity => &["auth.scope", "auth.client-id", "auth.metadata-endpoint"],
            Self::WorkloadIdentity => {
                &["auth.authority", "auth.token-path", "auth.scope", "auth.client-id", "auth.token-file"]
            }
            Self::AzureCli => &["auth.scope"],
        }
    }
}

impl AuthTable {
    pub(super) fn draft(&self) -> Result<AuthDraft, ProfileError> {
        self.only(self.kind)?;
        Ok(match self.kind {
            Kind::None => AuthDraft::Ready(Auth::Anonymous),
            Kind::Token => AuthDraft::Ready(self.token()?),
            Kind::ClientSecret => {
                let secret = source(
                    ["auth.client-secret-env", "auth.client-secret-file"],
                    self.client_secret_env.as_ref(),
                    self.client_secret_file.as_ref(),
                )?;
                AuthDraft::ClientSecret {
                    client_id: self.client_id()?,
                    secret: secret.ok_or(ProfileError::Missing { key: "auth.client-secret-env" })?,
                }
            }
            Kind::Certificate => {
                AuthDraft::Certificate { client_id: self.client_id()?, certificate: self.certificate()? }
            }
            Kind::DeviceCode => AuthDraft::DeviceCode { client_id: self.client_id()? },
            Kind::AuthCode => {
                AuthDraft::AuthCode { client_id: self.client_id()?, redirect: self.redirect_uri.clone() }
            }
            Kind::ManagedIdentity => AuthDraft::ManagedIdentity {
                client_id: self.client_id.clone(),
                endpoint: self.metadata_endpoint.clone(),
            },
            Kind::WorkloadIdentity => AuthDraft::WorkloadIdentity {
                client_id: self.client_id.clone(),
                token_file: self.token_file.clone(),
            },
            Kind::AzureCli => AuthDraft::AzureCli,
        })
    }

    fn client_id(&self) -> Result<String, ProfileError> {
        self.client_id.clone().ok_or(ProfileError::Missing { key: "auth.client-id" })
    }

    fn certificate(&self) -> Result<CertificateProfile, ProfileError> {
        let path =
            self.certificate_file.clone().ok_or(ProfileError::Missing { key: "auth.certificate-file" })?;
        let mut certificate =
            CertificateProfile::new(path).algorithm(self.signing_algorithm.unwrap_or_default());
        certificate.key_file.clone_from(&self.key_file);
        certificate.password = source(
            ["auth.certificate-password-env", "auth.certificate-password-file"],
            self.certificate_password_env.as_ref(),
            self.certificate_password_file.as_ref(),
        )?;
        Ok(certificate)
    }

    fn token(&self) -> Result<Auth, ProfileError> {
        Ok(match (&self.token_env, self.token_command.as_deref()) {
            (Some(_), Some(_)) => {
                return Err(ProfileError::Both { keys: ["auth.token-env", "auth.token-command"] });
            }
            (Some(variable), None) => Auth::TokenVariable(variable.clone()),
            (None, Some([program, arguments @ ..])) => {
                Auth::TokenCommand { program: program.clone(), arguments: arguments.to_vec() }
            }
            (None, Some([])) => {
                return Err(ProfileError::Identifier { key: "auth.token-command" });
            }
            (None, None) => {
                return Err(ProfileError::Missing { key: "auth.token-env" });
            }
        })
    }

    /// Refuses keys that the kind does not read: they are mistakes, perhaps about who signs in.
    fn only(&self, kind: Kind) -> Result<(), ProfileError> {
        let present = [
            ("auth.authority", self.authority.is_some()),
            ("auth.scope", self.scope.is_some()),
            ("auth.token-path", self.token_path.is_some()),
            ("auth.authorization-path", self.authorization_path.is_some()),
            ("auth.device-authorization-path", self.device_authorization_path.is_some()),
            ("auth.client-id", self.client_id.is_some()),
            ("auth.client-secret-env", self.client_secret_env.is_some()),
            ("auth.client-secret-file", self.client_secret_file.is_some()),
            ("auth.certificate-file", self.certificate_file.is_some()),
            ("auth.key-file", self.key_file.is_some()),
            ("auth.certificate-password-env", self.certificate_password_env.is_some()),
            ("auth.certificate-password-file", self.certificate_password_file.is_some()),
            ("auth.signing-algorithm", self.signing_algorithm.is_some()),
            ("auth.token-env", self.token_env.is_some()),
            ("auth.token-command", self.token_command.is_some()),
            ("auth.token-file", self.token_file.is_some()),
            ("auth.metadata-endpoint", self.metadata_endpoint.is_some()),
            ("auth.redirect-uri", self.redirect_uri.is_some()),
        ];
        match present.into_iter().find(|(key, present)| *present && !kind.keys().contains(key)) {
            Some((key, _)) => Err(ProfileError::NotOfKind { key, kind: kind.name() }),
            None => Ok(()),
        }
    }
}

/// Where a secret is kept: in a variable or in a file, but not in both.
fn source(
    keys: [&'static str; 2],
    variable: Option<&String>,
    file: Option<&PathBuf>,
) -> Result<Option<SecretSource>, ProfileError> {
    match (variable, file) {
        (Some(_), Some(_)) => Err(ProfileError::Both { keys }),
        (Some(variable), None) => Ok(Some(SecretSource::Variable(variable.clone()))),
        (None, Some(path)) => Ok(Some(SecretSource::File(path.clone()))),
        (None, None) => Ok(None),
    }
}
