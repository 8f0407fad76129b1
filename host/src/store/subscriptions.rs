//! Subscriptions: standing requests to an API to notify us.

use super::StoreError;

/// The operations of a transaction on subscriptions.
///
/// A watch of a pushed trigger has at most one subscription. It is recorded before it is requested, so that a
/// crash never leaves a subscription that nobody knows of.
pub trait Subscriptions {
    /// Returns the subscription of a watch.
    ///
    /// # Errors
    /// If the store fails.
    fn subscription(&mut self, watch: &str) -> Result<Option<Subscription>, StoreError>;

    /// Records the subscription of a watch, or that it has none.
    ///
    /// # Errors
    /// If the store fails.
    fn set_subscription(
        &mut self,
        watch: &str,
        subscription: Option<&Subscription>,
    ) -> Result<(), StoreError>;

    /// Returns the names of all watches that have a subscription, in order. Must be the only operation of its
    /// transaction.
    ///
    /// # Errors
    /// If the store fails.
    fn subscribed(&mut self) -> Result<Vec<String>, StoreError>;
}

/// A standing request to an API to notify us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The state of the subscription.
    pub state: SubscriptionState,
    /// The address to which notifications are sent, without its secret part.
    pub address: String,
    /// The SHA-256 digest of the secret part, in hexadecimal. Reading the store is therefore not enough to
    /// send notifications.
    pub digest: String,
}

/// The state of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubscriptionState {
    /// The subscription has been requested, or is about to be. Until there is an answer, it is unknown
    /// whether it exists.
    Asked,
    /// The subscription exists under this id.
    Held(String),
    /// The end of the subscription with this id has been requested, or is about to be.
    Ending(String),
}
