//! The triggers that start a workflow.

mod alerts;
mod checkpoint;
mod lateness;
mod notification;
mod poll;
mod question;
mod remediation;
mod settings;
mod start;
mod subscription;
mod sweep;

use crate::Connector;
use crate::bindings::exports::defender::atp::triggers::{
    AlertBatch, AlertNotification, Guest, PollOptions, RemediationActivityBatch, Subscription,
};
use crate::failure::Failure;
use crate::prelude::*;

impl Guest for Connector {
    fn poll_new_alerts(checkpoint: Option<String>, options: PollOptions) -> Result<AlertBatch, Failure> {
        alerts::poll(checkpoint.as_deref(), &options)
    }

    fn subscribe_to_alerts(notification_url: String) -> Result<Subscription, Failure> {
        subscription::subscribe(&notification_url)
    }

    fn unsubscribe_from_alerts(subscription_id: String) -> Result<String, Failure> {
        subscription::unsubscribe(subscription_id)
    }

    fn parse_alert_notification(body: String) -> Result<Vec<AlertNotification>, Failure> {
        notification::parse(&body)
    }

    fn poll_new_remediation_activities(
        checkpoint: Option<String>,
        options: PollOptions,
    ) -> Result<RemediationActivityBatch, Failure> {
        remediation::poll(checkpoint.as_deref(), &options)
    }
}

#[cfg(test)]
mod tests;
