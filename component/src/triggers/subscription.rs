//! Subscriptions to new alerts, as the published connector's own backend accepts them.

use crate::bindings::exports::workflow::connector::connector_triggers::Subscription;
use crate::call::{accepted, call};
use crate::contract::Operation;
use crate::failure::{Failure, invalid};
use crate::prelude::*;
use crate::request::{delete, post};

/// Subscribes a URL. Everything else is the same in all subscriptions.
pub(super) fn subscribe(notification_url: &str) -> Result<Subscription, Failure> {
    let is_url = ["https://", "http://"].iter().any(|scheme| notification_url.starts_with(scheme));
    if !is_url || notification_url.chars().any(|letter| letter.is_control() || letter == ' ') {
        return Err(invalid("notification-url", "is not an absolute http or https URL"));
    }
    let subscription = post(Operation::SubscribeToAlerts, "/subscriptions")
        .field("clientState", "flow")
        .field("changeType", "created")
        .field("resource", "alerts")
        .field("expirationDateTime", "2038-09-20T12:00:00Z")
        .field("notificationUrl", notification_url);
    call(subscription)
}

/// Ends a subscription. The content of the reply does not matter.
pub(super) fn unsubscribe(subscription_id: String) -> Result<String, Failure> {
    let subscriptions = delete(Operation::UnsubscribeFromAlerts, "/subscriptions");
    accepted(subscriptions.id("subscription-id", &subscription_id))?;
    Ok(subscription_id)
}
