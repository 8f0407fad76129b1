//! Why a connection could not be made.

use std::io;
use std::sync::Arc;

use rustls::InvalidMessage;

use super::{find, innermost};
use crate::egress::destination::Forbidden;
use crate::remedy::Remedy;

/// The hint names `SSL_CERT_FILE` only on platforms where the verifier reads it.
const TLS_HINT: &str = if cfg!(any(windows, target_vendor = "apple", target_os = "android")) {
    "check the clock, and whether a proxy inspects traffic: its root certificate must be in the system's store"
} else {
    "check the clock, and whether a proxy inspects traffic: its root certificate must be in the system's store, or in \
     the file that SSL_CERT_FILE names"
};

/// Why a connection could not be made. Nothing of the request was sent.
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
    /// The server is reachable but does not accept connections on this port.
    #[error("the connection was refused")]
    Refused,
    /// The server could not be reached.
    #[error("the server could not be reached: {0}")]
    Unreachable(Arc<str>),
    /// No connection could be made within [`CONNECT_TIMEOUT`](super::CONNECT_TIMEOUT).
    #[error("no connection could be made in time")]
    TimedOut,
    /// This process has reached its limit of open files and connections.
    #[error("this process has reached its limit of open files and connections")]
    OutOfFiles,
    /// TLS could not be agreed on, or the certificate is not trusted.
    #[error("no secure connection could be made: {0}")]
    Tls(Arc<str>),
    /// The server did not answer the TLS handshake with TLS.
    #[error("no secure connection could be made: the server does not seem to speak TLS on that port")]
    NotTls,
    /// The platform's trusted certificates cannot be used.
    #[error("the platform's trusted certificates cannot be used: {0}")]
    Roots(Arc<str>),
    /// The proxy did not make the connection.
    #[error("the proxy could not connect: {0}")]
    Proxy(Arc<str>),
    /// The connection closed before anything of the request was written.
    #[error("the connection closed before the request was written: {0}")]
    Closed(Arc<str>),
    /// The address is one that cannot be dialled.
    #[error("the address cannot be dialled: {0}")]
    Address(Box<str>),
}

impl DialError {
    pub(super) fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        if let Some(dial) = find::<Self>(error) {
            return dial.clone();
        }
        let io = find::<io::Error>(error);
        match io.map(io::Error::kind) {
            _ if io.is_some_and(out_of_files) => Self::OutOfFiles,
            Some(io::ErrorKind::ConnectionRefused) => Self::Refused,
            Some(io::ErrorKind::TimedOut) => Self::TimedOut,
            _ => Self::Unreachable(innermost(error)),
        }
    }

    pub(super) fn of_handshake(error: &io::Error) -> Self {
        match find::<rustls::Error>(error) {
            // A server that speaks plain HTTP: its first byte does not begin a TLS record.
            Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => Self::NotTls,
            _ => Self::Tls(innermost(error)),
        }
    }

    /// Whether the failure may be temporary.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        !matches!(
            self,
            Self::Forbidden(_)
                | Self::Tls(_)
                | Self::NotTls
                | Self::Roots(_)
                | Self::Proxy(_)
                | Self::Address(_)
        )
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Remedy {
        let words = match self {
            Self::Dns { .. } => "check the address and the network's name resolution",
            Self::Forbidden(_) => {
                "a public name that leads to a private address is a mistake or an attack; check what it resolves to"
            }
            Self::Refused | Self::Closed(_) => {
                "check that the address and port are right and the service is up"
            }
            Self::Unreachable(_) | Self::TimedOut => {
                "check the network; behind a proxy, set HTTPS_PROXY (and NO_PROXY for what it must not serve)"
            }
            Self::OutOfFiles => {
                "allow the process more open files (`ulimit -n`, or LimitNOFILE= of systemd), or have it do less at a time"
            }
            Self::NotTls => "check the port; a server that speaks plain HTTP has an address with http://",
            Self::Tls(_) => TLS_HINT,
            Self::Roots(_) => {
                "install the system's certificate store: the package ca-certificates, on most Linux"
            }
            Self::Proxy(_) => "check HTTPS_PROXY: its address, user and password, and what it may reach",
            Self::Address(_) => "check the address",
        };
        words.into()
    }
}

/// Whether the system has no descriptor left for a file or a connection.
pub(super) fn out_of_files(error: &io::Error) -> bool {
    // EMFILE and ENFILE are 24 and 23 on all of Unix; 10024 is WSAEMFILE.
    let codes: &[i32] = if cfg!(windows) { &[10024] } else { &[23, 24] };
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn running_out_of_files_is_said_as_such() {
        for code in [23, 24] {
            let error = io::Error::from_raw_os_error(code);
            assert!(out_of_files(&error));
            let dial = DialError::of(&error);
            assert_eq!((&dial, dial.is_passing()), (&DialError::OutOfFiles, true));
            assert!(dial.hint().to_string().contains("ulimit -n"), "{}", dial.hint());
        }
        for kind in [io::ErrorKind::ConnectionRefused, io::ErrorKind::TimedOut, io::ErrorKind::Other] {
            assert!(!out_of_files(&kind.into()));
        }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let text = || "x".into();
        for (error, passing) in [
            (DialError::Dns { name: "x".into(), message: "x".into() }, true),
            (DialError::Refused, true),
            (DialError::Unreachable(text()), true),
            (DialError::TimedOut, true),
            (DialError::OutOfFiles, true),
            (DialError::Closed(text()), true),
            (DialError::Tls(text()), false),
            (DialError::NotTls, false),
            (DialError::Roots(text()), false),
            (DialError::Proxy(text()), false),
            (DialError::Address("x".into()), false),
        ] {
            assert_eq!(error.is_passing(), passing, "{error:?}");
        }
    }

    #[test]
    fn an_io_error_tells_what_went_wrong() {
        let of = |kind: io::ErrorKind| DialError::of(&io::Error::from(kind));
        assert_eq!(of(io::ErrorKind::ConnectionRefused), DialError::Refused);
        assert_eq!(of(io::ErrorKind::TimedOut), DialError::TimedOut);
        assert!(matches!(of(io::ErrorKind::HostUnreachable), DialError::Unreachable(_)));
    }
}
