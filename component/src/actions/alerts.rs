//! Alerts: suspicious activity that Defender has found.

use crate::Connector;
use crate::bindings::exports::defender::atp::alerts::{Alert, AlertPage, AlertStatus, Guest, OdataOptions};
use crate::call::call;
use crate::contract::Operation;
use crate::failure::{Failure, invalid_together};
use crate::prelude::*;
use crate::request::{get, patch, post};

impl Guest for Connector {
    fn create_alert(
        machine_id: String,
        report_id: i64,
        event_time: String,
        severity: String,
        category: String,
        title: String,
        description: String,
        recommended_action: String,
    ) -> Result<Alert, Failure> {
        let alert = post(Operation::CreateAlert, "/api/alerts/createAlertByReference")
            .field("machineId", &machine_id)
            .field("severity", &severity)
            .field("title", &title)
            .field("description", &description)
            .field("recommendedAction", &recommended_action)
            .field("eventTime", &event_time)
            // The API expects this number as text.
            .field("reportId", &report_id.to_string())
            .field("category", &category);
        call(alert)
    }

    fn list_alerts(expand: Option<String>, options: OdataOptions) -> Result<AlertPage, Failure> {
        call(get(Operation::ListAlerts, "/api/alerts").query_if("$expand", expand).options(options))
    }

    fn get_alert(alert_id: String) -> Result<Alert, Failure> {
        call(get(Operation::GetAlert, "/api/alerts").id("alert-id", &alert_id))
    }

    fn update_alert(
        alert_id: String,
        status: Option<AlertStatus>,
        assigned_to: Option<String>,
        classification: Option<String>,
        determination: Option<String>,
        comment: Option<String>,
    ) -> Result<Alert, Failure> {
        let texts = [&assigned_to, &classification, &determination, &comment];
        if status.is_none() && texts.into_iter().all(Option::is_none) {
            return Err(invalid_together("there is nothing to update: name at least one value"));
        }
        let alert = patch(Operation::UpdateAlert, "/api/alerts")
            .id("alert-id", &alert_id)
            .field_if("status", status.as_ref())
            .field_if("assignedTo", assigned_to.as_ref())
            .field_if("classification", classification.as_ref())
            .field_if("determination", determination.as_ref())
            .field_if("comment", comment.as_ref());
        call(alert)
    }
}
