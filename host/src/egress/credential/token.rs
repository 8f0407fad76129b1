//! Tokens obtained elsewhere: from an environment variable, a command, or the embedding program.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures::FutureExt;
use futures::future::BoxFuture;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::command::{in_words, printing_a_token};
use super::{AccessToken, CredentialError, Source, secret};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::config::Variables;

/// A token in an environment variable.
#[derive(Debug)]
pub struct TokenVariable {
    name: String,
    variables: Variables,
}

impl TokenVariable {
    /// Uses the token in the variable of this name.
    #[must_use]
    pub fn new(name: impl Into<String>, variables: Variables) -> Self {
        Self { name: name.into(), variables }
    }
}

impl Source for TokenVariable {
    fn fetch(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        let named = |error| not_a_token(format!("the environment variable {}", self.name), error);
        let token = secret::variable(&self.variables, &self.name)
            .and_then(|token| AccessToken::new(&token, None).map_err(named));
        futures::future::ready(token).boxed()
    }
}

/// A token in memory.
#[derive(Debug)]
pub struct Literal(SecretString);

impl Literal {
    /// Uses this token.
    #[must_use]
    pub fn new(token: SecretString) -> Self {
        Self(token)
    }
}

impl Source for Literal {
    fn fetch(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        futures::future::ready(AccessToken::new(&self.0, None)).boxed()
    }
}

/// A token that a command prints on its standard output. No shell is involved.
///
/// The command is run again when the token is about to expire, if it is a JWT that says when, and when the API refuses
/// it.
#[derive(Debug)]
pub struct TokenCommand {
    program: String,
    arguments: Vec<String>,
}

impl TokenCommand {
    /// Runs this program with these arguments.
    #[must_use]
    pub fn new(program: impl Into<String>, arguments: Vec<String>) -> Self {
        Self { program: program.into(), arguments }
    }

    async fn run(&self) -> Result<AccessToken, CredentialError> {
        let failed = |message| CredentialError::Command { program: self.program.as_str().into(), message };
        let program = printing_a_token(&self.program).arguments(&self.arguments);
        let finished = program.run().await.map_err(|error| failed(in_words(&error)))?;
        if !finished.status.success() {
            return Err(failed(finished.status.to_string().into()));
        }
        let named = |error| not_a_token(format!("the output of the command `{}`", self.program), error);
        let text =
            std::str::from_utf8(&finished.stdout).map_err(|_| named(CredentialError::UnprintableToken))?;
        let token = SecretString::from(text.trim());
        AccessToken::new(&token, expiry(token.expose_secret())).map_err(named)
    }
}

impl Source for TokenCommand {
    fn fetch(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        self.run().boxed()
    }
}

fn not_a_token(provider: String, error: CredentialError) -> CredentialError {
    CredentialError::NotAToken { provider: provider.into(), error: Box::new(error) }
}

/// The expiry time that a token states, if it is a JWT ([RFC 7519]). It is a hint for the cache and proves
/// nothing. A time in the past is ignored, since a wrong clock is more likely.
///
/// [RFC 7519]: https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4
pub(super) fn expiry(token: &str) -> Option<Timestamp> {
    #[derive(serde::Deserialize)]
    struct Claims {
        exp: i64,
    }
    let payload = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?);
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    let expires = Timestamp::from_micros(claims.exp.checked_mul(1_000_000)?);
    (expires > SystemClock.now()).then_some(expires)
}
