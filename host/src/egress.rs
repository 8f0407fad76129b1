//! The only way out for a connector's requests.
//!
//! A request passes these steps in order, and the first failure ends it: the destination is checked, a token
//! is obtained, a quota slot is taken, and a connection is made. A failed attempt is repeated if that is
//! safe, and each attempt leaves a line in the audit log. A token is never obtained for a destination that is
//! not allowed, and never sent to one.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::Method;

use crate::clock::{Clock, Timestamp};
use crate::connection::Profile;
use crate::manifest::{Effect, Limit};
use crate::store::Store;
use crate::vault::Vault;

pub mod audit;
mod challenge;
pub mod credential;
pub mod destination;
mod error;
mod outgoing;
pub mod quota;
mod renewal;
mod reply;
pub mod retry;
mod sending;
#[cfg(test)]
mod tests;
pub mod transport;

use audit::{Counters, Stats};
use credential::{AccessToken, Credential, CredentialError};
use destination::Destinations;
pub use error::EgressError;
use quota::{Quota, Waiting};
pub use reply::ReplyBody;
pub(crate) use sending::Stage;
use transport::Transport;

/// The largest request that may be sent, in bytes.
pub const MAX_REQUEST_BYTES: usize = 64 << 20;

/// What requests are made for: one call of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// The action's name, such as `isolate-machine`.
    pub action: Arc<str>,
    /// What the action changes. This decides whether a request may be sent again.
    pub effect: Effect,
    /// The API's own limits on the action.
    pub limits: Arc<[Limit]>,
    /// The name under which its requests are counted for these limits, if not the action's own. Actions that
    /// share a lane share its limits.
    pub lane: Option<Arc<str>>,
    /// The time by which the call must have ended, by the connection's clock.
    pub deadline: Option<Timestamp>,
}

impl Purpose {
    /// What a request with this method changes: GET and HEAD change nothing ([RFC 9110, section 9.2.1]),
    /// whatever else the action does.
    ///
    /// [RFC 9110, section 9.2.1]: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1
    #[must_use]
    pub fn effect_of(&self, method: &Method) -> Effect {
        if *method == Method::GET || *method == Method::HEAD { Effect::Read } else { self.effect }
    }
}

/// Sends the requests of one connection: its destinations, credential, quota and connection pool.
#[derive(Debug)]
pub struct Egress {
    connection: Arc<str>,
    destinations: Destinations,
    credential: Option<Arc<dyn Credential>>,
    quota: Quota,
    transport: Transport,
    clock: Arc<dyn Clock>,
    timeout: Duration,
    max_reply_bytes: u64,
    counters: Arc<Counters>,
}

impl Egress {
    /// Sets up sending for the profile's connection. Sends nothing yet.
    ///
    /// # Errors
    /// The credential cannot be set up.
    pub fn new(
        profile: &Profile,
        store: Arc<dyn Store>,
        vault: Arc<dyn Vault>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, EgressError> {
        let transport = Transport::new(profile.allow_loopback_http());
        Ok(Self {
            connection: profile.name().into(),
            destinations: Destinations::new(
                profile.name().into(),
                profile.allowed_origins().iter().cloned(),
                profile.allow_loopback_http(),
            ),
            credential: credential::of_profile(profile, &transport, &vault, &clock),
            quota: Quota::new(store, clock.clone(), profile.quota().clone()),
            transport,
            clock,
            timeout: profile.timeout(),
            max_reply_bytes: profile.max_reply_bytes(),
            counters: Arc::default(),
        })
    }

    /// Registers a function that is called whenever a request begins to wait for the quota. It must not
    /// block.
    #[must_use]
    pub fn on_wait(mut self, observer: impl Fn(&Waiting) + Send + Sync + 'static) -> Self {
        self.quota = self.quota.on_wait(observer);
        self
    }

    /// The connection's quota.
    #[must_use]
    pub fn quota(&self) -> &Quota {
        &self.quota
    }

    /// Counts what the connection has sent so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.counters.stats(self.destinations.contacted().cloned().collect())
    }

    /// The number of attempts to send a request that have begun. While it does not change, nothing is sent.
    pub(crate) fn begun(&self) -> u64 {
        self.counters.begun.load(Ordering::SeqCst)
    }

    /// Obtains a new token, if the connection has a credential, and sends nothing else. This tests whether
    /// the credential works now.
    ///
    /// # Errors
    /// No token could be obtained; the error says why.
    pub async fn sign_in(&self) -> Result<Option<AccessToken>, CredentialError> {
        match &self.credential {
            Some(credential) => credential.fresh().await.map(Some),
            None => Ok(None),
        }
    }
}
