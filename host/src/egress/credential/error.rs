//! Why there is no token, in words that someone can act on.

use std::path::Path;

use crate::egress::destination::{Origin, Reason};
use crate::vault::VaultError;

/// Why there is no token. No variant holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// An environment variable is not set, or is empty.
    #[error("the environment variable {variable}, which holds the credential, is not set or is empty")]
    MissingVariable {
        /// The variable's name.
        variable: Box<str>,
    },
    /// An environment variable is not text.
    #[error("the environment variable {variable}, which holds the credential, is not UTF-8")]
    UnreadableVariable {
        /// The variable's name.
        variable: Box<str>,
    },
    /// An environment variable holds something else than it should. Its value is not shown.
    #[error("the environment variable {variable} is not {expected}")]
    BadVariable {
        /// The variable's name.
        variable: Box<str>,
        /// What it should be.
        expected: &'static str,
    },
    /// The variables of Azure's workload identity are not set.
    #[error("there is no workload identity here: the environment variable {variable} is not set")]
    NoWorkloadIdentity {
        /// The variable's name.
        variable: Box<str>,
    },
    /// There is no metadata service to ask for a managed identity's token.
    #[error(
        "there is no managed identity here: the metadata service at {endpoint} did not answer: {message}"
    )]
    NoManagedIdentity {
        /// Where it was looked for.
        endpoint: Origin,
        /// What happened.
        message: Box<str>,
    },
    /// The Azure CLI is not installed, or not where programs are found.
    #[error("the Azure CLI was not found: there is no program `az`")]
    NoAzureCli,
    /// Nobody is signed in to the Azure CLI, or no longer.
    #[error("nobody is signed in to the Azure CLI, or the sign-in has expired")]
    AzureCliLogin,
    /// The Azure CLI gave no token.
    #[error("the Azure CLI gave no token: {message}")]
    AzureCli {
        /// What it said.
        message: Box<str>,
    },
    /// A file cannot be read, or cannot be a secret.
    #[error("the file {}, which holds the credential, cannot be used: {message}", path.display())]
    SecretFile {
        /// The file.
        path: Box<Path>,
        /// Why.
        message: Box<str>,
    },
    /// A certificate's file cannot be used.
    #[error("the file {}, of the certificate, cannot be used: {message}", path.display())]
    Certificate {
        /// The file.
        path: Box<Path>,
        /// Why.
        message: Box<str>,
    },
    /// The certificate has expired. Nothing was sent.
    #[error("the certificate {} expired on {expired}", path.display())]
    ExpiredCertificate {
        /// The file.
        path: Box<Path>,
        /// The last day of its validity.
        expired: Box<str>,
    },
    /// The command that prints a token failed.
    #[error("the command `{program}`, which prints the token, failed: {message}")]
    Command {
        /// The program, without its arguments.
        program: Box<str>,
        /// How.
        message: Box<str>,
    },
    /// What should be a token is empty.
    #[error("the token is empty")]
    EmptyToken,
    /// What should be a token has white space, control or other characters that no token has.
    #[error("what should be a token has characters that no token has")]
    UnprintableToken,
    /// A person has to log in first, or again.
    #[error("the connection \"{connection}\" needs a login: {message}")]
    LoginRequired {
        /// The connection's name.
        connection: Box<str>,
        /// Why.
        message: Box<str>,
    },
    /// There is nothing to log in to: the connection needs no person.
    #[error("the connection signs in by itself: with the kind \"{kind}\" there is no login")]
    NoLogin {
        /// The kind of credential.
        kind: &'static str,
    },
    /// Nobody signed in.
    #[error("nobody signed in within {seconds} s")]
    LoginTimedOut {
        /// How long it was waited, in seconds.
        seconds: u64,
    },
    /// The browser cannot come back.
    #[error("cannot listen at {address} for the browser to come back: {message}")]
    Listener {
        /// The address.
        address: Box<str>,
        /// What the operating system said.
        message: Box<str>,
    },
    /// The authority let the person in, and gave nothing to stay in by.
    #[error("the token authority gave no refresh token, so that the login would end with this program")]
    NoRefreshToken,
    /// What a login leaves behind cannot be kept or read.
    #[error("the login cannot be kept: {0}")]
    Vault(#[from] VaultError),
    /// The authority answered, and said no.
    #[error("the token authority refused: {refusal} ({error}{}{message})", if message.is_empty() { "" } else { ": " })]
    Refused {
        /// What the refusal comes to.
        refusal: Refusal,
        /// The authority's own code, such as `invalid_client`.
        error: Box<str>,
        /// The authority's own words.
        message: Box<str>,
    },
    /// The authority did not answer.
    #[error("the token authority {authority} did not answer: {message}")]
    Unreachable {
        /// The authority.
        authority: Origin,
        /// What happened.
        message: Box<str>,
        /// What to do next.
        hint: &'static str,
    },
    /// The authority may not be sent a secret.
    #[error("the token authority cannot be used: {reason}")]
    AuthorityDenied {
        /// Why.
        reason: Box<Reason>,
    },
    /// The authority's answer is no token and no error.
    #[error("the reply of the token authority {authority} is not a token: {message}")]
    JunkReply {
        /// The authority.
        authority: Origin,
        /// What is wrong with it.
        message: Box<str>,
    },
    /// The API asks for a token that meets further claims, such as after a policy has changed, and this kind of
    /// credential cannot ask for one by itself.
    #[error("the API asks for a fresh sign-in, which a policy of the tenant demands")]
    StepUp,
    /// The request for the token was cut off by this program.
    #[error("the request for a token was interrupted")]
    Interrupted,
}

/// What an authority's refusal comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The secret is not the application's.
    #[error("the client secret is wrong")]
    WrongSecret,
    /// The secret has expired.
    #[error("the client secret has expired")]
    ExpiredSecret,
    /// The application does not know whoever signed the assertion.
    #[error("the assertion does not convince it")]
    WrongAssertion,
    /// The application does not have the certificate.
    #[error("the application does not know the certificate")]
    UnknownCertificate,
    /// The certificate has expired.
    #[error("the certificate has expired, or is not valid yet")]
    ExpiredCertificate,
    /// The application does not trust the federated token's issuer, subject or audience.
    #[error("the application does not trust the federated token")]
    NoFederation,
    /// The assertion is too old or not valid yet.
    #[error("the assertion is not within its time")]
    WrongTime,
    /// The person, or an administrator, said no.
    #[error("the sign-in was declined")]
    Declined,
    /// The code was not used in time.
    #[error("the code has expired")]
    CodeExpired,
    /// What a login left behind is no longer good.
    #[error("the login is over")]
    LoginOver,
    /// The authority asks for a secret of an application that has none.
    #[error("the application may not sign people in without a secret")]
    NotPublic,
    /// The application does not have the redirect address.
    #[error("the application does not know the redirect address")]
    BadRedirect,
    /// No such identity is assigned to the machine or app.
    #[error("no such identity is assigned here")]
    NoIdentity,
    /// The tenant does not have the application.
    #[error("the tenant does not know the application")]
    UnknownClient,
    /// The application is disabled.
    #[error("the application is disabled in the tenant")]
    DisabledClient,
    /// There is no such tenant.
    #[error("there is no such tenant at this authority")]
    UnknownTenant,
    /// The scope is not one, or the tenant does not have what it belongs to.
    #[error("the scope is not valid in the tenant")]
    BadScope,
    /// Nobody has consented.
    #[error("no administrator has consented to the application's permissions")]
    NoConsent,
    /// A policy of the tenant.
    #[error("a conditional access policy of the tenant stands against it")]
    Policy,
    /// The authority is busy or broken.
    #[error("it cannot serve the request now")]
    Unavailable,
    /// Something else.
    #[error("it gives its own reason")]
    Other,
}

impl Refusal {
    /// By Microsoft Entra's code, or else by the standard's ([RFC 6749, section 5.2]).
    ///
    /// Source: <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>
    ///
    /// [RFC 6749, section 5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    pub(super) fn of(error: &str, code: Option<u32>) -> Self {
        match (code, error) {
            (Some(7_000_215 | 7_000_218), _) => Self::WrongSecret,
            (Some(7_000_222), _) => Self::ExpiredSecret,
            (Some(700_027 | 700_030), _) => Self::UnknownCertificate,
            (Some(1_000_502), _) => Self::ExpiredCertificate,
            (Some(70_021 | 700_211 | 700_212 | 700_213 | 7_002_381), _) => Self::NoFederation,
            (Some(700_024), _) => Self::WrongTime,
            (Some(50_013), _) => Self::WrongAssertion,
            (Some(50_011), _) => Self::BadRedirect,
            (Some(65_004), _) => Self::Declined,
            (Some(70_019 | 70_020), _) => Self::CodeExpired,
            (Some(700_016 | 7_000_229), _) => Self::UnknownClient,
            (Some(7_000_112), _) => Self::DisabledClient,
            (Some(90_002 | 900_021 | 900_023 | 50_059), _) => Self::UnknownTenant,
            (Some(500_011 | 70_011 | 1_002_012), _) | (_, "invalid_scope" | "invalid_resource") => {
                Self::BadScope
            }
            (Some(65_001), _) | (_, "consent_required") => Self::NoConsent,
            (Some(53_000..=53_011), _) => Self::Policy,
            (_, "temporarily_unavailable" | "server_error") => Self::Unavailable,
            (None, "invalid_client") => Self::WrongSecret,
            (None, "unauthorized_client") => Self::UnknownClient,
            _ => Self::Other,
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::WrongSecret => {
                "give the secret's value, not its id; it is shown only once, when it is created, so create another if need be"
            }
            Self::ExpiredSecret => {
                "create a new client secret for the application and put it in the old one's place"
            }
            Self::WrongAssertion => {
                "check `client-id`, and that the application has this certificate or trusts this token's issuer"
            }
            Self::UnknownCertificate => "add the certificate to the application, and check `client-id`",
            Self::ExpiredCertificate => "create a new certificate, and add it to the application",
            Self::NoFederation => {
                "give the application a federated credential with the token's issuer, subject and audience"
            }
            Self::WrongTime => {
                "set this machine's clock right; if the assertion is in a file, see that it is renewed"
            }
            Self::Declined => "log in again, and accept; if an administrator must, ask one",
            Self::CodeExpired => "log in again, and type the code sooner",
            Self::LoginOver => "log in again",
            Self::NotPublic => {
                "allow public client flows for the application (Entra: Authentication, Advanced settings), under the platform \
                 for mobile and desktop applications"
            }
            Self::BadRedirect => {
                "add http://localhost to the application's redirect addresses (Entra: Authentication, the platform for mobile \
                 and desktop applications), or set `redirect-uri` to one that it has"
            }
            Self::NoIdentity => {
                "assign a managed identity to this machine or app; of several, name one by its client id in `client-id`"
            }
            Self::UnknownClient => {
                "check `client-id` and `tenant-id`: the application must be registered in that tenant"
            }
            Self::DisabledClient => "ask an administrator of the tenant to enable the application",
            Self::UnknownTenant => "check `tenant-id` (the directory's id or a domain of it) and `cloud`",
            Self::BadScope => {
                "leave `scope` out, or check it: it ends in /.default and names the API in this cloud"
            }
            Self::NoConsent => {
                "ask an administrator of the tenant to grant consent to the application's API permissions"
            }
            Self::Policy => "ask an administrator which conditional access policy applies to the application",
            Self::Unavailable => "try again later",
            Self::Other => {
                "look the code up in the authority's documentation, or in the tenant's sign-in log"
            }
        }
    }
}

impl CredentialError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::MissingVariable { variable } | Self::UnreadableVariable { variable } => {
                format!("set {variable} in the environment of this program")
            }
            Self::BadVariable { variable, .. } => format!("set {variable} right, or leave it out"),
            Self::NoWorkloadIdentity { variable } => {
                format!("run where Azure's workload identity sets {variable}, or set `client-id`, `tenant-id` and `token-file`")
            }
            Self::NoManagedIdentity { .. } => {
                "only Azure's machines and apps have a managed identity; elsewhere, use another kind of `auth`".into()
            }
            Self::NoAzureCli => {
                "install it (https://aka.ms/azure-cli) and see that `az` is on the PATH, or use another kind of `auth`"
                    .into()
            }
            Self::AzureCliLogin => "run `az login`, with `--tenant` if the connection names one".into(),
            Self::AzureCli { .. } => "run `az account get-access-token` by hand to see what it needs".into(),
            Self::SecretFile { .. } => "check the path and that this user may read the file".into(),
            Self::Certificate { .. } => {
                "it takes a certificate and its RSA key, in PEM (one file or two) or PKCS#12, that this user may read".into()
            }
            Self::ExpiredCertificate { .. } => {
                "create a new certificate, add it to the application, and put it in this one's place".into()
            }
            Self::Command { program, .. } => format!("run `{program}` by hand; sign in with it first if it asks for that"),
            Self::EmptyToken | Self::UnprintableToken => {
                "check what provides the token: it must be the token alone, without quotes, `Bearer` or JSON around it".into()
            }
            Self::LoginRequired { connection, .. } => format!("run `connector login --connection {connection}`"),
            Self::NoLogin { .. } => "`connector connections test` shows whether it works".into(),
            Self::LoginTimedOut { .. } => {
                "log in again; on a machine without a browser, use the kind \"device-code\"".into()
            }
            Self::Listener { .. } => {
                "leave `redirect-uri` without a port, or end the program that has it; or use the kind \"device-code\"".into()
            }
            Self::NoRefreshToken => "let the application have the scope offline_access".into(),
            Self::Vault(error) => error.hint(),
            Self::Refused { refusal, .. } => refusal.hint().into(),
            Self::Unreachable { hint, .. } => (*hint).into(),
            Self::AuthorityDenied { .. } => {
                "a secret goes out by https only; for tests, set `allow-loopback-http = true` and use this machine's address"
                    .into()
            }
            Self::JunkReply { .. } => {
                "check `authority`; a proxy or a sign-in page of the network may have answered in its place".into()
            }
            Self::StepUp => {
                "sign in again with `connector login`, or with whatever provides the token; then call again".into()
            }
            Self::Interrupted => "try again".into(),
        }
    }

    /// Whether the same request may succeed a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::NoManagedIdentity { .. }
                | Self::Interrupted
                | Self::Refused { refusal: Refusal::Unavailable, .. }
        )
    }
}
