//! The token of whoever is signed in to the Azure CLI.
//!
//! Source: <https://learn.microsoft.com/cli/azure/account#az-account-get-access-token>

use futures::FutureExt;
use futures::future::BoxFuture;
use secrecy::SecretString;
use secrecy::zeroize::Zeroize;
use serde::Deserialize;

use super::command::{self, Complaints};
use super::token::expiry;
use super::{AccessToken, CredentialError, Source, authority};
use crate::clock::Timestamp;
use crate::connection::AzureCliProfile;

/// The CLI's program; on Windows it is a batch file.
const PROGRAM: &str = if cfg!(windows) { "az.cmd" } else { "az" };

/// Obtains tokens from the Azure CLI.
#[derive(Debug)]
pub(super) struct AzureCli {
    program: String,
    profile: AzureCliProfile,
}

/// What the CLI prints. `expires_on`, in seconds since the epoch, is there from version 2.54.
#[derive(Deserialize)]
struct Printed {
    #[serde(rename = "accessToken")]
    access_token: String,
    expires_on: Option<i64>,
}

impl AzureCli {
    pub(super) fn new(profile: AzureCliProfile) -> Self {
        Self { program: PROGRAM.into(), profile }
    }

    #[cfg(test)]
    pub(super) fn with_program(mut self, program: impl Into<String>) -> Self {
        self.program = program.into();
        self
    }

    async fn run(&self) -> Result<AccessToken, CredentialError> {
        let mut arguments = vec!["account", "get-access-token", "--output", "json", "--scope"];
        arguments.push(&self.profile.scope);
        if let Some(tenant) = &self.profile.tenant {
            arguments.extend(["--tenant", tenant]);
        }
        let finished = command::run(&self.program, arguments, Complaints::Kept)
            .await
            .map_err(|error| self.not_run(&error))?;
        if !finished.status.success() {
            return Err(complaint(&finished.complaints));
        }
        read(&finished.output)
    }

    fn not_run(&self, error: &std::io::Error) -> CredentialError {
        if error.kind() == std::io::ErrorKind::NotFound {
            return CredentialError::NoAzureCli;
        }
        CredentialError::Command { program: self.program.as_str().into(), message: error.to_string().into() }
    }
}

fn read(output: &[u8]) -> Result<AccessToken, CredentialError> {
    // The message of a JSON error may quote the token.
    let mut printed: Printed = serde_json::from_slice(output).map_err(|_| CredentialError::AzureCli {
        message: "what it printed is not the JSON of a token".into(),
    })?;
    let expires = printed.expires_on.and_then(|seconds| seconds.checked_mul(1_000_000));
    let expires = expires.map(Timestamp::from_micros).or_else(|| expiry(&printed.access_token));
    let token = SecretString::from(printed.access_token.as_str());
    printed.access_token.zeroize();
    AccessToken::new(&token, expires)
}

/// What the CLI complains of, on standard error.
fn complaint(text: &str) -> CredentialError {
    let lower = text.to_lowercase();
    if ["az login", "az account set", "not logged in"].iter().any(|phrase| lower.contains(phrase)) {
        return CredentialError::AzureCliLogin;
    }
    let line = text.lines().map(str::trim).find(|line| line.contains("ERROR")).unwrap_or_else(|| text.trim());
    let line = line.trim_start_matches("ERROR:").trim();
    let message = match authority::presentable(line, "") {
        empty if empty.is_empty() => "it did not say why".into(),
        line => line,
    };
    CredentialError::AzureCli { message }
}

impl Source for AzureCli {
    fn fetch(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        self.run().boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_cli_prints_is_read() {
        let token = read(br#"{"accessToken":"canary","expires_on":4102444800,"expiresOn":"x"}"#).unwrap();
        assert_eq!(token.header(), "Bearer canary");
        assert_eq!(token.expires(), Some(Timestamp::from_micros(4_102_444_800_000_000)));
        assert_eq!(read(br#"{"accessToken":"canary"}"#).unwrap().expires(), None);
        for junk in ["", "canary", "{\"accessToken\":[\"canary\"]}", "{\"token\":\"canary\"}"] {
            let error = read(junk.as_bytes()).unwrap_err();
            assert!(matches!(error, CredentialError::AzureCli { .. }), "{error:?}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        }
        assert!(matches!(read(br#"{"accessToken":""}"#), Err(CredentialError::EmptyToken)));
    }

    #[test]
    fn what_it_complains_of_is_understood() {
        for text in [
            "ERROR: Please run 'az login' to setup account.\n",
            "WARNING: x\nERROR: AADSTS70043: The refresh token has expired.\nTo re-authenticate, please run:\naz login --scope api\n",
        ] {
            assert!(matches!(complaint(text), CredentialError::AzureCliLogin), "{text}");
        }
        let error = complaint("WARNING: old\nERROR: AADSTS65001: no consent\u{7}\nTrace\n");
        let CredentialError::AzureCli { message } = &error else { panic!("{error:?}") };
        assert_eq!(&**message, "AADSTS65001: no consent");
        assert!(complaint("").to_string().contains("did not say why"));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_cli_is_asked_for_the_scope_and_the_tenant() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("az");
        let script = "#!/bin/sh\nprintf '{\"accessToken\":\"%s\",\"expires_on\":4102444800}' \"$(echo \"$@\" | tr ' ' '_')\"\n";
        // Another process writes it: what this one has open for writing, children of other tests might hold open.
        let write = ["-c", "printf %s \"$1\" > \"$0\" && chmod +x \"$0\"", program.to_str().unwrap(), script];
        assert!(std::process::Command::new("sh").args(write).status().unwrap().success());
        let asked = async |tenant: Option<&str>| {
            let profile = AzureCliProfile { tenant: tenant.map(Into::into), scope: "api/.default".into() };
            let cli = AzureCli::new(profile).with_program(program.to_str().unwrap());
            cli.fetch().await.unwrap().header()
        };
        let plain = "Bearer account_get-access-token_--output_json_--scope_api/.default";
        assert_eq!(asked(None).await, plain);
        assert_eq!(asked(Some("contoso.com")).await, format!("{plain}_--tenant_contoso.com"));

        let profile = AzureCliProfile { tenant: None, scope: "api/.default".into() };
        let missing = AzureCli::new(profile).with_program("/no/such/az").fetch().await.unwrap_err();
        assert!(matches!(missing, CredentialError::NoAzureCli), "{missing:?}");
    }
}
