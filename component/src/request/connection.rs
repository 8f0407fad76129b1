//! The connection: what the environment says of the API and of the credential.

use super::address::Address;
use crate::contract::{ACCESS_TOKEN, API_URL, DEFAULT_API_URL};
use crate::failure::{Failure, invalid_together, problem};
use crate::prelude::*;

/// The variable that bounds a reply, in bytes.
const MAX_REPLY_BYTES: &str = "DEFENDER_MAX_REPLY_BYTES";
/// The bound of a reply when none is named: 256 MiB.
const DEFAULT_MAX_REPLY_BYTES: u64 = 256 << 20;
/// How the component calls itself.
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// Where the API is and what to show it. It holds the bearer token, so there is no `Debug`.
pub(crate) struct Connection {
    /// The API's address.
    pub(crate) address: Address,
    /// The bearer token, in engines that do not add it themselves.
    token: Option<String>,
    /// The most bytes to take of a reply.
    pub(crate) max_reply_bytes: u64,
}

impl Connection {
    /// Reads the environment. A variable that is empty counts as absent.
    ///
    /// # Errors
    /// The address or the bound is not one, or the token cannot stand in a header.
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

    /// What no message may repeat.
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
