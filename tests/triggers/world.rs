//! What the tests of triggers share: an API at which alerts appear, and a receiver of events.

use std::sync::Arc;
use std::time::Duration;

use defender_simulator::{Moment, NewAlert, Simulator};
use serde_json::{Value, json};

use crate::support::home::{Home, simulator};
use crate::support::server::{Answer, Received, Server};

/// Connections' tables, so that no quota holds a test up.
pub(crate) const NO_QUOTA: &str =
    "[connections.default.quota]\ncalls = 1000000\nperiod-seconds = 1\naction-limits = false\n";

/// A secret to sign with, and another.
pub(crate) const SECRETS: [&str; 2] = [
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr",
    "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDC2FVsBQIhrsc",
];

/// An API without limits.
pub(crate) async fn api() -> Arc<Simulator> {
    Arc::new(simulator(json!({ "limits": { "mode": "off" }, "log": { "enabled": false } })).await)
}

/// A home with a connection to the API, without a quota to speak of.
pub(crate) fn home(api: &Simulator) -> Home {
    Home::with(api, NO_QUOTA)
}

/// Lets alerts appear, a millisecond after one another; their ids, in order. The first comes after `since`.
pub(crate) fn alerts(api: &Simulator, since: Moment, range: std::ops::Range<usize>) -> Vec<String> {
    let add = |number: usize| {
        let created = since.after(Duration::from_millis(number as u64 + 1));
        let id = format!("alert-{number:06}");
        api.add_alert(NewAlert {
            id: Some(id),
            alert_creation_time: Some(created),
            visible_from: Some(since),
            ..NewAlert::default()
        })
    };
    range.map(add).collect()
}

/// The words of a watch that brings new alerts to a receiver, looking for them that often.
pub(crate) fn watching<'a>(to: &'a str, since: &'a str, interval: &'a str) -> [&'a str; 9] {
    ["watch", "new-alerts", "--to", to, "--since", since, "--allow-loopback-http", "--interval", interval]
}

/// The ids of events, in order of arrival.
pub(crate) fn ids(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| event["id"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The same, without those that came again at once.
pub(crate) fn without_repeats(mut ids: Vec<String>) -> Vec<String> {
    ids.dedup();
    ids
}

/// A receiver that answers with a status.
pub(crate) async fn receiver(status: u16) -> Server {
    let server = Server::start().await.expect("loopback has a free port");
    answer(&server, status, &[]);
    server
}

pub(crate) fn answer(server: &Server, status: u16, headers: &[(&str, &str)]) {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    server.answer(Answer { status, headers, ..Answer::default() });
}

/// The events that a receiver got, in the structured mode.
pub(crate) fn events(received: &[Received]) -> Vec<Value> {
    received.iter().map(|request| serde_json::from_slice(&request.body).expect("events are JSON")).collect()
}

/// Lines of JSON.
pub(crate) fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}
