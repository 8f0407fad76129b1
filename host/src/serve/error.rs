//! The errors of setting up a server.

use std::io;
use std::net::SocketAddr;

use crate::triggers::WatchError;

/// Why a server cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The server cannot listen at an address.
    #[error("cannot listen at {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A pushed trigger needs an address at which notifications are received.
    #[error("the trigger `{0}` is pushed, but the server has no address to listen at")]
    NoListener(String),
    /// A watch cannot be built.
    #[error("the trigger `{name}`: {error}")]
    Watch {
        /// The name of the trigger.
        name: String,
        /// Why its watch cannot be built.
        error: Box<WatchError>,
    },
}
