//! What happens in the demo: an incident on one machine, from the first look to its release.

use std::time::{Duration, Instant};

use connector_host::manifest::Limit;
use connector_host::{CallError, Connection, FailureCase};
use serde_json::{Value, json};

use super::{check, say};
use crate::error::CliError;
use crate::output;

/// How long a machine action may take in the demo.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often to check a machine action.
const LOOK: Duration = Duration::from_millis(500);

/// The story so far.
pub(super) struct Story<'a> {
    connection: &'a Connection,
    machine: String,
    alert: String,
    replies: Vec<String>,
}

impl<'a> Story<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection, machine: String::new(), alert: String::new(), replies: Vec::new() }
    }

    /// Everything that came back from the sandbox.
    pub(super) fn replies(&self) -> &[String] {
        &self.replies
    }

    /// Records other text that came out of the sandbox.
    pub(super) fn heard(&mut self, said: &[String]) {
        self.replies.extend_from_slice(said);
    }

    pub(super) async fn list_machines(&mut self) -> Result<(), CliError> {
        step("List the active machines at the highest risk")?;
        let input = json!({ "$filter": "healthStatus eq 'Active' and riskScore eq 'High'", "$top": 5 });
        let reply = self.call("list-machines", input).await?;
        let machines = reply["value"].as_array().map_or(&[][..], Vec::as_slice);
        check(!machines.is_empty(), "no machine is active and at high risk")?;
        self.machine = text(&machines[0], "id");
        let rows = machines.iter().map(|machine| {
            indented(
                ["computerDnsName", "osPlatform", "riskScore", "lastIpAddress"].map(|key| text(machine, key)),
            )
        });
        output::listing(&["  computerDnsName", "osPlatform", "riskScore", "lastIpAddress"], rows.collect())
    }

    pub(super) async fn hunt(&mut self) -> Result<(), CliError> {
        step("Hunt for what ran on machines lately")?;
        let query = "DeviceProcessEvents | where Timestamp > ago(7d) | project Timestamp, DeviceName, FileName | take 3";
        say(&format!("  {query}"))?;
        let reply = self.call("run-hunting-query", json!({ "Query": query })).await?;
        let rows = reply["results"].as_array().map_or(&[][..], Vec::as_slice);
        check(
            !rows.is_empty() && reply["schema"].as_array().is_some_and(|columns| columns.len() == 3),
            "no rows",
        )?;
        let rows = rows
            .iter()
            .map(|row| indented(["Timestamp", "DeviceName", "FileName"].map(|key| text(row, key))));
        output::listing(&["  Timestamp", "DeviceName", "FileName"], rows.collect())
    }

    pub(super) async fn isolate(&mut self) -> Result<(), CliError> {
        step("Isolate the machine, and ask for it again while that is pending")?;
        let input = json!({ "Machine ID": self.machine, "Comment": "demo", "IsolationType": "Full" });
        let action = self.call("isolate-machine", input.clone()).await?;
        check(action["status"] == "Pending", "the isolation is not pending")?;
        let again = self.connection.call("isolate-machine", input).await;
        match again {
            Err(CallError::Failed(failure)) if failure.case == FailureCase::PermanentConflict => {
                say(&format!("  The second request is refused: {} ({}).", failure.message, failure.case))?;
            }
            _ => check(false, "a second isolation was not refused")?,
        }
        self.follow(&action).await
    }

    pub(super) async fn tag(&mut self) -> Result<(), CliError> {
        step("Tag it, so that others know")?;
        let input = json!({ "Machine ID": self.machine, "Value": "under investigation", "Action": "Add" });
        let machine = self.call("tag-machine", input).await?;
        check(machine["machineTags"].to_string().contains("under investigation"), "the tag is not there")?;
        say(&format!("  Tags are now {}.", machine["machineTags"]))
    }

    pub(super) async fn update_alert(&mut self) -> Result<(), CliError> {
        step("Take the newest alert that is still new")?;
        let input = json!({ "$filter": "status eq 'New'", "$orderby": "alertCreationTime desc", "$top": 1 });
        let alerts = self.call("list-alerts", input).await?;
        self.alert = text(&alerts["value"][0], "id");
        check(!self.alert.is_empty(), "there is no new alert")?;
        let input =
            json!({ "Alert ID": self.alert, "status": "InProgress", "assignedTo": "analyst@contoso.com" });
        let alert = self.call("update-alert", input).await?;
        check(
            alert["status"] == "InProgress" && alert["assignedTo"] == "analyst@contoso.com",
            "it did not change",
        )?;
        say(&format!("  {} \"{}\" is now InProgress.", self.alert, text(&alert, "title")))
    }

    pub(super) async fn release(&mut self) -> Result<(), CliError> {
        step("Release the machine")?;
        let input = json!({ "Machine ID": self.machine, "Comment": "demo over" });
        let action = self.call("unisolate-machine", input).await?;
        self.follow(&action).await
    }

    /// Makes more calls than a small quota allows: the last ones wait, and the API never sees too many.
    pub(super) async fn hurry(&mut self, hurried: &Connection, limit: Limit) -> Result<(), CliError> {
        step(&format!(
            "Use up a quota of {} calls in {} s, then make a call that may not wait, and one that may",
            limit.calls, limit.period_seconds
        ))?;
        let began = Instant::now();
        for _ in 0..limit.calls {
            self.replies
                .push(hurried.call("get-machine", json!({ "Machine ID": self.machine })).await?.into_json());
        }
        let quick = began.elapsed();
        let impatient = hurried
            .call_within(Duration::from_millis(200), "get-machine", json!({ "Machine ID": self.machine }))
            .await;
        match impatient {
            Err(CallError::Failed(failure)) if failure.case == FailureCase::Throttled => {
                say(&format!("  A call with no time to wait is refused at once: {}.", failure.message))?;
            }
            _ => check(false, "a call over the quota was not refused")?,
        }
        self.replies
            .push(hurried.call("get-machine", json!({ "Machine ID": self.machine })).await?.into_json());
        let slow = began.elapsed();
        check(slow >= limit.period(), "the quota did not hold")?;
        say(&format!(
            "  {} calls took {} ms; the next one waited for its slot and came at {:.1} s.",
            limit.calls,
            quick.as_millis(),
            slow.as_secs_f32()
        ))
    }

    /// Waits until a machine action has succeeded.
    async fn follow(&mut self, action: &Value) -> Result<(), CliError> {
        let id = text(action, "id");
        let began = Instant::now();
        let mut seen = vec![text(action, "status")];
        while began.elapsed() < PATIENCE {
            let status =
                text(&self.call("get-machine-action", json!({ "Machine Action ID": id })).await?, "status");
            if seen.last() != Some(&status) {
                seen.push(status.clone());
            }
            match status.as_str() {
                "Succeeded" => return say(&format!("  {}: {}", text(action, "type"), seen.join(" -> "))),
                "Pending" | "InProgress" => tokio::time::sleep(LOOK).await,
                other => check(false, &format!("the action ended as {other}"))?,
            }
        }
        check(false, "the action took too long")
    }

    async fn call(&mut self, action: &str, input: Value) -> Result<Value, CliError> {
        let reply = self.connection.call(action, input).await?;
        let value = reply.value();
        self.replies.push(reply.into_json());
        Ok(value)
    }
}

pub(super) fn step(title: &str) -> Result<(), CliError> {
    say("")?;
    say(&format!("* {title}"))
}

/// Indents a row that belongs under a step, as its heading is.
fn indented<const N: usize>(mut cells: [String; N]) -> Vec<String> {
    if let Some(first) = cells.first_mut() {
        first.insert_str(0, "  ");
    }
    cells.into()
}

pub(super) fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}
