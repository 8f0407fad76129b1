//! A strictly parsed origin.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use http::Uri;

use super::Host;

/// The scheme of an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// Unencrypted HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// The port that the scheme implies.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    /// Returns `http` or `https`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn parse(text: &str) -> Result<Self, OriginError> {
        match text {
            text if text.eq_ignore_ascii_case("https") => Ok(Self::Https),
            text if text.eq_ignore_ascii_case("http") => Ok(Self::Http),
            text => Err(OriginError::Scheme(shown(text))),
        }
    }
}

/// A scheme, a host and a port: what a connection is allowed to reach.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    scheme: Scheme,
    host: Host,
    port: u16,
}

impl Origin {
    /// Returns the origin of a request's address.
    ///
    /// # Errors
    /// Part of the address is missing or ambiguous; the error says which.
    pub fn of(uri: &Uri) -> Result<Self, OriginError> {
        let scheme = Scheme::parse(uri.scheme_str().ok_or(OriginError::Relative)?)?;
        Self::with_authority(scheme, uri.authority().ok_or(OriginError::Relative)?.as_str())
    }

    /// The scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, whether explicit or implied by the scheme.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    fn with_authority(scheme: Scheme, authority: &str) -> Result<Self, OriginError> {
        if authority.contains('@') {
            return Err(OriginError::User);
        }
        let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
            let (address, port) = rest.split_once(']').ok_or_else(|| OriginError::Host(shown(authority)))?;
            (v6(address)?, port)
        } else {
            let end = authority.find(':').unwrap_or(authority.len());
            let (host, port) = authority.split_at(end);
            (name_or_v4(host)?, port)
        };
        let port = match port.strip_prefix(':') {
            Some(digits) => parse_port(digits)?,
            None if port.is_empty() => scheme.default_port(),
            None => return Err(OriginError::Host(shown(authority))),
        };
        Ok(Self { scheme, host, port })
    }
}

/// Parses an origin as written in a configuration: `https://api.example.com`, optionally with a port or a
/// trailing `/`.
impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
            return Err(OriginError::Characters);
        }
        if text.contains('*') {
            return Err(OriginError::Wildcard);
        }
        let (scheme, rest) = text.split_once("://").ok_or(OriginError::Relative)?;
        let scheme = Scheme::parse(scheme)?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#']) {
            return Err(OriginError::MoreThanOrigin);
        }
        if authority.is_ascii() {
            return Self::with_authority(scheme, authority);
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, format!(":{port}")),
            None => (authority, String::new()),
        };
        match url::Host::parse(host) {
            Ok(url::Host::Domain(host)) => Self::with_authority(scheme, &format!("{host}{port}")),
            _ => Err(OriginError::Host(shown(host))),
        }
    }
}

/// Writes the port only if it is not the scheme's default.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme.as_str())?;
        match &self.host {
            Host::Name(name) => f.write_str(name)?,
            Host::V4(address) => write!(f, "{address}")?,
            Host::V6(address) => write!(f, "[{address}]")?,
        }
        if self.port == self.scheme.default_port() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

fn parse_port(digits: &str) -> Result<u16, OriginError> {
    let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse() {
        Ok(port) if plain => Ok(port),
        _ => Err(OriginError::Port(shown(digits))),
    }
}

fn v6(text: &str) -> Result<Host, OriginError> {
    let address: Ipv6Addr = text.parse().map_err(|_| OriginError::Host(shown(text)))?;
    // Two spellings of one IPv4 address would be two origins for the same machine.
    let inside_v4 = address.to_ipv4().is_some() && !address.is_loopback() && !address.is_unspecified();
    if inside_v4 { Err(OriginError::OddAddress(shown(text))) } else { Ok(Host::V6(address)) }
}

fn name_or_v4(text: &str) -> Result<Host, OriginError> {
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        return Ok(Host::V4(address));
    }
    let name = text.to_ascii_lowercase();
    if name.ends_with('.') {
        return Err(OriginError::TrailingDot(shown(text)));
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > 253 || !name.split('.').all(label) {
        return Err(OriginError::Host(shown(text)));
    }
    // Resolvers and URL parsers take such names for IPv4 addresses: 2130706433, 0x7f.1, 0177.0.0.1.
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x") {
        return Err(OriginError::OddAddress(shown(text)));
    }
    Ok(Host::Name(name.into()))
}

/// Part of an address for a message, escaped and cut short. A possible user and password are left out.
fn shown(text: &str) -> Box<str> {
    let (hidden, text) = match text.rfind('@') {
        Some(at) => ("…", &text[at..]),
        None => ("", text),
    };
    let shown = text.chars().take(80).flat_map(char::escape_default);
    hidden.chars().chain(shown).collect::<String>().into()
}

/// The text is not an origin, or is ambiguous.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OriginError {
    /// The scheme or the host is missing.
    #[error("it is not an absolute address such as https://api.example.com")]
    Relative,
    /// The scheme is neither `http` nor `https`.
    #[error("its scheme \"{0}\" is neither https nor http")]
    Scheme(Box<str>),
    /// The address contains a user or a password.
    #[error("it has a user name or password before an `@`")]
    User,
    /// The address has a path, a query or a fragment.
    #[error("it has more than a scheme, a host and a port")]
    MoreThanOrigin,
    /// The address contains invalid characters.
    #[error("it has spaces, control characters or backslashes")]
    Characters,
    /// The address contains a wildcard.
    #[error("it has a `*`, and origins are allowed one by one, by their full names")]
    Wildcard,
    /// The host is invalid.
    #[error("\"{0}\" is not a host name")]
    Host(Box<str>),
    /// The host ends with a dot.
    #[error("the host \"{0}\" ends with a dot")]
    TrailingDot(Box<str>),
    /// The host is an IP address in a spelling that can be read in different ways.
    #[error("\"{0}\" is an IP address in an unusual spelling")]
    OddAddress(Box<str>),
    /// The port is invalid.
    #[error("\"{0}\" is not a port from 1 to 65535")]
    Port(Box<str>),
}
