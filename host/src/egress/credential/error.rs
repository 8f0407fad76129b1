//! Why no token was obtained, in words that a user can act on.

use std::path::Path;

use super::Refusal;
use crate::egress::destination::{Origin, Reason};
use crate::remedy::Remedy;
use crate::vault::VaultError;

/// Why no token was obtained. No variant holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The value is not the name of an environment variable. It is not shown, since it may be the secret
    /// itself.
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
    /// An environment variable is not valid Unicode.
    #[error("the environment variable {variable} is not UTF-8")]
    UnreadableVariable {
        /// The variable's name.
        variable: Box<str>,
    },
    /// An environment variable has an invalid value. The value is not shown.
    #[error("the environment variable {variable} is not {expected}")]
    BadVariable {
        /// The variable's name.
        variable: Box<str>,
        /// What it should hold.
        expected: &'static str,
    },
    /// A variable of Azure's workload identity is not set.
    #[error("no workload identity was found: the environment variable {variable} is not set")]
    NoWorkloadIdentity {
        /// The variable's name.
        variable: Box<str>,
    },
    /// There is no metadata service to ask for a managed identity's token.
    #[error("no managed identity was found: the metadata service at {endpoint} did not answer: {message}")]
    NoManagedIdentity {
        /// The address where it was expected.
        endpoint: Origin,
        /// What went wrong.
        message: Box<str>,
    },
    /// Something else answers where the metadata service should be.
    #[error("what answers at {endpoint} is not Azure's metadata service (HTTP status {status})")]
    ForeignMetadata {
        /// The address where it was expected.
        endpoint: Origin,
        /// The status of its reply.
        status: u16,
    },
    /// The Azure CLI is not installed, or not on the search path.
    #[error("the Azure CLI was not found: there is no program `az`")]
    NoAzureCli,
    /// Nobody is signed in to the Azure CLI, or the sign-in has expired.
    #[error("nobody is signed in to the Azure CLI, or the sign-in has expired")]
    AzureCliLogin {
        /// The command that signs in.
        command: Box<str>,
    },
    /// The Azure CLI did not return a token.
    #[error("the Azure CLI gave no token: {message}")]
    AzureCli {
        /// What the CLI said.
        message: Box<str>,
        /// The command that selects the connection's cloud, if it is not the CLI's default.
        cloud: Option<Box<str>>,
    },
    /// A file cannot be read, or does not contain a valid secret.
    #[error("cannot read a secret from the file {}: {message}", path.display())]
    SecretFile {
        /// The file.
        path: Box<Path>,
        /// Why not.
        message: Box<str>,
    },
    /// The file of a certificate or its key cannot be used.
    #[error("cannot read a certificate from the file {}: {message}", path.display())]
    Certificate {
        /// The file.
        path: Box<Path>,
        /// Why not.
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
        /// How it failed.
        message: Box<str>,
    },
    /// The token is empty.
    #[error("the token is empty")]
    EmptyToken,
    /// The token contains white space, control characters or other characters that a token cannot have.
    #[error("the token contains invalid characters")]
    UnprintableToken,
    /// The provider of the token returned something that is not a token.
    #[error("{provider}: {error}")]
    NotAToken {
        /// The provider, such as a variable, with its name.
        provider: Box<str>,
        /// What is wrong with it.
        error: Box<CredentialError>,
    },
    /// A person has to log in first, or again.
    #[error("the connection \"{connection}\" needs a login: {message}")]
    LoginRequired {
        /// The connection's name.
        connection: Box<str>,
        /// Why not.
        message: Box<str>,
    },
    /// Another task or process holds the login and does not release it.
    #[error("another process has been using the connection's login for {seconds} s")]
    LoginBusy {
        /// How long this process waited, in seconds.
        seconds: u64,
    },
    /// The login was stored by a later version of this program.
    #[error("the stored login was written by a later version of this program")]
    StrangeLogin,
    /// The connection needs no login: it signs in without a person.
    #[error("the connection signs in by itself: the kind \"{kind}\" has no login")]
    NoLogin {
        /// The kind of credential.
        kind: &'static str,
    },
    /// Nobody signed in within the time allowed.
    #[error("nobody signed in within {seconds} s")]
    LoginTimedOut {
        /// How long this process waited, in seconds.
        seconds: u64,
    },
    /// The address for the browser's answer could not be listened on.
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
    /// The authority refused the request.
    #[error("the token authority refused: {refusal} ({error}{}{message})", if message.is_empty() { "" } else { ": " })]
    Refused {
        /// What the refusal means.
        refusal: Refusal,
        /// The authority's own code, such as `invalid_client`.
        error: Box<str>,
        /// The authority's own message.
        message: Box<str>,
    },
    /// The authority did not answer.
    #[error("the token authority {authority} did not answer: {message}")]
    Unreachable {
        /// The authority.
        authority: Origin,
        /// What went wrong.
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
        /// How long the authority asks to wait, in seconds, if it says so.
        retry_after_seconds: Option<u32>,
    },
    /// The authority may not be sent a secret.
    #[error("the token authority cannot be used: {reason}")]
    AuthorityDenied {
        /// Why not.
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
    /// The API asks for a token that meets further claims, for example after a policy has changed, and this
    /// kind of credential cannot obtain one by itself.
    #[error("the API asks for a fresh sign-in, which a policy of the tenant demands")]
    StepUp,
    /// Like [`Self::StepUp`], for the Azure CLI: its command for a token takes no claims, but its command for
    /// a sign-in does.
    #[error("the API asks for a fresh sign-in with the Azure CLI, which a policy of the tenant demands")]
    AzureCliStepUp {
        /// The command that signs in so that the claims are met.
        command: Box<str>,
    },
    /// Like [`Self::StepUp`], for a managed identity: nobody can sign in, and there is no way to ask for
    /// claims.
    #[error(
        "the API asks for a token that a policy of the tenant demands, and a managed identity cannot ask for one"
    )]
    ManagedIdentityStepUp,
    /// The call's time was up before a token was obtained.
    #[error("no token was obtained in time; the request was not sent")]
    NotInTime,
    /// This program ended the request for the token before it was complete.
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
