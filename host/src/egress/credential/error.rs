//! Why no token was obtained, in words that someone can act on.

use std::path::Path;

use super::Refusal;
use crate::egress::destination::{Origin, Reason};
use crate::remedy::Remedy;
use crate::vault::VaultError;

/// Why no token was obtained. No variant holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// What should be the name of an environment variable is not one. It is not shown: it may be the secret itself.
    #[error(
        "what should be the name of an environment variable is not one; it may be the secret itself, so it is not shown"
    )]
    NotAVariable,
    /// An environment variable is not set, or is empty.
    #[error("the environment variable {variable} is not set or is empty")]
    MissingVariable {
        /// The variable's name.
        variable: Box<str>,
    },
    /// An environment variable is not text.
    #[error("the environment variable {variable} is not UTF-8")]
    UnreadableVariable {
        /// The variable's name.
        variable: Box<str>,
    },
    /// An environment variable holds something else than it should. Its value is not shown.
    #[error("the environment variable {variable} is not {expected}")]
    BadVariable {
        /// The variable's name.
        variable: Box<str>,
        /// What it should hold.
        expected: &'static str,
    },
    /// The variables of Azure's workload identity are not set.
    #[error("no workload identity was found: the environment variable {variable} is not set")]
    NoWorkloadIdentity {
        /// The variable's name.
        variable: Box<str>,
    },
    /// There is no metadata service to ask for a managed identity's token.
    #[error("no managed identity was found: the metadata service at {endpoint} did not answer: {message}")]
    NoManagedIdentity {
        /// Where it was looked for.
        endpoint: Origin,
        /// What happened.
        message: Box<str>,
    },
    /// Something else answers where the metadata service should be.
    #[error("what answers at {endpoint} is not Azure's metadata service (HTTP status {status})")]
    ForeignMetadata {
        /// Where it was looked for.
        endpoint: Origin,
        /// The status of its reply.
        status: u16,
    },
    /// The Azure CLI is not installed, or not where programs are found.
    #[error("the Azure CLI was not found: there is no program `az`")]
    NoAzureCli,
    /// Nobody is signed in to the Azure CLI, or no longer.
    #[error("nobody is signed in to the Azure CLI, or the sign-in has expired")]
    AzureCliLogin {
        /// The command that signs in.
        command: Box<str>,
    },
    /// The Azure CLI gave no token.
    #[error("the Azure CLI gave no token: {message}")]
    AzureCli {
        /// What it said.
        message: Box<str>,
        /// The command that chooses the connection's cloud, when that is not the CLI's usual one.
        cloud: Option<Box<str>>,
    },
    /// A file cannot be read, or cannot be a secret.
    #[error("cannot read a secret from the file {}: {message}", path.display())]
    SecretFile {
        /// The file.
        path: Box<Path>,
        /// Why.
        message: Box<str>,
    },
    /// A certificate's file cannot be used.
    #[error("cannot read a certificate from the file {}: {message}", path.display())]
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
    /// What should be a token contains white space, control or other characters that a token cannot have.
    #[error("the token contains invalid characters")]
    UnprintableToken,
    /// What provides the token provides something else.
    #[error("{provider}: {error}")]
    NotAToken {
        /// What provides it, such as a variable, with its name.
        provider: Box<str>,
        /// What is wrong with it.
        error: Box<CredentialError>,
    },
    /// A person has to log in first, or again.
    #[error("the connection \"{connection}\" needs a login: {message}")]
    LoginRequired {
        /// The connection's name.
        connection: Box<str>,
        /// Why.
        message: Box<str>,
    },
    /// Another task or process holds the login, and does not release it.
    #[error("another process has been using the connection's login for {seconds} s")]
    LoginBusy {
        /// How long this process waited, in seconds.
        seconds: u64,
    },
    /// The login was kept by a later version of this program.
    #[error("the stored login was written by a later version of this program")]
    StrangeLogin,
    /// The connection needs no login: it signs in without a person.
    #[error("the connection signs in by itself: the kind \"{kind}\" has no login")]
    NoLogin {
        /// The kind of credential.
        kind: &'static str,
    },
    /// Nobody signed in.
    #[error("nobody signed in within {seconds} s")]
    LoginTimedOut {
        /// How long this process waited, in seconds.
        seconds: u64,
    },
    /// The browser could not return its answer.
    #[error("cannot listen at {address} for the browser's answer: {message}")]
    Listener {
        /// The address.
        address: Box<str>,
        /// What the operating system said.
        message: Box<str>,
    },
    /// The person signed in, but the authority gave no refresh token.
    #[error("the token authority gave no refresh token, so the login would end with this program")]
    NoRefreshToken,
    /// The refresh token of a login cannot be stored or read.
    #[error("the login cannot be stored or read: {0}")]
    Vault(#[from] VaultError),
    /// The authority answered, and said no.
    #[error("the token authority refused: {refusal} ({error}{}{message})", if message.is_empty() { "" } else { ": " })]
    Refused {
        /// What the refusal means.
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
        hint: Remedy,
    },
    /// The authority answered that it cannot serve the request now.
    #[error(
        "the token authority {authority} cannot serve the request now (HTTP status {status}){}",
        retry_after_seconds.map_or(String::new(), |seconds| format!("; it asks to wait {seconds} s"))
    )]
    Busy {
        /// The authority.
        authority: Origin,
        /// The status of its reply.
        status: u16,
        /// How long it asks to wait, in seconds, if it does.
        retry_after_seconds: Option<u32>,
    },
    /// The authority may not be sent a secret.
    #[error("the token authority cannot be used: {reason}")]
    AuthorityDenied {
        /// Why.
        reason: Box<Reason>,
    },
    /// The authority's reply is neither a token nor an error.
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
    /// The same, for the Azure CLI: its command for a token takes no claims, its command for a sign-in does.
    #[error("the API asks for a fresh sign-in with the Azure CLI, which a policy of the tenant demands")]
    AzureCliStepUp {
        /// The command that signs in so that the claims are met.
        command: Box<str>,
    },
    /// The same, for a managed identity: there is nobody to sign in, and no way to ask for claims.
    #[error(
        "the API asks for a token that a policy of the tenant demands, and a managed identity cannot ask for one"
    )]
    ManagedIdentityStepUp,
    /// The call's time was up before there was a token.
    #[error("no token was obtained in time; the request was not sent")]
    NotInTime,
    /// The request for the token was cut off by this program.
    #[error("the request for a token was interrupted")]
    Interrupted,
}

impl CredentialError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Remedy {
        match self {
            Self::NotAVariable => {
                "give the name of the variable that holds the secret, and replace the secret if it was given: others may \
                 have seen it"
                    .into()
            }
            Self::MissingVariable { variable } | Self::UnreadableVariable { variable } => {
                format!("set {variable} in the environment of this program").into()
            }
            Self::BadVariable { variable, .. } => {
                format!("correct {variable}, or unset it").into()
            }
            Self::NoWorkloadIdentity { variable } => {
                format!("run where Azure's workload identity sets {variable}, or set `client-id`, `tenant-id` and `token-file`")
                    .into()
            }
            Self::NoManagedIdentity { .. } => {
                "only Azure's machines and apps have a managed identity; elsewhere, use another kind of `auth`".into()
            }
            Self::ForeignMetadata { .. } => {
                "this may not be an Azure machine: other clouds and proxies have services at that address; use another kind of \
                 `auth`"
                    .into()
            }
            Self::NoAzureCli => {
                "install it (https://aka.ms/azure-cli) and make sure that `az` is on the PATH, or use another kind of `auth`"
                    .into()
            }
            Self::AzureCliLogin { command } => format!("run `{command}`").into(),
            Self::AzureCli { cloud: Some(command), .. } => {
                format!("the CLI may be set to another cloud than the connection's: run `{command}`, then `az login`")
                    .into()
            }
            Self::AzureCli { .. } => "run `az account get-access-token` by hand to see what it needs".into(),
            Self::SecretFile { .. } => "check the path and that this user may read the file".into(),
            Self::Certificate { .. } => {
                "give a certificate and its RSA key that this user may read: PEM (in one file or two), DER with a key file, or PKCS#12".into()
            }
            Self::ExpiredCertificate { .. } => {
                "create a new certificate, add it to the application, and put it in this one's place".into()
            }
            Self::Command { program, .. } => {
                format!("run `{program}` by hand; sign in with it first if it asks for that").into()
            }
            Self::EmptyToken | Self::UnprintableToken => {
                "check what provides the token: it must be the token alone, on one line, without quotes, `Bearer` or JSON \
                 around it"
                    .into()
            }
            Self::NotAToken { error, .. } => error.hint(),
            Self::LoginRequired { connection, .. } => Remedy::LogIn { connection: connection.to_string() },
            Self::LoginBusy { .. } => Remedy::EndOtherProgram,
            Self::StrangeLogin => "use that version, or log in again with this one".into(),
            Self::NoLogin { .. } => Remedy::TestConnection,
            Self::LoginTimedOut { .. } => {
                "log in again; on a machine without a browser, use the kind \"device-code\"".into()
            }
            Self::Listener { .. } => {
                "leave `redirect-uri` without a port, or end the program that has it; or use the kind \"device-code\"".into()
            }
            Self::NoRefreshToken => "let the application have the scope offline_access".into(),
            Self::Vault(error) => error.hint(),
            Self::Refused { refusal, .. } => refusal.hint().into(),
            Self::Unreachable { hint, .. } => hint.clone(),
            Self::Busy { retry_after_seconds: Some(seconds), .. } => format!("try again in {seconds} s").into(),
            Self::Busy { .. } => "try again later".into(),
            Self::AuthorityDenied { .. } => {
                "a secret goes out by https only; for tests, set `allow-loopback-http = true` and use this machine's address"
                    .into()
            }
            Self::JunkReply { .. } => {
                "check `authority`; a proxy or a sign-in page of the network may have answered in its place".into()
            }
            Self::StepUp => "sign in again with whatever provides the token, then call again".into(),
            Self::AzureCliStepUp { command } => {
                format!("run `{command}` (Azure CLI 2.76 or later), then call again").into()
            }
            Self::ManagedIdentityStepUp => {
                "ask an administrator which conditional access policy applies; or use a kind of `auth` that can ask, such as \"certificate\""
                    .into()
            }
            Self::NotInTime => {
                "allow the call more time: the authority, or another process that obtains the same token, takes long".into()
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
                | Self::Busy { .. }
                | Self::NoManagedIdentity { .. }
                | Self::LoginBusy { .. }
                | Self::NotInTime
                | Self::Interrupted
                | Self::Refused { refusal: Refusal::Unavailable, .. }
        )
    }
}
