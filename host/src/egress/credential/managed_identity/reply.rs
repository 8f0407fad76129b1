//! The replies of a metadata service.

use std::time::Duration;

use http::Response;
use secrecy::SecretString;
use secrecy::zeroize::{Zeroize, Zeroizing};
use serde::{Deserialize, Deserializer};

use crate::clock::Timestamp;
use crate::egress::credential::message::{entra_code, presentable};
use crate::egress::credential::{AccessToken, CredentialError, Refusal};
use crate::egress::destination::Origin;

/// A token. The times are numbers, or strings of digits; an app's endpoint gives only `expires_on`.
#[derive(Deserialize)]
struct Given {
    access_token: String,
    #[serde(default, deserialize_with = "number")]
    expires_in: Option<u32>,
    #[serde(default, deserialize_with = "number")]
    expires_on: Option<i64>,
}

/// An error. A machine's service uses the standard's format; an app's endpoint uses another.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    error: Option<serde_json::Value>,
    error_description: Option<String>,
    message: Option<String>,
}

impl Problem {
    fn is_empty(&self) -> bool {
        self.error.is_none() && self.error_description.is_none() && self.message.is_none()
    }
}

/// Returns the token from the reply to a request made at this time.
pub(super) fn token(
    origin: &Origin,
    body: &[u8],
    asked: Timestamp,
    secret: &str,
) -> Result<AccessToken, CredentialError> {
    let mut given: Given = serde_json::from_slice(body).map_err(|_| {
        // The message of a JSON error may quote the token.
        let html = body.trim_ascii_start().first() == Some(&b'<');
        let message = if html { "it is a web page" } else { "it is not the JSON of a token" };
        CredentialError::JunkReply { authority: origin.clone(), message: presentable(message, secret) }
    })?;
    let expires = match (given.expires_in, given.expires_on) {
        (Some(life), _) => Some(asked.saturating_add(Duration::from_secs(life.into()))),
        (None, Some(seconds)) => seconds.checked_mul(1_000_000).map(Timestamp::from_micros),
        (None, None) => None,
    };
    let token = SecretString::from(given.access_token.as_str());
    given.access_token.zeroize();
    AccessToken::new(&token, expires)
}

/// Explains a reply without a token.
pub(super) fn refusal(
    origin: &Origin,
    response: &Response<Zeroizing<Vec<u8>>>,
    secret: &str,
) -> CredentialError {
    let status = response.status().as_u16();
    // A body that is not JSON adds nothing to the status.
    let problem: Problem = serde_json::from_slice(response.body()).unwrap_or_default();
    // Other clouds have services at the same address, which know nothing of Azure's paths and errors.
    if matches!(status, 400..=499) && !matches!(status, 410 | 429) && problem.is_empty() {
        return CredentialError::ForeignMetadata { endpoint: origin.clone(), status };
    }
    let code = problem.error.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    let text = problem.error_description.or(problem.message).unwrap_or_default();
    let refusal = match (status, Refusal::of(code, entra_code(&text))) {
        (404 | 410 | 429 | 500..=599, _) => Refusal::Unavailable,
        (_, Refusal::BadScope) => Refusal::BadScope,
        (400..=499, _) => Refusal::NoIdentity,
        (_, other) => other,
    };
    let label = if code.is_empty() { format!("status {status}") } else { code.to_owned() };
    CredentialError::Refused {
        refusal,
        error: presentable(&label, secret),
        message: presentable(&text, secret),
    }
}

/// A number, or a number in a string.
fn number<'de, D: Deserializer<'de>, N: TryFrom<i64>>(deserializer: D) -> Result<Option<N>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(i64),
        Text(String),
    }
    Ok(match Option::<Either>::deserialize(deserializer)? {
        Some(Either::Number(number)) => number.try_into().ok(),
        // Old endpoints wrote dates; a value that cannot be read counts as unknown.
        Some(Either::Text(text)) => text.parse::<i64>().ok().and_then(|number| number.try_into().ok()),
        None => None,
    })
}
