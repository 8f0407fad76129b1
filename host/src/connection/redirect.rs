//! The address on this machine that a browser is sent back to after a sign-in.

use std::fmt;
use std::str::FromStr;

/// A redirect address on this machine, such as `http://localhost` ([RFC 8252, section 7.3]).
///
/// Without a port, the program listens on any free one: Microsoft Entra lets an application that has
/// `http://localhost` among its redirect addresses use any port.
///
/// [RFC 8252, section 7.3]: https://www.rfc-editor.org/rfc/rfc8252#section-7.3
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    host: LoopbackName,
    port: Option<u16>,
    path: String,
}

/// How this machine is named in a redirect address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoopbackName {
    Localhost,
    V4,
    V6,
}

/// The text is not a redirect address on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not an http address of this machine, such as http://localhost or http://127.0.0.1:8400/login")]
pub struct RedirectError;

impl Redirect {
    pub(crate) fn host(&self) -> LoopbackName {
        self.host
    }

    pub(crate) fn port(&self) -> Option<u16> {
        self.port
    }

    /// The path that the browser requests.
    pub(crate) fn path(&self) -> &str {
        if self.path.is_empty() { "/" } else { &self.path }
    }

    /// The address with this port, as sent to the authority.
    pub(crate) fn with_port(&self, port: u16) -> String {
        format!("http://{}:{port}{}", self.host, self.path)
    }
}

impl Default for Redirect {
    fn default() -> Self {
        Self { host: LoopbackName::Localhost, port: None, path: String::new() }
    }
}

impl FromStr for Redirect {
    type Err = RedirectError;

    fn from_str(text: &str) -> Result<Self, RedirectError> {
        let rest = text.strip_prefix("http://").ok_or(RedirectError)?;
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
        if !path.bytes().all(plain) {
            return Err(RedirectError);
        }
        let names = [LoopbackName::Localhost, LoopbackName::V4, LoopbackName::V6];
        let (host, port) = names
            .into_iter()
            .find_map(|name| Some((name, authority.strip_prefix(name.as_str())?)))
            .ok_or(RedirectError)?;
        let port = match port.strip_prefix(':') {
            Some(digits) => Some(digits.parse().map_err(|_| RedirectError)?),
            None if port.is_empty() => None,
            None => return Err(RedirectError),
        };
        Ok(Self { host, port: port.filter(|port| *port != 0), path: path.to_owned() })
    }
}

impl LoopbackName {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Localhost => "localhost",
            Self::V4 => "127.0.0.1",
            Self::V6 => "[::1]",
        }
    }
}

impl fmt::Display for LoopbackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
