//! The configuration of a proxy.

use std::time::Duration;

use super::{DEFAULT_DEADLINE, Proxy, ProxyError};
use crate::call::Connection;
use crate::egress::destination::Origin;

/// Configures a [`Proxy`].
#[derive(Debug)]
pub struct ProxyBuilder {
    pub(super) connection: Connection,
    pub(super) port: u16,
    pub(super) deadline: Duration,
    pub(super) pages: Vec<Origin>,
}

impl Proxy {
    /// Starts building a proxy of a connection.
    #[must_use]
    pub fn builder(connection: Connection) -> ProxyBuilder {
        ProxyBuilder { connection, port: 0, deadline: DEFAULT_DEADLINE, pages: Vec::new() }
    }
}

impl ProxyBuilder {
    /// Sets the port of 127.0.0.1. The default, 0, picks any free port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Sets how long each request may take, including waits for the quota and retries. The default is
    /// [`DEFAULT_DEADLINE`].
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Allows pages of an origin to use the proxy, by CORS. By default, browsers do not let any page read its
    /// answers. A page needs the key in any case.
    #[must_use]
    pub fn allow_origin(mut self, origin: Origin) -> Self {
        self.pages.push(origin);
        self
    }

    /// Starts serving the connection.
    ///
    /// # Errors
    /// [`ProxyError`] if the port cannot be bound, or no key can be generated.
    pub async fn start(self) -> Result<Proxy, ProxyError> {
        Proxy::serve(self).await
    }
}
