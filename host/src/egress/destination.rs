//! Where a connector may send requests: to exact origins only.
//!
//! An origin is a scheme, a host and a port ([RFC 6454]). There are no wildcards and no suffixes, so
//! `evilexample.com` cannot pass as `example.com`, and an empty list denies everything. A host that could be
//! read in two ways (`127.1`, `0x7f.1`, `example.com.`, `::ffff:127.0.0.1`) is refused rather than
//! interpreted, because the next parser might read it differently.
//!
//! [RFC 6454]: https://www.rfc-editor.org/rfc/rfc6454#section-4

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Uri;

use crate::remedy::Remedy;

mod address;
mod origin;
#[cfg(test)]
mod tests;

pub use address::Forbidden;
pub use origin::{Origin, OriginError, Scheme};

/// The host of an origin, in the one spelling that is accepted for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Host {
    /// A domain name: ASCII, lower case, no trailing dot; internationalised labels as `xn--…`.
    Name(Box<str>),
    /// An IPv4 address in four decimal parts.
    V4(Ipv4Addr),
    /// An IPv6 address in brackets, without a zone.
    V6(Ipv6Addr),
}

impl Host {
    /// Whether the host literally names this machine: `localhost`, `127.0.0.0/8` or `::1`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => &**name == "localhost",
            Self::V4(address) => address.is_loopback(),
            Self::V6(address) => address.is_loopback(),
        }
    }

    /// Returns the address, if the host is an IP address.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::V4(address) => Some(IpAddr::V4(*address)),
            Self::V6(address) => Some(IpAddr::V6(*address)),
        }
    }
}

/// The origins that one connection may reach.
#[derive(Debug)]
pub struct Destinations {
    connection: Arc<str>,
    loopback: bool,
    allowed: Box<[Allowed]>,
}

#[derive(Debug)]
struct Allowed {
    origin: Origin,
    contacted: AtomicBool,
}

impl Destinations {
    /// The origins that the named connection may reach. `loopback` says whether this machine may be among
    /// them.
    #[must_use]
    pub fn new(connection: Arc<str>, origins: impl IntoIterator<Item = Origin>, loopback: bool) -> Self {
        let allowed =
            origins.into_iter().map(|origin| Allowed { origin, contacted: AtomicBool::new(false) }).collect();
        Self { connection, loopback, allowed }
    }

    /// Returns the allowed origin that the address belongs to.
    ///
    /// # Errors
    /// The address may not be reached; the error says why. Nothing has been resolved or sent.
    pub fn admit(&self, uri: &Uri) -> Result<&Origin, Denied> {
        let deny = |reason| Denied {
            connection: self.connection.clone(),
            destination: printable(uri),
            allowed: self.allowed.iter().map(|allowed| allowed.origin.clone()).collect(),
            reason,
        };
        let wanted = Origin::of(uri).map_err(|error| deny(Reason::Unclear(error)))?;
        check_path(uri).map_err(&deny)?;
        let Some(allowed) = self.allowed.iter().find(|allowed| allowed.origin == wanted) else {
            return Err(deny(Reason::NotAllowed(wanted)));
        };
        check_grant(&wanted, self.loopback).map_err(deny)?;
        Ok(&allowed.origin)
    }

    /// Records that a request was sent to the origin.
    pub fn note_contact(&self, origin: &Origin) {
        if let Some(allowed) = self.allowed.iter().find(|allowed| allowed.origin == *origin) {
            allowed.contacted.store(true, Ordering::Relaxed);
        }
    }

    /// The origins that requests have been sent to so far.
    pub fn contacted(&self) -> impl Iterator<Item = &Origin> {
        self.allowed
            .iter()
            .filter(|allowed| allowed.contacted.load(Ordering::Relaxed))
            .map(|allowed| &allowed.origin)
    }

    /// The origins that may be reached.
    pub fn allowed(&self) -> impl Iterator<Item = &Origin> {
        self.allowed.iter().map(|allowed| &allowed.origin)
    }
}

/// Checks whether requests with a credential may go to the origin: anywhere over `https`; over `http`, or to
/// this machine, only with the grant for loopback.
///
/// # Errors
/// Requests may not go there. The error names the missing grant, or says that no grant would help.
pub fn check_grant(origin: &Origin, loopback: bool) -> Result<(), Reason> {
    let here = origin.host().is_loopback();
    match origin.scheme() {
        Scheme::Http if !here => Err(Reason::Insecure(origin.clone())),
        Scheme::Http | Scheme::Https if here && !loopback => Err(Reason::Loopback(origin.clone())),
        Scheme::Http | Scheme::Https => {
            let Some(address) = origin.host().address() else {
                return Ok(());
            };
            check_address(address, here && loopback).map_err(Reason::Address)
        }
    }
}

/// Checks whether a connection may be made to the address.
///
/// # Errors
/// The address may not be dialled; the error says what kind it is. With `loopback`, only this machine's own
/// addresses are allowed; without, only those of the public internet.
pub fn check_address(address: IpAddr, loopback: bool) -> Result<(), Forbidden> {
    match address::classify(address) {
        Some(Forbidden { kind: address::Kind::Loopback, .. }) if loopback => Ok(()),
        None if loopback => Err(Forbidden { address, kind: address::Kind::NotLoopback }),
        Some(forbidden) => Err(forbidden),
        None => Ok(()),
    }
}

/// Checks whether a platform's metadata service may be asked at this origin: over `http` at a link-local
/// address, or on this machine with the grant for loopback.
///
/// # Errors
/// Requests may not go there. The error names the missing grant, or says that no grant would help.
pub fn check_metadata(origin: &Origin, loopback: bool) -> Result<(), Reason> {
    if origin.host().is_loopback() {
        return if loopback { Ok(()) } else { Err(Reason::Loopback(origin.clone())) };
    }
    match origin.host().address() {
        Some(address) => check_metadata_address(address, false).map_err(Reason::Address),
        None => Err(Reason::NotMetadata(origin.clone())),
    }
}

/// Checks whether a connection to a metadata service may be made to the address.
///
/// # Errors
/// The address may not be dialled; the error says what kind it is. With `loopback`, only this machine's own
/// addresses are allowed; without, only those of this link
/// ([RFC 3927](https://www.rfc-editor.org/rfc/rfc3927)).
pub fn check_metadata_address(address: IpAddr, loopback: bool) -> Result<(), Forbidden> {
    let link_local = matches!(address, IpAddr::V4(v4) if v4.is_link_local());
    match address::classify(address) {
        Some(Forbidden { kind: address::Kind::Loopback, .. }) if loopback => Ok(()),
        Some(_) if link_local && !loopback => Ok(()),
        _ if loopback => Err(Forbidden { address, kind: address::Kind::NotLoopback }),
        Some(forbidden) => Err(forbidden),
        None => Err(Forbidden { address, kind: address::Kind::NotLinkLocal }),
    }
}

/// Refuses paths that would be ambiguous on the wire. Any other path is sent byte for byte as the connector
/// wrote it.
fn check_path(uri: &Uri) -> Result<(), Reason> {
    let text = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    if !text.starts_with('/') {
        return Err(Reason::Path("does not begin with `/`"));
    }
    if text.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(Reason::Path("has bytes that must be percent-encoded"));
    }
    if text.contains(['\\', '#']) {
        return Err(Reason::Path("has a `\\` or a `#`, which must be percent-encoded"));
    }
    Ok(())
}

/// The address without user, path and query, cut short and escaped for printing.
fn printable(uri: &Uri) -> Box<str> {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let host = authority.rsplit('@').next().unwrap_or_default();
    let scheme = uri.scheme_str().unwrap_or("?");
    format!("{scheme}://{host}").chars().take(280).flat_map(char::escape_default).collect::<String>().into()
}

/// A request that may not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the connector asked for {destination}, which the connection \"{connection}\" may not reach: {reason}"
)]
pub struct Denied {
    connection: Arc<str>,
    destination: Box<str>,
    allowed: Box<[Origin]>,
    reason: Reason,
}

/// Why a request may not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The origin is not among the allowed ones.
    #[error("{0} is not among its allowed origins")]
    NotAllowed(Origin),
    /// The address could be read in more than one way, or not at all.
    #[error(transparent)]
    Unclear(OriginError),
    /// The path or query could be read in more than one way.
    #[error("its path or query {0}")]
    Path(&'static str),
    /// The credential would travel to the origin unencrypted.
    #[error("{0} is not encrypted")]
    Insecure(Origin),
    /// The origin is this machine, and the connection has no grant for it.
    #[error("{0} is this machine")]
    Loopback(Origin),
    /// The origin is an address that is not on the public internet.
    #[error(transparent)]
    Address(Forbidden),
    /// The origin has a domain name, but metadata services are found at link-local addresses.
    #[error("{0} is not a link-local address, where metadata services are")]
    NotMetadata(Origin),
}

impl Denied {
    /// Why the request may not be sent.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// What to do next: the lines of configuration that would allow the request, if any would.
    #[must_use]
    pub fn hint(&self) -> Remedy {
        let connection = &self.connection;
        match &self.reason {
            Reason::NotAllowed(wanted) if check_grant(wanted, true).is_ok() => {
                let origins: Vec<String> =
                    self.allowed.iter().chain([wanted]).map(|origin| format!("\"{origin}\"")).collect();
                let origins = origins.join(", ");
                let grant = if wanted.host().is_loopback() { "\nallow-loopback-http = true" } else { "" };
                format!(
                    "if you trust the connector with this connection's token there, allow it in the configuration:\n\
                     [connections.{connection}]\nallowed-origins = [{origins}]{grant}"
                )
                .into()
            }
            Reason::Loopback(_) => format!(
                "for tests and simulators, allow it in the configuration:\n\
                 [connections.{connection}]\nallow-loopback-http = true"
            )
            .into(),
            Reason::NotAllowed(_) | Reason::Insecure(_) | Reason::Address(_) | Reason::NotMetadata(_) => {
                "nothing in the configuration allows this; use the API's public https address".into()
            }
            Reason::Unclear(_) | Reason::Path(_) => {
                "this is the connector's doing, not the configuration's; report it to the connector's author"
                    .into()
            }
        }
    }
}
