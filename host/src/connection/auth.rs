//! How requests are authenticated, and everything needed to sign in.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;
use serde::Deserialize;

use super::Redirect;
use crate::egress::credential::{Credential, SecretSource};
use crate::egress::destination::Origin;
use crate::manifest::Endpoints;

/// How requests are authenticated.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Auth {
    /// Not at all: requests carry no token.
    Anonymous,
    /// With the token in an environment variable.
    TokenVariable(String),
    /// With the token that a command prints.
    TokenCommand {
        /// The program. No shell is involved.
        program: String,
        /// Its arguments.
        arguments: Vec<String>,
    },
    /// With a token from the embedding program.
    TokenGiven(SecretString),
    /// As an application with a shared secret.
    ClientSecret {
        /// The application.
        application: Application,
        /// Where its secret is kept.
        secret: SecretSource,
    },
    /// As an application that signs with a certificate's key.
    Certificate {
        /// The application.
        application: Application,
        /// Its certificate.
        certificate: CertificateProfile,
    },
    /// As a person, who signs in with a code in a browser on any machine.
    DeviceCode(Application),
    /// As a person, who signs in with a browser on this machine.
    AuthCode {
        /// The application that acts for the person.
        application: Application,
        /// The address that the browser is sent back to.
        redirect: Redirect,
    },
    /// As the identity that Azure gives to the machine or the app on which this program runs.
    ManagedIdentity(ManagedIdentityProfile),
    /// As an application that trusts the issuer of a token in a file, such as a Kubernetes cluster.
    WorkloadIdentity(WorkloadIdentityProfile),
    /// As the account that is signed in to the Azure CLI.
    AzureCli(AzureCliProfile),
    /// With a credential that the embedding program implements.
    Custom(Arc<dyn Credential>),
}

/// An application, and the authority that issues its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Application {
    /// The token authority.
    pub authority: Origin,
    /// The paths of the authority's endpoints.
    pub endpoints: Endpoints,
    /// The tenant: a directory's id or a domain of it. Empty if no endpoint has a tenant in its path.
    pub tenant: String,
    /// The scope to request.
    pub scope: String,
    /// The application's id.
    pub client_id: String,
}

/// A certificate and its RSA key in files: PEM (one file or two), DER with the key in a file of its own, or PKCS#12.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CertificateProfile {
    /// The certificate, together with the key unless the key has a file of its own.
    pub certificate_file: PathBuf,
    /// The file that holds the key, in PEM or DER, if the certificate's file does not.
    pub key_file: Option<PathBuf>,
    /// The password of the key or the PKCS#12 file, if it has one.
    pub password: Option<SecretSource>,
    /// The algorithm that signs client assertions.
    pub algorithm: SigningAlgorithm,
}

impl CertificateProfile {
    /// A certificate in this file, without a password, signing with the default algorithm.
    #[must_use]
    pub fn new(certificate_file: impl Into<PathBuf>) -> Self {
        Self {
            certificate_file: certificate_file.into(),
            key_file: None,
            password: None,
            algorithm: SigningAlgorithm::default(),
        }
    }

    /// Sets the file that holds the key.
    #[must_use]
    pub fn key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.key_file = Some(path.into());
        self
    }

    /// Sets the password of the key or the PKCS#12 file.
    #[must_use]
    pub fn password(mut self, password: SecretSource) -> Self {
        self.password = Some(password);
        self
    }

    /// Sets the algorithm that signs client assertions.
    #[must_use]
    pub fn algorithm(mut self, algorithm: SigningAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }
}

/// How a client assertion is signed:
/// [RFC 7518, section 3.1](https://www.rfc-editor.org/rfc/rfc7518#section-3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// RSASSA-PSS with SHA-256, as Microsoft Entra recommends.
    #[default]
    #[serde(rename = "PS256")]
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, for authorities that support nothing else.
    #[serde(rename = "RS256")]
    Rs256,
}

impl SigningAlgorithm {
    /// The algorithm's registered name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
        }
    }
}

/// The managed identity of an Azure machine or app.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ManagedIdentityProfile {
    /// The resource to request a token for: the scope without `/.default`.
    pub resource: String,
    /// The client id of one of the assigned identities; if left out, the machine's own identity.
    pub client_id: Option<String>,
    /// The metadata service to use instead of the platform's.
    pub endpoint: Option<Origin>,
}

/// A federated workload. Anything left out is read from the variables that Azure's workload identity sets.
///
/// Source: <https://learn.microsoft.com/azure/aks/workload-identity-overview>
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkloadIdentityProfile {
    /// The token authority.
    pub authority: Origin,
    /// Whether `AZURE_AUTHORITY_HOST`, if set, overrides [`Self::authority`]. It does when neither an
    /// authority nor a cloud was named.
    pub authority_may_vary: bool,
    /// The paths of the authority's endpoints.
    pub endpoints: Endpoints,
    /// The tenant; if left out, `AZURE_TENANT_ID`.
    pub tenant: Option<String>,
    /// The scope to request.
    pub scope: String,
    /// The application's id; if left out, `AZURE_CLIENT_ID`.
    pub client_id: Option<String>,
    /// The file with the federated token; if left out, `AZURE_FEDERATED_TOKEN_FILE`.
    pub token_file: Option<PathBuf>,
}

/// The account that is signed in to the Azure CLI.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AzureCliProfile {
    /// The tenant; if left out, the CLI's own.
    pub tenant: Option<String>,
    /// The scope to request.
    pub scope: String,
    /// The authority of the connection's cloud, if known. The CLI chooses its cloud independently.
    pub authority: Option<String>,
}

impl Auth {
    /// Whether a person has to log in before this credential can be used.
    #[must_use]
    pub fn needs_login(&self) -> bool {
        matches!(self, Self::DeviceCode(_) | Self::AuthCode { .. })
    }

    /// The scope or resource that tokens are requested for, if this kind requests one.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        match self {
            Self::ClientSecret { application, .. }
            | Self::Certificate { application, .. }
            | Self::DeviceCode(application)
            | Self::AuthCode { application, .. } => Some(&application.scope),
            Self::WorkloadIdentity(profile) => Some(&profile.scope),
            Self::AzureCli(profile) => Some(&profile.scope),
            Self::ManagedIdentity(profile) => Some(&profile.resource),
            Self::Anonymous
            | Self::TokenVariable(_)
            | Self::TokenCommand { .. }
            | Self::TokenGiven(_)
            | Self::Custom(_) => None,
        }
    }

    /// Whether both use the same login: the same application and the same scope.
    #[must_use]
    pub fn shares_login(&self, other: &Self) -> bool {
        match (self.person(), other.person()) {
            (Some(one), Some(other)) => {
                one.authority == other.authority
                    && one.tenant == other.tenant
                    && one.client_id == other.client_id
                    && one.scope == other.scope
            }
            _ => false,
        }
    }

    /// The application that acts for a person.
    fn person(&self) -> Option<&Application> {
        match self {
            Self::DeviceCode(application) | Self::AuthCode { application, .. } => Some(application),
            _ => None,
        }
    }

    /// The environment variables that hold its secrets. They should not be passed on to child processes.
    #[must_use]
    pub fn secret_variables(&self) -> Vec<&str> {
        match self {
            Self::TokenVariable(name) => vec![name],
            Self::ClientSecret { secret: SecretSource::Variable(name), .. } => vec![name],
            Self::Certificate { certificate, .. } => match &certificate.password {
                Some(SecretSource::Variable(name)) => vec![name],
                _ => Vec::new(),
            },
            Self::ManagedIdentity(_) => vec!["IDENTITY_HEADER"],
            _ => Vec::new(),
        }
    }

    /// The kind's name in a configuration.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Anonymous => "none",
            Self::TokenVariable(_) | Self::TokenCommand { .. } | Self::TokenGiven(_) => "token",
            Self::ClientSecret { .. } => "client-secret",
            Self::Certificate { .. } => "certificate",
            Self::DeviceCode(_) => "device-code",
            Self::AuthCode { .. } => "auth-code",
            Self::ManagedIdentity(_) => "managed-identity",
            Self::WorkloadIdentity(_) => "workload-identity",
            Self::AzureCli(_) => "azure-cli",
            Self::Custom(_) => "custom",
        }
    }
}
