//! Keeps a subscription while the server runs.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::watch;

use super::state::Entry;
use super::{Observer, Report, asked};
use crate::triggers::webhook::{Inbox, SubscribeError};

/// How long to wait before the second attempt to subscribe; the wait grows with each attempt.
const PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Keeps the subscription of one pushed trigger.
pub(super) struct Standing {
    pub(super) name: Arc<str>,
    pub(super) inbox: Inbox,
    pub(super) address: String,
    pub(super) path_secret: Option<SecretString>,
    pub(super) resubscribe: bool,
    pub(super) unsubscribe: bool,
    pub(super) entry: Arc<Entry>,
    pub(super) observer: Arc<Observer>,
}

impl Standing {
    /// Subscribes, and, if so configured, unsubscribes when the server shuts down.
    pub(super) async fn keep(self, mut left: watch::Receiver<bool>) {
        if let Some(secret) = &self.path_secret {
            self.inbox.gate().admit(secret.expose_secret());
            self.entry.set_subscribed();
            return;
        }
        let mut pause = PAUSE;
        let mut known = None;
        loop {
            match self.subscribe(&mut left.clone()).await {
                Ok(()) => break,
                Err(SubscribeError::Ended { .. }) => return,
                Err(error) => {
                    let message = error.to_string();
                    self.entry.set_unsubscribed(&message);
                    // A repeated failure is reported only once.
                    if known.as_ref() != Some(&message) {
                        (self.observer)(&self.name, &Report::NotSubscribed(&error));
                        known = Some(message);
                    }
                    if !error.is_passing() {
                        break;
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                () = asked(&mut left) => return,
            }
        }
        asked(&mut left).await;
        if !self.unsubscribe {
            return;
        }
        // A subscription in an unknown state was already reported when that was discovered.
        if let Err(error) = self.inbox.unsubscribe().await
            && !matches!(error, SubscribeError::Unknown { .. } | SubscribeError::CannotSubscribe(_))
        {
            (self.observer)(&self.name, &Report::NotSubscribed(&error));
        }
    }

    async fn subscribe(&self, left: &mut watch::Receiver<bool>) -> Result<(), SubscribeError> {
        if self.resubscribe {
            self.inbox.forget_unknown().await?;
        }
        self.inbox.subscribe_until(&self.address, asked(left)).await?;
        self.entry.set_subscribed();
        (self.observer)(&self.name, &Report::Subscribed);
        Ok(())
    }
}
