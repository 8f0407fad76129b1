//! How a proxy is to serve.

use std::time::Duration;

use super::{DEFAULT_DEADLINE, Proxy, ProxyError};
use crate::call::Connection;
use crate::egress::destination::Origin;

/// Settles how a proxy serves its connection.
#[derive(Debug)]
pub struct ProxyBuilder {
    pub(super) connection: Connection,
    pub(super) port: u16,
    pub(super) deadline: Duration,
    pub(super) pages: Vec<Origin>,
}

impl Proxy {
    /// Begins to settle how a connection is served.
    #[must_use]
    pub fn builder(connection: Connection) -> ProxyBuilder {
        ProxyBuilder { connection, port: 0, deadline: DEFAULT_DEADLINE, pages: Vec::new() }
    }
}

impl ProxyBuilder {
    /// The port of 127.0.0.1; any that is free if left out.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// How long each request may take, waiting for the quota and being sent again included; [`DEFAULT_DEADLINE`] if left out.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Lets pages of an origin use the proxy, by CORS. Without this, browsers let no page read what it answers. A page
    /// needs the key all the same.
    #[must_use]
    pub fn allow_origin(mut self, origin: Origin) -> Self {
        self.pages.push(origin);
        self
    }

    /// Serves the connection.
    ///
    /// # Errors
    /// The port cannot be had.
    pub async fn start(self) -> Result<Proxy, ProxyError> {
        Proxy::serve(self).await
    }
}
