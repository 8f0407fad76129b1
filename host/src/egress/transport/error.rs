//! Why there is no connection.

use std::io;
use std::sync::Arc;

use super::{find, innermost};
use crate::egress::destination::Forbidden;

/// No connection: nothing of the request was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// The name resolves to nothing.
    #[error("the name {name} could not be resolved: {message}")]
    Dns {
        /// The name.
        name: Box<str>,
        /// What the resolver said.
        message: Box<str>,
    },
    /// The name resolves to, or is, an address that may not be dialled.
    #[error("{0}")]
    Forbidden(#[from] Forbidden),
    /// The server is there and does not accept connections on that port.
    #[error("the connection was refused")]
    Refused,
    /// The server could not be reached.
    #[error("the server could not be reached: {0}")]
    Unreachable(Arc<str>),
    /// There was no connection within [`CONNECT_TIMEOUT`](super::CONNECT_TIMEOUT).
    #[error("there was no connection in time")]
    TimedOut,
    /// TLS could not be agreed on, or the certificate is not trusted.
    #[error("no secure connection: {0}")]
    Tls(Arc<str>),
    /// The platform's trusted certificates cannot be used.
    #[error("the platform's trusted certificates cannot be used: {0}")]
    Roots(Arc<str>),
    /// The proxy did not make the connection.
    #[error("the proxy made no connection: {0}")]
    Proxy(Arc<str>),
    /// The connection closed before anything of the request was written.
    #[error("the connection closed before the request was written: {0}")]
    Closed(Arc<str>),
    /// The address cannot be dialled.
    #[error("the address cannot be dialled: {0}")]
    Address(Box<str>),
}

impl DialError {
    pub(super) fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        if let Some(dial) = find::<Self>(error) {
            return dial.clone();
        }
        match find::<io::Error>(error).map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => Self::Refused,
            Some(io::ErrorKind::TimedOut) => Self::TimedOut,
            _ => Self::Unreachable(innermost(error)),
        }
    }

    /// Whether it may pass by itself.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        !matches!(
            self,
            Self::Forbidden(_) | Self::Tls(_) | Self::Roots(_) | Self::Proxy(_) | Self::Address(_)
        )
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Dns { .. } => "check the address and the network's name resolution",
            Self::Forbidden(_) => {
                "a public name that leads inside is a mistake or an attack; check what the name resolves to"
            }
            Self::Refused | Self::Closed(_) => {
                "check that the address and port are right and the service is up"
            }
            Self::Unreachable(_) | Self::TimedOut => {
                "check the network; behind a proxy, set HTTPS_PROXY (and NO_PROXY for what it must not serve)"
            }
            Self::Tls(_) => {
                "check the clock, and whether a proxy inspects traffic: its root certificate must be in the system's store"
            }
            Self::Roots(_) => {
                "install the system's certificate store: the package ca-certificates, on most Linux"
            }
            Self::Proxy(_) => "check HTTPS_PROXY: its address, user and password, and what it may reach",
            Self::Address(_) => "check the address",
        }
    }
}
