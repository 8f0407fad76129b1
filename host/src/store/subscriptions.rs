//! Standing requests to be notified.

use super::StoreError;

/// What a transaction can do with subscriptions.
///
/// A watch of a pushed trigger has at most one. It is noted before it is asked for, so that a crash leaves none that
/// nobody knows of.
pub trait Subscriptions {
    /// The subscription of a watch.
    ///
    /// # Errors
    /// When the store fails.
    fn subscription(&mut self, watch: &str) -> Result<Option<Subscription>, StoreError>;

    /// Notes the subscription of a watch, or that it has none.
    ///
    /// # Errors
    /// When the store fails.
    fn set_subscription(
        &mut self,
        watch: &str,
        subscription: Option<&Subscription>,
    ) -> Result<(), StoreError>;

    /// The names of all watches that have a subscription, in order. Not to be joined with anything else in a transaction.
    ///
    /// # Errors
    /// When the store fails.
    fn subscribed(&mut self) -> Result<Vec<String>, StoreError>;
}

/// A standing request to be notified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// How far it is.
    pub state: SubscriptionState,
    /// Where notifications are sent, without the secret part.
    pub address: String,
    /// The SHA-256 digest of the secret part, in hexadecimal: whoever reads the store cannot send notifications.
    pub digest: String,
}

/// How far a subscription is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubscriptionState {
    /// It has been asked for, or is about to be. Without an answer, nobody knows whether it exists.
    Asked,
    /// It exists, under this id.
    Held(String),
    /// Its end has been asked for, or is about to be.
    Ending(String),
}
