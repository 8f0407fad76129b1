//! Asks an API to notify us, and to stop doing so.
//!
//! Each request is recorded on disk before it is sent, so that a crash leaves no subscription that nobody
//! knows of. A request to subscribe whose outcome is unknown is never repeated automatically: notifications
//! at its address are accepted, in case it was granted, until somebody asks to subscribe anew. A process that
//! is told to end while a request waits for a token or for the quota removes the record, since nothing was
//! sent. A process that is killed at that point cannot.

use std::pin::pin;

use futures::future::{Either, select};
use hmac_sha256::Hash;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::gate::{from_text, to_text};
use super::inbox::Inbox;
use super::trigger::{Call, Standing};
use crate::call::{CallError, Reply};
use crate::failure::{Failure, FailureCase};
use crate::remedy::Remedy;
use crate::store::{StoreError, Subscription, SubscriptionState as State};

/// The message for an answer that nobody waited for.
const LOST: &str = "the answer was not waited for";

/// Why a request to subscribe or unsubscribe did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The connector has no functions to subscribe and unsubscribe with.
    #[error("the connector cannot subscribe to `{0}` by itself")]
    CannotSubscribe(String),
    /// The API refused, or could not be reached. Nothing was changed.
    #[error(transparent)]
    Refused(CallError),
    /// It is unknown whether an earlier request was granted.
    #[error(
        "{watch} may or may not be subscribed: an earlier request got no clear answer, or the process was killed before the \
         answer came; the request is not sent again"
    )]
    Unknown {
        /// The name of the watch.
        watch: String,
    },
    /// The process was told to end before anything was sent.
    #[error("{watch} was not subscribed, because it was asked to end")]
    Ended {
        /// The name of the watch.
        watch: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SubscribeError {
    /// Returns what the user can do about it, if anything.
    #[must_use]
    pub fn hint(&self) -> Option<Remedy> {
        match self {
            Self::CannotSubscribe(_) => Some(
                "name the variable that holds a secret for the address in `path-secret-env`, and subscribe by hand"
                    .into(),
            ),
            Self::Refused(error) => error.hint(),
            Self::Unknown { watch } => Some(Remedy::Resubscribe { watch: watch.clone() }),
            Self::Ended { .. } | Self::Store(_) => None,
        }
    }

    /// Returns whether trying again later may help. A request that was refused for lack of a permission may
    /// succeed an hour later, once somebody has granted the permission and it has taken effect.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Store(_) => true,
            Self::CannotSubscribe(_) | Self::Unknown { .. } | Self::Ended { .. } => false,
        }
    }
}

impl Inbox {
    /// Ensures that the API notifies this address, to which a secret path segment is added. An existing
    /// subscription at this address is kept; one at another address is ended first.
    ///
    /// # Errors
    /// See [`SubscribeError`].
    pub async fn subscribe(&self, address: &str) -> Result<(), SubscribeError> {
        self.subscribe_until(address, std::future::pending()).await
    }

    /// Like [`Inbox::subscribe`], but stops when `stop` completes: if nothing was sent by then, nothing will
    /// be; if a request was sent, its answer is still awaited.
    ///
    /// # Errors
    /// See [`SubscribeError`].
    pub async fn subscribe_until(
        &self,
        address: &str,
        stop: impl Future<Output = ()>,
    ) -> Result<(), SubscribeError> {
        let standing = self.standing()?;
        let found = self.noted().await?;
        // In any of its states, the subscription may be sending notifications.
        self.gate().set(found.as_ref().and_then(|found| from_text(&found.digest)));
        match found {
            None => {}
            Some(Subscription { state: State::Asked, .. }) => return Err(self.unknown()),
            Some(found) => match &found.state {
                State::Held(_) if found.address == address => return Ok(()),
                State::Held(id) | State::Ending(id) => self.end(standing, &found, id).await?,
                State::Asked => return Err(self.unknown()),
            },
        }
        self.ask(standing, address, stop).await
    }

    /// Ends the subscription, if there is one. Returns whether there was one.
    ///
    /// # Errors
    /// See [`SubscribeError`]. The subscription then stays recorded.
    pub async fn unsubscribe(&self) -> Result<bool, SubscribeError> {
        let standing = self.standing()?;
        match self.noted().await? {
            Some(found) => match &found.state {
                State::Asked => Err(self.unknown()),
                State::Held(id) | State::Ending(id) => self.end(standing, &found, id).await.map(|()| true),
            },
            None => Ok(false),
        }
    }

    /// Forgets a request whose outcome is unknown, so that it may be repeated. Returns whether there was one.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn forget_unknown(&self) -> Result<bool, StoreError> {
        match self.noted().await? {
            Some(Subscription { state: State::Asked, .. }) => self.note(None).await.map(|()| true),
            _ => Ok(false),
        }
    }

    async fn ask(
        &self,
        standing: &Standing,
        address: &str,
        stop: impl Future<Output = ()>,
    ) -> Result<(), SubscribeError> {
        let secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let digest = Hash::hash(secret.as_bytes());
        let asked =
            Subscription { state: State::Asked, address: address.to_owned(), digest: to_text(digest) };
        self.note(Some(asked.clone())).await?;
        // The first notification may arrive before the answer does.
        self.gate().set(Some(digest));
        let address = format!("{address}/{secret}");
        let Some(answer) = self.call_until(&standing.subscribe, &address, stop).await else {
            self.gate().set(None);
            self.note(None).await?;
            return Err(SubscribeError::Ended { watch: self.watch().to_owned() });
        };
        match answer {
            Ok(reply) => {
                let answer: Option<Map<String, Value>> = reply.parse().ok();
                let id = answer.as_ref().and_then(|answer| answer.get(&*standing.id)?.as_str());
                let id = id.ok_or_else(|| self.unknown())?;
                let held = Subscription { state: State::Held(id.to_owned()), ..asked };
                Ok(self.note(Some(held)).await?)
            }
            Err(error) if changed_nothing(&error) => {
                self.gate().set(None);
                self.note(None).await?;
                Err(SubscribeError::Refused(error))
            }
            Err(_) => Err(self.unknown()),
        }
    }

    /// Ends a subscription. Doing so twice does no harm, because its id is never reused for another.
    async fn end(&self, standing: &Standing, found: &Subscription, id: &str) -> Result<(), SubscribeError> {
        self.note(Some(Subscription { state: State::Ending(id.to_owned()), ..found.clone() })).await?;
        match self.call(&standing.unsubscribe, id).await {
            Ok(_) => {}
            Err(error) if error.failure().case == FailureCase::PermanentNotFound => {}
            Err(error) => return Err(SubscribeError::Refused(error)),
        }
        self.gate().set(None);
        Ok(self.note(None).await?)
    }

    async fn call(&self, call: &Call, argument: &str) -> Result<Reply, CallError> {
        let input = Map::from_iter([(call.parameter.to_string(), argument.into())]);
        self.trigger().connection().call(&call.function, Value::Object(input)).await
    }

    /// Like [`Inbox::call`], but returns `None` if `stop` completes before anything was sent; then nothing is
    /// sent.
    async fn call_until(
        &self,
        call: &Call,
        argument: &str,
        stop: impl Future<Output = ()>,
    ) -> Option<Result<Reply, CallError>> {
        let egress = self.trigger().connection().egress();
        let before = egress.begun();
        let mut answer = Box::pin(self.call(call, argument));
        match select(answer.as_mut(), pin!(stop)).await {
            Either::Left((answer, _)) => return Some(answer),
            Either::Right(_) if egress.begun() != before => return Some(answer.await),
            Either::Right(_) => {}
        }
        drop(answer);
        // The request may have been sent after all, between the check and the end of the call.
        let lost = || CallError::Failed(Box::new(Failure::new(FailureCase::PermanentOutcomeUnknown, LOST)));
        (egress.begun() != before).then(|| Err(lost()))
    }

    fn standing(&self) -> Result<&Standing, SubscribeError> {
        let pushed = self.trigger().description();
        pushed.standing.as_ref().ok_or_else(|| SubscribeError::CannotSubscribe(pushed.name.clone()))
    }

    fn unknown(&self) -> SubscribeError {
        SubscribeError::Unknown { watch: self.watch().to_owned() }
    }

    /// Returns the name of the watch in the store.
    fn watch(&self) -> &str {
        self.shared.ledger.watch()
    }

    async fn noted(&self) -> Result<Option<Subscription>, StoreError> {
        self.shared.ledger.subscription().await
    }

    async fn note(&self, subscription: Option<Subscription>) -> Result<(), StoreError> {
        self.shared.ledger.set_subscription(subscription).await
    }
}

/// Returns whether a request to subscribe that failed like this has certainly not been granted.
fn changed_nothing(error: &CallError) -> bool {
    !matches!(
        error.failure().case,
        FailureCase::PermanentOutcomeUnknown
            | FailureCase::PermanentUnexpectedReply
            | FailureCase::ExecutionFailed
    )
}
