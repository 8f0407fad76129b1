//! The authorization code grant ([RFC 6749, section 4.1]) for programs on a person's machine ([RFC 8252]): a
//! person signs in with a browser, which is then sent back to an address on this machine with a code. PKCE
//! ([RFC 7636]) makes the code useless to anyone else, and the state rejects visits by any other browser.
//!
//! [RFC 6749, section 4.1]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1
//! [RFC 7636]: https://www.rfc-editor.org/rfc/rfc7636
//! [RFC 8252]: https://www.rfc-editor.org/rfc/rfc8252

use std::time::Duration;

use oauth2::{AuthUrl, AuthorizationCode, CsrfToken, PkceCodeChallenge, RedirectUrl};
use secrecy::ExposeSecret;

use super::login::Prompt;
use super::person::{Granted, granted};
use super::registration::Registration;
use super::{Claims, CredentialError};
use crate::connection::Redirect;

mod answer;
mod listener;

use answer::Answer;
use listener::Listener;

/// How long a person has to sign in.
const TIME: Duration = Duration::from_secs(300);

impl Registration {
    /// Shows the address to open in a browser, and waits until the browser comes back from a sign-in that
    /// meets the claims.
    pub(super) async fn auth_code(
        &self,
        redirect: &Redirect,
        claims: Option<&Claims>,
        prompt: &mut (dyn FnMut(Prompt) + Send),
    ) -> Result<Granted, CredentialError> {
        // Checked before a browser is sent there.
        self.authority().check()?;
        let listener = Listener::bind(redirect).await?;
        let address = self.address(&self.application().endpoints.authorization);
        let address = AuthUrl::new(address).map_err(|_| self.no_address())?;
        let back = RedirectUrl::new(listener.address()).map_err(|_| self.no_address())?;
        let client = self.delegated_client()?.set_auth_uri(address).set_redirect_uri(back);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = client
            .authorize_url(CsrfToken::new_random)
            .add_scopes(self.delegated_scopes())
            .add_extra_param("response_mode", "query")
            .add_extra_param("prompt", "select_account")
            .set_pkce_challenge(challenge);
        if let Some(claims) = claims {
            request = request.add_extra_param("claims", claims.json());
        }
        let (address, state) = request.url();
        prompt(Prompt::Browser { address: address.into() });
        let waited = tokio::time::timeout(TIME, listener.answer(state.secret())).await;
        let code = match waited.map_err(|_| CredentialError::LoginTimedOut { seconds: TIME.as_secs() })?? {
            Answer::Code(code) => code,
            Answer::Refused(error) => return Err(error),
        };
        let asked = self.clock().now();
        let mut request = client
            .exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()))
            .set_pkce_verifier(verifier);
        if let Some(claims) = claims {
            request = request.add_extra_param("claims", claims.json());
        }
        let response = request
            .request_async(self.authority())
            .await
            .map_err(|error| self.explain_delegated(error, &code))?;
        granted(&response, asked)
    }
}
