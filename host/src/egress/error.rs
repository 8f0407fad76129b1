//! Why a request has no complete reply.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::credential::CredentialError;
use super::destination::{Denied, Forbidden, Origin};
use super::quota::QuotaError;
use super::transport::{DialError, TransportError};
use crate::remedy::Remedy;

/// Why a request has no reply, or only part of one. No variant holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum EgressError {
    /// The destination is not one that the connection may reach. Nothing was sent.
    #[error(transparent)]
    DestinationDenied(#[from] Box<Denied>),
    /// The destination's name resolves to an address that is not on the public internet. Nothing was sent.
    #[error("{origin} leads to an address that may not be dialled: {forbidden}")]
    AddressDenied {
        /// The origin that the request was for.
        origin: Box<Origin>,
        /// The address, and what kind it is.
        forbidden: Forbidden,
    },
    /// No token could be obtained. Nothing was sent.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The connection's quota or one of the action's own limits is used up, and the call cannot wait long
    /// enough. Nothing was sent.
    #[error(transparent)]
    Quota(#[from] QuotaError),
    /// No connection could be made. Nothing was sent.
    #[error("{origin} was not reached: {error}")]
    NotSent {
        /// The origin that the request was for.
        origin: Box<Origin>,
        /// Why there was no connection.
        error: Arc<DialError>,
    },
    /// The server said that it did not process the request; see [`TransportError::Refused`]. Nothing was
    /// changed.
    #[error("{origin} turned the request away before it was processed: {message}")]
    Refused {
        /// The origin that the request was for.
        origin: Box<Origin>,
        /// What happened.
        message: Arc<str>,
    },
    /// The time was up before the reply was complete.
    #[error("{origin} did not answer in time{}", if *sent { "; the request may have been carried out" } else { "; the request was not sent" })]
    Timeout {
        /// The origin that the request was for.
        origin: Box<Origin>,
        /// Whether the request may have been sent.
        sent: bool,
    },
    /// The connection was lost before the reply, or in the middle of it. The request may have been carried out.
    #[error("the connection to {origin} was lost: {message}")]
    Broken {
        /// The origin that the request was for.
        origin: Box<Origin>,
        /// What happened.
        message: Arc<str>,
    },
    /// The reply is larger than the connection accepts. The request was carried out.
    #[error("the reply of {origin} is larger than {limit} bytes")]
    ReplyTooLarge {
        /// The origin that the request was for.
        origin: Box<Origin>,
        /// The largest reply that the connection accepts, in bytes.
        limit: u64,
    },
    /// The request is larger than the host allows. Nothing was sent.
    #[error("the request is larger than {limit} bytes")]
    RequestTooLarge {
        /// The largest request that the host sends, in bytes.
        limit: usize,
    },
}

impl EgressError {
    pub(super) fn of(error: TransportError, origin: &Origin) -> Self {
        let origin = Box::new(origin.clone());
        match error {
            TransportError::NotSent(error) => match *error {
                DialError::Forbidden(forbidden) => Self::AddressDenied { origin, forbidden },
                _ => Self::NotSent { origin, error },
            },
            TransportError::Withheld => Self::Timeout { origin, sent: false },
            TransportError::Refused(message) => Self::Refused { origin, message },
            TransportError::Closing(message) | TransportError::Broken(message) => {
                Self::Broken { origin, message }
            }
            TransportError::Timeout { sent } => Self::Timeout { origin, sent },
        }
    }

    /// Whether the API may have processed the request, so that a change may have been made.
    #[must_use]
    pub fn may_have_been_processed(&self) -> bool {
        match self {
            Self::Timeout { sent, .. } => *sent,
            Self::Broken { .. } | Self::ReplyTooLarge { .. } => true,
            _ => false,
        }
    }

    /// The forbidden address, if that is the reason.
    #[must_use]
    pub fn forbidden_address(&self) -> Option<IpAddr> {
        match self {
            Self::AddressDenied { forbidden, .. } => Some(forbidden.address()),
            _ => None,
        }
    }

    /// How long to wait before trying again, in whole seconds rounded up, if known.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::Quota(QuotaError::Throttled(throttled)) => Some(ceil_seconds(throttled.retry_after)),
            Self::Credential(CredentialError::Busy { retry_after_seconds, .. }) => *retry_after_seconds,
            _ => None,
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Option<Remedy> {
        Some(match self {
            Self::DestinationDenied(denied) => denied.hint(),
            Self::AddressDenied { .. } => {
                "a public name that leads to a private address is a mistake or an attack; check what it resolves to"
                    .into()
            }
            Self::Credential(error) => error.hint(),
            Self::Quota(QuotaError::Throttled(throttled)) if throttled.waits => Remedy::WaitForQuota,
            Self::Quota(QuotaError::Throttled(_)) => {
                "set `when-exceeded = \"wait\"` to have calls wait for their turn, or call less often".into()
            }
            Self::Quota(_) => return None,
            Self::NotSent { error, .. } => error.hint(),
            Self::Refused { .. } => "the server has too much to do, or is being replaced: call again".into(),
            Self::Timeout { sent: false, .. } => Remedy::RaiseTimeout,
            Self::Timeout { .. } | Self::Broken { .. } => {
                "check whether it was done before doing it again; a read can simply be repeated".into()
            }
            Self::ReplyTooLarge { .. } => "ask for less, or set `max-reply-bytes` higher".into(),
            Self::RequestTooLarge { .. } => "send less at a time".into(),
        })
    }
}

fn ceil_seconds(duration: Duration) -> u32 {
    let seconds = duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0));
    u32::try_from(seconds).unwrap_or(u32::MAX)
}
