//! The builder's methods that choose a credential.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;

use super::{Auth, CertificateProfile, ProfileBuilder};
use crate::egress::credential::{Credential, SecretSource};

/// A credential before the cloud is known.
#[derive(Debug)]
pub(crate) enum AuthDraft {
    Ready(Auth),
    ClientSecret { client_id: String, secret: SecretSource },
    Certificate { client_id: String, certificate: CertificateProfile },
    DeviceCode { client_id: String },
    AuthCode { client_id: String, redirect: Option<String> },
    ManagedIdentity { client_id: Option<String>, endpoint: Option<String> },
    WorkloadIdentity { client_id: Option<String>, token_file: Option<PathBuf> },
    AzureCli,
}

impl ProfileBuilder {
    /// Signs in as an application whose secret is in an environment variable.
    #[must_use]
    pub fn client_secret_variable(self, client_id: impl Into<String>, variable: impl Into<String>) -> Self {
        self.client_secret(client_id, SecretSource::Variable(variable.into()))
    }

    /// Signs in as an application with a shared secret.
    #[must_use]
    pub fn client_secret(self, client_id: impl Into<String>, secret: SecretSource) -> Self {
        self.auth(AuthDraft::ClientSecret { client_id: client_id.into(), secret })
    }

    /// Signs in as an application with a certificate.
    #[must_use]
    pub fn certificate(self, client_id: impl Into<String>, certificate: CertificateProfile) -> Self {
        self.auth(AuthDraft::Certificate { client_id: client_id.into(), certificate })
    }

    /// Acts for a person, who logs in ([`Host::login`](crate::Host::login)) with a code, in a browser on any machine.
    #[must_use]
    pub fn device_code(self, client_id: impl Into<String>) -> Self {
        self.auth(AuthDraft::DeviceCode { client_id: client_id.into() })
    }

    /// Acts for a person, who logs in ([`Host::login`](crate::Host::login)) with a browser on this machine.
    /// The browser is sent back to `http://localhost`, at any free port; the application must have that among
    /// its redirect addresses.
    #[must_use]
    pub fn auth_code(self, client_id: impl Into<String>) -> Self {
        self.auth(AuthDraft::AuthCode { client_id: client_id.into(), redirect: None })
    }

    /// Like [`ProfileBuilder::auth_code`], but the browser is sent back to this address on this machine, such
    /// as `http://127.0.0.1:8400/login`.
    #[must_use]
    pub fn auth_code_at(self, client_id: impl Into<String>, redirect: impl Into<String>) -> Self {
        let (client_id, redirect) = (client_id.into(), Some(redirect.into()));
        self.auth(AuthDraft::AuthCode { client_id, redirect })
    }

    /// Signs in as the identity that Azure gives to the machine or the app on which this program runs.
    #[must_use]
    pub fn managed_identity(self) -> Self {
        self.auth(AuthDraft::ManagedIdentity { client_id: None, endpoint: None })
    }

    /// Like [`ProfileBuilder::managed_identity`], but chooses one of several assigned identities by its
    /// client id.
    #[must_use]
    pub fn managed_identity_of(self, client_id: impl Into<String>) -> Self {
        self.auth(AuthDraft::ManagedIdentity { client_id: Some(client_id.into()), endpoint: None })
    }

    /// Sets the origin of the metadata service, overriding the platform's. Call it after
    /// [`ProfileBuilder::managed_identity`]; before, it has no effect.
    #[must_use]
    pub fn metadata_endpoint(mut self, origin: impl Into<String>) -> Self {
        if let Some(AuthDraft::ManagedIdentity { endpoint, .. }) = &mut self.auth {
            *endpoint = Some(origin.into());
        }
        self
    }

    /// Signs in as the application that the variables of Azure's workload identity name (`AZURE_CLIENT_ID`,
    /// `AZURE_TENANT_ID`, `AZURE_FEDERATED_TOKEN_FILE`, `AZURE_AUTHORITY_HOST`), with the token that the file
    /// holds at that moment.
    #[must_use]
    pub fn workload_identity(self) -> Self {
        self.auth(AuthDraft::WorkloadIdentity { client_id: None, token_file: None })
    }

    /// Like [`ProfileBuilder::workload_identity`], but with this application and the token in this file.
    #[must_use]
    pub fn workload_identity_of(self, client_id: impl Into<String>, token_file: impl Into<PathBuf>) -> Self {
        let (client_id, token_file) = (Some(client_id.into()), Some(token_file.into()));
        self.auth(AuthDraft::WorkloadIdentity { client_id, token_file })
    }

    /// Signs in as the account that is signed in to the Azure CLI.
    #[must_use]
    pub fn azure_cli(self) -> Self {
        self.auth(AuthDraft::AzureCli)
    }

    /// Uses a token that the embedding program provides.
    #[must_use]
    pub fn token(self, token: impl Into<SecretString>) -> Self {
        self.auth(AuthDraft::Ready(Auth::TokenGiven(token.into())))
    }

    /// Uses the token in an environment variable.
    #[must_use]
    pub fn token_variable(self, variable: impl Into<String>) -> Self {
        self.auth(AuthDraft::Ready(Auth::TokenVariable(variable.into())))
    }

    /// Uses the token that a command prints. No shell is involved.
    #[must_use]
    pub fn token_command<I: IntoIterator<Item: Into<String>>>(
        self,
        program: impl Into<String>,
        arguments: I,
    ) -> Self {
        let arguments = arguments.into_iter().map(Into::into).collect();
        self.auth(AuthDraft::Ready(Auth::TokenCommand { program: program.into(), arguments }))
    }

    /// Uses a credential that the embedding program implements.
    #[must_use]
    pub fn credential(self, credential: Arc<dyn Credential>) -> Self {
        self.auth(AuthDraft::Ready(Auth::Custom(credential)))
    }

    /// Sends no token.
    #[must_use]
    pub fn anonymous(self) -> Self {
        self.auth(AuthDraft::Ready(Auth::Anonymous))
    }

    fn auth(mut self, auth: AuthDraft) -> Self {
        self.auth = Some(auth);
        self
    }
}
