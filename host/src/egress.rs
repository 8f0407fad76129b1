//! The one door out.
//!
//! A connector's request leaves in this order, and whatever fails ends it: the destination is checked, then there is a
//! token, then a quota slot, then a connection; what fails and may be sent again is; each attempt leaves a line in the
//! audit. A token is never obtained for a destination that is not allowed, and never sent to one.

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

/// The largest request that is sent, in bytes.
pub const MAX_REQUEST_BYTES: usize = 64 << 20;

/// What requests are for: one call of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// The action's name, such as `isolate-machine`.
    pub action: Arc<str>,
    /// What the action changes: it decides whether a request may be sent again.
    pub effect: Effect,
    /// The API's own limits on the action.
    pub limits: Arc<[Limit]>,
    /// The name under which its requests are counted for these limits, when that is not the action's own: actions that
    /// share a lane share its limits.
    pub lane: Option<Arc<str>>,
    /// When the call must have ended, by the connection's clock.
    pub deadline: Option<Timestamp>,
}

impl Purpose {
    /// What a request of that method changes: GET and HEAD change nothing ([RFC 9110, section 9.2.1]), whatever else the
    /// action does.
    ///
    /// [RFC 9110, section 9.2.1]: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1
    #[must_use]
    pub fn effect_of(&self, method: &Method) -> Effect {
        if *method == Method::GET || *method == Method::HEAD { Effect::Read } else { self.effect }
    }
}

/// The way out of one connection: its destinations, credential, quota and pool.
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
    /// The way out of the profile's connection. Nothing is sent yet.
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

    /// Has a function called whenever a request begins to wait for the quota. It must not block.
    #[must_use]
    pub fn on_wait(mut self, observer: impl Fn(&Waiting) + Send + Sync + 'static) -> Self {
        self.quota = self.quota.on_wait(observer);
        self
    }

    /// The quota.
    #[must_use]
    pub fn quota(&self) -> &Quota {
        &self.quota
    }

    /// What the connection has sent so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.counters.stats(self.destinations.contacted().cloned().collect())
    }

    /// How many times it has begun to send a request. While that stands still, nothing is sent.
    pub(crate) fn begun(&self) -> u64 {
        self.counters.begun.load(Ordering::SeqCst)
    }

    /// Obtains a token anew, if the connection has a credential, and sends nothing else: what a test of a connection
    /// does, to see what the credential is worth now.
    ///
    /// # Errors
    /// Says why there is no token.
    pub async fn sign_in(&self) -> Result<Option<AccessToken>, CredentialError> {
        match &self.credential {
            Some(credential) => credential.fresh().await.map(Some),
            None => Ok(None),
        }
    }
}
