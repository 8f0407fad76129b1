//! The API's address: an origin and, if the API is behind a gateway, a path below it.

use crate::prelude::*;
use core::fmt::{self, Display};

/// The API's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// Whether the address uses TLS.
    pub(crate) secure: bool,
    /// The host in lower case and, if given, the port. An IPv6 address is in brackets.
    pub(super) authority: String,
    /// The length of the host in `authority`.
    host: usize,
    /// The path that precedes all others, without a trailing slash.
    pub(super) prefix: String,
}

impl Address {
    /// Parses `scheme://host[:port][/prefix]`.
    ///
    /// # Errors
    /// Says what is wrong with the address.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (address, rest) = Self::parse_origin(text)?;
        let prefix = rest.trim_end_matches('/');
        let well_formed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=:@%".contains(&byte);
        if !prefix.bytes().all(well_formed) {
            return Err("has a query, a fragment, or a character that a path cannot have");
        }
        if prefix.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err("has `.` or `..` as a segment of its path");
        }
        Ok(Self { prefix: prefix.to_owned(), ..address })
    }

    /// Parses the origin. Returns it and the rest, which is empty or begins with `/`, `?` or `#`.
    ///
    /// # Errors
    /// Says what is wrong with the origin.
    pub(super) fn parse_origin(text: &str) -> Result<(Self, &str), &'static str> {
        let (scheme, rest) = text.split_once("://").ok_or("is not an absolute URL")?;
        let secure = match scheme {
            _ if scheme.eq_ignore_ascii_case("https") => true,
            _ if scheme.eq_ignore_ascii_case("http") => false,
            _ => return Err("is neither http nor https"),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        if authority.contains('@') {
            return Err("names a user");
        }
        let (host, port) = split_port(authority)?;
        if !is_host(host) {
            return Err("does not name a valid host");
        }
        let mut authority = host.to_ascii_lowercase();
        if let Some(port) = port {
            authority.extend([":", port]);
        }
        Ok((Self { secure, authority, host: host.len(), prefix: String::new() }, rest))
    }

    /// The host in lower case; an IPv6 address is in brackets.
    pub(super) fn host(&self) -> &str {
        &self.authority[..self.host]
    }

    /// Whether both addresses have the same scheme, host and effective port.
    pub(super) fn has_origin_of(&self, other: &Self) -> bool {
        (self.secure, self.host(), self.effective_port())
            == (other.secure, other.host(), other.effective_port())
    }

    /// The given port, or the scheme's default.
    pub(super) fn effective_port(&self) -> u16 {
        let named = self.authority[self.host..].strip_prefix(':').and_then(|port| port.parse().ok());
        named.unwrap_or(if self.secure { 443 } else { 80 })
    }
}

/// Writes the origin.
impl Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{}://{}", if self.secure { "https" } else { "http" }, self.authority)
    }
}

/// Splits an authority into the host and, if given, the port without leading zeros.
fn split_port(authority: &str) -> Result<(&str, Option<&str>), &'static str> {
    // The colons of an IPv6 address are inside its brackets.
    let after_brackets = authority.find(']').unwrap_or(0);
    let Some(colon) = authority[after_brackets..].find(':') else {
        return Ok((authority, None));
    };
    let (host, port) = authority.split_at(after_brackets + colon);
    let digits = &port[1..];
    let port = digits.trim_start_matches('0');
    // The standard library would also accept a sign.
    match digits.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok() {
        true => Ok((host, Some(port))),
        false => Err("does not name a valid port"),
    }
}

fn is_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => {
            address.contains(':')
                && address.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte))
        }
        None => {
            let is_label = |label: &str| {
                !label.is_empty()
                    && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            };
            host.len() <= 253 && host.strip_suffix('.').unwrap_or(host).split('.').all(is_label)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn an_address_is_an_origin_and_a_prefix() {
        let address = Address::parse("HTTPS://Api.Example.com:8443/defender/").unwrap();
        assert_eq!(address.to_string(), "https://api.example.com:8443");
        assert_eq!((address.secure, address.prefix.as_str()), (true, "/defender"));
        let address = Address::parse("http://a:0080").unwrap();
        assert_eq!((address.authority.as_str(), address.host()), ("a:80", "a"));
        let address = Address::parse("http://[::1]:9000").unwrap();
        assert_eq!((address.authority.as_str(), address.prefix.as_str()), ("[::1]:9000", ""));
    }

    #[test]
    fn junk_is_no_address() {
        for junk in [
            "",
            "api.example.com",
            "ftp://x",
            "https://",
            "https:///x",
            "https://a@b",
            "https://a b",
            "https://a:b",
            "https://a:0",
            "https://a:+1",
            "https://a:65536",
            "https://a:",
            "https://a?x",
            "https://a#x",
            "https://a/../b",
            "https://a..b",
            "https://[::1",
            "https://[x]",
            "https://a/b c",
            "https://ä.example",
            "https://a\\b",
            "https://a%62",
        ] {
            assert!(Address::parse(junk).is_err(), "{junk}");
        }
    }

    #[test]
    fn origins_are_compared_by_effective_port() {
        let same = |a: &str, b: &str| Address::parse(a).unwrap().has_origin_of(&Address::parse(b).unwrap());
        assert!(same("https://a", "https://A:443/x") && same("http://a:80", "http://a"));
        assert!(
            !same("https://a", "http://a")
                && !same("https://a", "https://a:8443")
                && !same("http://a", "http://b")
        );
    }
}
