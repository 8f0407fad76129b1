//! Uses the token of the account that is signed in to the Azure CLI.
//!
//! The CLI takes a second to start, so its tokens are shared between processes while they are valid and the
//! CLI's own files do not change. Those files say who is signed in, and to which cloud.
//!
//! Source: <https://learn.microsoft.com/cli/azure/account#az-account-get-access-token>

use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures::FutureExt;
use futures::future::BoxFuture;
use ring::digest;
use secrecy::SecretString;
use secrecy::zeroize::Zeroize;
use serde::Deserialize;

use super::command::{in_words, printing_a_token};
use super::token::expiry;
use super::{AccessToken, Claims, CredentialError, Identity, Source, message};
use crate::clock::Timestamp;
use crate::config::Variables;
use crate::connection::AzureCliProfile;
use crate::program::{Printed, ProgramError};
use crate::regular;

/// The CLI's program; on Windows it is a batch file.
const PROGRAM: &str = if cfg!(windows) { "az.cmd" } else { "az" };

/// Where the CLI keeps its files, in the home directory or where the variable says.
///
/// Source: <https://learn.microsoft.com/cli/azure/azure-cli-configuration>
const HOME: &str = ".azure";
const HOME_VARIABLE: &str = "AZURE_CONFIG_DIR";
/// The files that change when somebody else signs in or the cloud changes. The first exists once somebody has
/// signed in.
const FILES: [&str; 2] = ["azureProfile.json", "config"];
/// The largest of these files that is read, in bytes. The first has a few hundred bytes for each
/// subscription.
const LARGEST: u64 = 16 << 20;
/// How much of the CLI's error output is read, in bytes.
const COMPLAINTS: usize = 64 << 10;
/// The authorities of the clouds other than the CLI's default, and the CLI's names for these clouds.
///
/// Source: <https://learn.microsoft.com/cli/azure/manage-clouds-azure-cli>
const CLOUDS: [(&str, &str); 3] = [
    ("https://login.microsoftonline.us", "AzureUSGovernment"),
    ("https://login.chinacloudapi.cn", "AzureChinaCloud"),
    ("https://login.partner.microsoftonline.cn", "AzureChinaCloud"),
];

/// Obtains tokens from the Azure CLI.
#[derive(Debug)]
pub(super) struct AzureCli {
    program: String,
    profile: AzureCliProfile,
    variables: Variables,
}

/// What the CLI prints. `expires_on`, in seconds since the epoch, is present since version 2.54.
#[derive(Deserialize)]
struct TokenReply {
    #[serde(rename = "accessToken")]
    access_token: String,
    expires_on: Option<i64>,
}

impl AzureCli {
    pub(super) fn new(profile: AzureCliProfile, variables: Variables) -> Self {
        Self { program: PROGRAM.into(), profile, variables }
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
        let program = printing_a_token(&self.program).arguments(arguments);
        let program = program.stderr(Printed::Start(COMPLAINTS));
        let finished = program.run().await.map_err(|error| self.not_run(&error))?;
        if !finished.status.success() {
            return Err(self.complaint(&String::from_utf8_lossy(&finished.stderr)));
        }
        self.read(&finished.stdout)
    }

    fn read(&self, output: &[u8]) -> Result<AccessToken, CredentialError> {
        // The message of a JSON error may quote the token.
        let mut printed: TokenReply = serde_json::from_slice(output)
            .map_err(|_| self.failed("what it printed is not the JSON of a token".into()))?;
        let expires = printed.expires_on.and_then(|seconds| seconds.checked_mul(1_000_000));
        let expires = expires.map(Timestamp::from_micros).or_else(|| expiry(&printed.access_token));
        let token = SecretString::from(printed.access_token.as_str());
        printed.access_token.zeroize();
        AccessToken::new(&token, expires)
    }

    /// Interprets what the CLI printed to standard error.
    fn complaint(&self, text: &str) -> CredentialError {
        let lower = text.to_lowercase();
        if ["az login", "az account set", "not logged in"].iter().any(|phrase| lower.contains(phrase)) {
            return CredentialError::AzureCliLogin { command: self.login(None).into() };
        }
        let line =
            text.lines().map(str::trim).find(|line| line.contains("ERROR")).unwrap_or_else(|| text.trim());
        let line = line.trim_start_matches("ERROR:").trim();
        self.failed(match message::presentable(line, "") {
            empty if empty.is_empty() => "it did not say why".into(),
            line => line,
        })
    }

    fn failed(&self, message: Box<str>) -> CredentialError {
        CredentialError::AzureCli { message, cloud: self.cloud().map(Into::into) }
    }

    /// The command that signs in so that the claims are met. It is only shown, never run.
    ///
    /// Source: <https://learn.microsoft.com/cli/azure/reference-index#az-login>
    fn login(&self, claims: Option<&Claims>) -> String {
        let mut command = self.cloud().map(|cloud| format!("{cloud} && ")).unwrap_or_default();
        command.push_str("az login");
        if let Some(tenant) = &self.profile.tenant {
            command.push_str(&format!(" --tenant \"{tenant}\""));
        }
        if let Some(claims) = claims {
            let (scope, claims) = (&self.profile.scope, BASE64_STANDARD.encode(claims.json()));
            command.push_str(&format!(" --scope \"{scope}\" --claims-challenge \"{claims}\""));
        }
        command
    }

    /// The command that selects the connection's cloud, if it is not the CLI's default.
    fn cloud(&self) -> Option<String> {
        let authority = self.profile.authority.as_deref()?.trim_end_matches('/');
        let (_, name) = CLOUDS.into_iter().find(|(known, _)| *known == authority)?;
        Some(format!("az cloud set --name {name}"))
    }

    /// The directory of the CLI's files.
    fn home(&self) -> Option<PathBuf> {
        let variable = |name| self.variables.var(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let user = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        variable(HOME_VARIABLE).or_else(|| Some(variable(user)?.join(HOME)))
    }

    fn not_run(&self, error: &ProgramError) -> CredentialError {
        if matches!(error, ProgramError::Io(error) if error.kind() == std::io::ErrorKind::NotFound) {
            return CredentialError::NoAzureCli;
        }
        CredentialError::Command { program: self.program.as_str().into(), message: in_words(error) }
    }
}

impl Source for AzureCli {
    fn identity(&self) -> Option<Identity> {
        let home = self.home()?;
        let mut files = digest::Context::new(&digest::SHA256);
        files.update(&regular::read(&home.join(FILES[0]), LARGEST).ok()?);
        if let Ok(others) = regular::read(&home.join(FILES[1]), LARGEST) {
            files.update(&others);
        }
        let AzureCliProfile { tenant, scope, .. } = &self.profile;
        let parts = [home.to_str()?, tenant.as_deref().unwrap_or_default(), scope];
        let signed_in = SecretString::from(BASE64_STANDARD.encode(files.finish()));
        Some(Identity::new("azure-cli", &parts).bound_to(&signed_in))
    }

    fn fetch(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        self.run().boxed()
    }

    fn step_up<'a>(&'a self, claims: &'a Claims) -> BoxFuture<'a, Result<AccessToken, CredentialError>> {
        let command = self.login(Some(claims)).into();
        futures::future::ready(Err(CredentialError::AzureCliStepUp { command })).boxed()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn cli(tenant: Option<&str>, authority: Option<&str>) -> AzureCli {
        let [tenant, authority] = [tenant, authority].map(|text| text.map(Into::into));
        let profile = AzureCliProfile { tenant, scope: "api/.default".into(), authority };
        AzureCli::new(profile, Variables::fixed([("HOME", "/no/such/home")]))
    }

    #[test]
    fn what_the_cli_prints_is_read() {
        let read = |text: &[u8]| cli(None, None).read(text);
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
        let complaint = |text: &str| cli(None, None).complaint(text);
        for text in [
            "ERROR: Please run 'az login' to setup account.\n",
            "WARNING: x\nERROR: AADSTS70043: The refresh token has expired.\nTo re-authenticate, please run:\naz login --scope api\n",
        ] {
            assert!(matches!(complaint(text), CredentialError::AzureCliLogin { .. }), "{text}");
        }
        let error = complaint("WARNING: old\nERROR: AADSTS65001: no consent\u{7}\nTrace\n");
        let CredentialError::AzureCli { message, .. } = &error else { panic!("{error:?}") };
        assert_eq!(&**message, "AADSTS65001: no consent");
        assert!(complaint("").to_string().contains("did not say why"));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_cli_is_asked_for_the_scope_and_the_tenant() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("az");
        let script = "#!/bin/sh\nprintf '{\"accessToken\":\"%s\",\"expires_on\":4102444800}' \"$(echo \"$@\" | tr ' ' '_')\"\n";
        // Another process writes the file: if this one had it open for writing, children of other tests might
        // inherit the handle.
        let write = ["-c", "printf %s \"$1\" > \"$0\" && chmod +x \"$0\"", program.to_str().unwrap(), script];
        assert!(std::process::Command::new("sh").args(write).status().unwrap().success());
        let asked = async |tenant: Option<&str>| {
            let cli = cli(tenant, None).with_program(program.to_str().unwrap());
            cli.fetch().await.unwrap().header()
        };
        let plain = "Bearer account_get-access-token_--output_json_--scope_api/.default";
        assert_eq!(asked(None).await, plain);
        assert_eq!(asked(Some("contoso.com")).await, format!("{plain}_--tenant_contoso.com"));

        let missing = cli(None, None).with_program("/no/such/az").fetch().await.unwrap_err();
        assert!(matches!(missing, CredentialError::NoAzureCli), "{missing:?}");
    }

    #[tokio::test]
    async fn a_sign_in_is_asked_for_by_its_command() {
        let claims = Claims::of_json(r#"{"access_token":{"acrs":{"value":"c1"}}}"#).unwrap();
        let error = cli(Some("contoso.com"), None).step_up(&claims).await.unwrap_err();
        let encoded = BASE64_STANDARD.encode(claims.json());
        assert_eq!(
            error.hint().to_string(),
            format!(
                "run `az login --tenant \"contoso.com\" --scope \"api/.default\" --claims-challenge \"{encoded}\"` \
                 (Azure CLI 2.76 or later), then call again"
            )
        );
        let government = cli(None, Some("https://login.microsoftonline.us"));
        let error = government.complaint("Please run 'az login'");
        assert_eq!(error.hint().to_string(), "run `az cloud set --name AzureUSGovernment && az login`");
        let error = government.complaint("ERROR: AADSTS900382");
        assert!(
            error.hint().to_string().contains("`az cloud set --name AzureUSGovernment`"),
            "{}",
            error.hint()
        );
        let usual = cli(None, Some("https://login.microsoftonline.com")).complaint("ERROR: AADSTS1");
        assert!(!usual.hint().to_string().contains("az cloud set"), "{}", usual.hint());
    }

    #[test]
    fn a_token_is_shared_until_somebody_signs_in_or_out() {
        let home = tempfile::tempdir().unwrap();
        let profile = |scope: &str| AzureCliProfile { tenant: None, scope: scope.into(), authority: None };
        let variables = Variables::fixed([("AZURE_CONFIG_DIR", home.path())]);
        let identity = |scope: &str| AzureCli::new(profile(scope), variables.clone()).identity();
        let proof = || identity("api").unwrap().proof().unwrap().expose_secret().to_owned();
        assert!(identity("api").is_none(), "nobody has signed in");
        std::fs::write(home.path().join("azureProfile.json"), "ana").unwrap();
        let ana = proof();
        assert_eq!(proof(), ana);
        assert_ne!(identity("api").unwrap().name(), identity("other").unwrap().name());
        std::fs::write(home.path().join("config"), "[cloud]\nname = AzureUSGovernment").unwrap();
        let elsewhere = proof();
        std::fs::write(home.path().join("azureProfile.json"), "bob").unwrap();
        assert!(ana != elsewhere && elsewhere != proof());
    }
}
