//! The connection: the API's address and credential, from the environment.

use super::address::Address;
use crate::contract::{ACCESS_TOKEN, API_URL, DEFAULT_API_URL};
use crate::failure::{Failure, invalid_together, problem};
use crate::prelude::*;

/// The environment variable that limits the size of a reply, in bytes.
const MAX_REPLY_BYTES: &str = "DEFENDER_MAX_REPLY_BYTES";
/// The default limit of a reply's size: 256 MiB.
const DEFAULT_MAX_REPLY_BYTES: u64 = 256 << 20;
/// The component's user agent.
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// The API's address and the credential to present. It holds the bearer token, so it has no `Debug`.
pub(crate) struct Connection {
    /// The API's address.
    pub(crate) address: Address,
    /// The bearer token, unless the engine adds it itself.
    token: Option<String>,
    /// The largest reply that is accepted, in bytes.
    pub(crate) max_reply_bytes: u64,
}

impl Connection {
    /// Reads the environment. An empty variable counts as absent.
    ///
    /// # Errors
    /// The address or the limit is invalid, or the token has characters that a header cannot have.
    pub(crate) fn from(variables: &[(String, String)]) -> Result<Self, Failure> {
        let variable = |name: &str| {
            let (_, value) = variables.iter().find(|(variable, _)| variable == name)?;
            Some(value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let url = variable(API_URL);
        let url = url.as_deref().unwrap_or(DEFAULT_API_URL);
        let address = Address::parse(url).map_err(|reason| {
            invalid_together(format!("{API_URL} {reason}; it is to read like {DEFAULT_API_URL}"))
        })?;
        Ok(Self {
            address,
            token: token(variable(ACCESS_TOKEN))?,
            max_reply_bytes: bound(variable(MAX_REPLY_BYTES))?,
        })
    }

    /// The headers of a request.
    pub(super) fn headers(&self, has_body: bool) -> Vec<(&'static str, String)> {
        let mut headers =
            vec![("accept", "application/json".to_owned()), ("user-agent", USER_AGENT.to_owned())];
        if has_body {
            headers.push(("content-type", "application/json".to_owned()));
        }
        if let Some(token) = &self.token {
            headers.push(("authorization", format!("Bearer {token}")));
        }
        headers
    }

    /// The text that no message may repeat: the bearer token.
    pub(crate) fn secret(&self) -> Option<&str> {
        self.token.as_deref()
    }
}

fn token(token: Option<String>) -> Result<Option<String>, Failure> {
    match token {
        Some(token) if !token.bytes().all(|byte| byte.is_ascii_graphic()) => {
            let reason = format!(
                "{ACCESS_TOKEN} has characters that bearer tokens cannot have: only visible ASCII is allowed"
            );
            Err(Failure::PermanentUnauthorized(problem(reason)))
        }
        token => Ok(token),
    }
}

fn bound(text: Option<String>) -> Result<u64, Failure> {
    match text.map(|text| text.parse()) {
        None => Ok(DEFAULT_MAX_REPLY_BYTES),
        Some(Ok(bytes)) if bytes > 0 => Ok(bytes),
        Some(_) => Err(invalid_together(format!("{MAX_REPLY_BYTES} is not a number of bytes"))),
    }
}
