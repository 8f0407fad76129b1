//! The device authorization grant ([RFC 8628]): a person types a code into a browser, on any machine.
//!
//! [RFC 8628]: https://www.rfc-editor.org/rfc/rfc8628

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::channel::oneshot;
use oauth2::{
    DeviceAuthorizationUrl, DeviceCodeErrorResponse, DeviceCodeErrorResponseType, HttpRequest,
    RequestTokenError, StandardDeviceAuthorizationResponse,
};
use secrecy::SecretString;

use super::login::Prompt;
use super::person::{Granted, granted, public};
use super::registration::Registration;
use super::{Claims, CredentialError, Refusal};
use crate::egress::destination::{Origin, check_grant};

/// The longest time to wait for a code to be used.
const LONGEST: Duration = Duration::from_secs(30 * 60);
/// The shortest and the longest wait between two polls. The authority says how long to wait; the default is 5
/// s.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
const LONGEST_INTERVAL: Duration = Duration::from_secs(300);
/// A poll without an answer doubles the wait, up to this or the authority's interval, whichever is longer.
const LONGEST_BACKOFF: Duration = Duration::from_secs(20);

impl Registration {
    /// Requests a code, shows it, and waits until somebody has signed in with it and met the claims.
    pub(super) async fn device_code(
        &self,
        claims: Option<&Claims>,
        prompt: &mut (dyn FnMut(Prompt) + Send),
    ) -> Result<Granted, CredentialError> {
        let endpoint =
            DeviceAuthorizationUrl::new(self.address(&self.application().endpoints.device_authorization))
                .map_err(|_| self.no_address())?;
        let client = self.delegated_client()?.set_device_authorization_url(endpoint);
        let none = SecretString::default();
        let mut request = client.exchange_device_code().add_scopes(self.delegated_scopes());
        if let Some(claims) = claims {
            request = request.add_extra_param("claims", claims.json());
        }
        let given: StandardDeviceAuthorizationResponse = request
            .request_async(self.authority())
            .await
            .map_err(|error| public(self.authority().explain(error, &none)))?;
        let time = given.expires_in().min(LONGEST);
        prompt(self.prompt(&given)?);

        // The library treats every failure to send as temporary. A permanent one ends the wait here.
        let (fail, failed) = oneshot::channel();
        let fail = Mutex::new(Some(fail));
        // Why the last poll got no answer. If the code expires in that state, it is not the person who was
        // late.
        let unanswered = Mutex::new(None);
        let note = |error: Option<CredentialError>| {
            *unanswered.lock().unwrap_or_else(PoisonError::into_inner) = error;
        };
        let send = |request: HttpRequest| async {
            match self.authority().poll(request).await {
                Err(error) if !error.is_transient() => {
                    if let Some(fail) = fail.lock().ok().and_then(|mut fail| fail.take()) {
                        let _ = fail.send(error);
                    }
                    std::future::pending().await
                }
                outcome => {
                    note(outcome.as_ref().err().cloned());
                    outcome
                }
            }
        };
        let sleep = |wait: Duration| {
            let clock = self.clock();
            clock.sleep_until(clock.now().saturating_add(wait.clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL)))
        };
        let asked = self.clock().now();
        let mut request = client
            .exchange_device_access_token(&given)
            .set_max_backoff_interval(LONGEST_BACKOFF.max(given.interval()));
        if let Some(claims) = claims {
            request = request.add_extra_param("claims", claims.json());
        }
        let poll = request.request_async(&send, sleep, Some(time));
        let outcome = tokio::select! {
            outcome = tokio::time::timeout(time + LONGEST_INTERVAL, poll) => outcome,
            Ok(error) = failed => return Err(error),
        };
        let secret = given.device_code().secret().as_str().into();
        let unanswered = unanswered.into_inner().unwrap_or_else(PoisonError::into_inner);
        match (outcome, unanswered) {
            (Ok(Ok(response)), _) => granted(&response, asked),
            (_, Some(error)) => Err(error),
            (Ok(Err(error)), None) => Err(self.explain_device(error, &secret)),
            (Err(_), None) => Err(CredentialError::LoginTimedOut { seconds: time.as_secs() }),
        }
    }

    /// What to show the person. It comes from the authority, so it is checked before anyone follows it.
    fn prompt(&self, given: &StandardDeviceAuthorizationResponse) -> Result<Prompt, CredentialError> {
        let junk = |what| self.authority().junk(what);
        let code = given.user_code().secret();
        if code.is_empty()
            || code.len() > 64
            || !code.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
        {
            return Err(junk("its code is not one that a person could type"));
        }
        let check = |address: &str| {
            let uri = address.parse().ok();
            let origin =
                uri.and_then(|uri| Origin::of(&uri).ok()).ok_or_else(|| junk("its address is not a URL"))?;
            check_grant(&origin, self.authority().loopback())
                .map_err(|_| junk("its address is not one to sign in at"))?;
            Ok::<_, CredentialError>(address.to_owned())
        };
        let complete =
            given.verification_uri_complete().map(|address| check(address.secret())).transpose()?;
        Ok(Prompt::DeviceCode {
            address: check(given.verification_uri())?,
            code: code.clone(),
            complete_address: complete,
            expires_in: given.expires_in(),
        })
    }

    fn explain_device(
        &self,
        error: RequestTokenError<CredentialError, DeviceCodeErrorResponse>,
        secret: &SecretString,
    ) -> CredentialError {
        let refusal = match &error {
            RequestTokenError::ServerResponse(said) => match said.error() {
                DeviceCodeErrorResponseType::ExpiredToken => Some(Refusal::CodeExpired),
                DeviceCodeErrorResponseType::AccessDenied => Some(Refusal::Declined),
                // Microsoft Entra's own error codes.
                other if other.as_ref() == "authorization_declined" => Some(Refusal::Declined),
                other if other.as_ref() == "code_expired" => Some(Refusal::CodeExpired),
                _ => None,
            },
            _ => None,
        };
        match (self.authority().explain(error, secret), refusal) {
            (CredentialError::Refused { error, message, .. }, Some(refusal)) => {
                CredentialError::Refused { refusal, error, message }
            }
            (error, _) => public(error),
        }
    }
}
