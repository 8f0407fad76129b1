//! Records each request exactly as it arrived, and how it ended.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::request::Parts;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::moment::Moment;

/// The options of the request log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct LogOptions {
    /// Whether requests are logged. Switch this off to measure speed.
    pub enabled: bool,
    /// The most requests kept. The oldest are removed first.
    pub capacity: usize,
    /// Whether the JSON view shows tokens and client secrets. Readers in the same process always see them.
    pub secrets: bool,
}

/// A request, whatever its outcome. Requests to the simulator's own administration are not logged.
#[derive(Debug)]
pub struct Arrival {
    /// The request's number in order of arrival, from 1.
    pub sequence: u64,
    /// When the headers had arrived, in real time since the simulator's start.
    pub arrived: Duration,
    /// The same time by the simulator's clock.
    pub arrived_at: Moment,
    /// The operation, by the connector's operation id; `Token` for the token endpoint.
    pub operation: Option<&'static str>,
    /// The HTTP method.
    pub method: String,
    /// The path, undecoded.
    pub path: String,
    /// The query without its question mark, undecoded. `None` if there was no question mark.
    pub query: Option<String>,
    /// The headers in order: lower-case names and raw values. A repeated name appears repeatedly.
    pub headers: Vec<(String, Vec<u8>)>,
    body: OnceLock<Bytes>,
    lenient: OnceLock<Vec<String>>,
    completion: OnceLock<Completion>,
}

/// The end of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// When the answer was ready, in real time since the simulator's start.
    pub completed: Duration,
    /// The status that was sent. `None` if the connection was dropped or raw bytes were sent instead.
    pub status: Option<u16>,
}

/// The log. Its size is bounded, and it can be read while requests arrive.
#[derive(Debug)]
pub(crate) struct Log {
    options: LogOptions,
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    last: u64,
    arrivals: VecDeque<Arc<Arrival>>,
}

/// An arrival as JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ArrivalView {
    sequence: u64,
    arrived_nanoseconds: u64,
    completed_nanoseconds: Option<u64>,
    arrived_at: Moment,
    operation: Option<&'static str>,
    method: String,
    path: String,
    query: Option<String>,
    headers: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lenient: Vec<String>,
    status: Option<u16>,
}

impl Arrival {
    /// The request's body. It is empty until all of it has arrived.
    pub fn body(&self) -> &[u8] {
        self.body.get().map_or(&[], |body| body)
    }

    /// How the request ended, once it has.
    pub fn completion(&self) -> Option<Completion> {
        self.completion.get().copied()
    }

    /// The status that was sent, if any.
    pub fn status(&self) -> Option<u16> {
        self.completion.get().and_then(|completion| completion.status)
    }

    /// The value of the first header with this lower-case name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(candidate, _)| candidate == name)?;
        std::str::from_utf8(value).ok()
    }

    /// The parts of the request that were accepted although the API's documentation does not allow them.
    pub fn lenient(&self) -> &[String] {
        self.lenient.get().map_or(&[], |notes| notes)
    }

    pub(crate) fn receive(&self, body: Bytes) {
        let _ = self.body.set(body);
    }

    pub(crate) fn let_pass(&self, notes: Vec<String>) {
        let _ = self.lenient.set(notes);
    }

    pub(crate) fn complete(&self, completed: Duration, status: Option<u16>) {
        let _ = self.completion.set(Completion { completed, status });
    }

    pub(crate) fn view(&self, secrets: bool) -> ArrivalView {
        let hide_body = !secrets && self.operation == Some(TOKEN);
        let (body, body_base64) = match std::str::from_utf8(self.body()) {
            Ok(_) if hide_body => (Some(without_secrets(&String::from_utf8_lossy(self.body()))), None),
            Ok(text) => (Some(text.to_owned()), None),
            Err(_) => (None, Some(STANDARD.encode(self.body()))),
        };
        let header = |(name, value): &(String, Vec<u8>)| {
            let text = String::from_utf8_lossy(value);
            let shown = if matches!(name.as_str(), "authorization" | "x-identity-header") && !secrets {
                redacted(&text)
            } else {
                text.into_owned()
            };
            (name.clone(), shown)
        };
        ArrivalView {
            sequence: self.sequence,
            arrived_nanoseconds: nanoseconds(self.arrived),
            completed_nanoseconds: self.completion().map(|completion| nanoseconds(completion.completed)),
            arrived_at: self.arrived_at,
            operation: self.operation,
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            headers: self.headers.iter().map(header).collect(),
            body,
            body_base64,
            lenient: self.lenient().to_vec(),
            status: self.status(),
        }
    }
}

impl Log {
    pub(crate) fn new(options: LogOptions) -> Self {
        Self { options, pages: Mutex::default() }
    }

    /// The requests in the log, oldest first.
    pub(crate) fn arrivals(&self) -> Vec<Arc<Arrival>> {
        self.pages().arrivals.iter().cloned().collect()
    }

    /// Clears the log. The numbering continues.
    pub(crate) fn clear(&self) {
        self.pages().arrivals.clear();
    }

    pub(crate) fn options(&self) -> &LogOptions {
        &self.options
    }

    /// Records a request whose headers have just arrived.
    pub(crate) fn open(
        &self,
        parts: &Parts,
        operation: Option<&'static str>,
        clock: &Clock,
    ) -> Option<Arc<Arrival>> {
        if !self.options.enabled {
            return None;
        }
        let headers =
            parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
        let mut arrival = Arrival {
            sequence: 0,
            arrived: clock.real_elapsed(),
            arrived_at: clock.now(),
            operation,
            method: parts.method.as_str().to_owned(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            headers: headers.collect(),
            body: OnceLock::new(),
            lenient: OnceLock::new(),
            completion: OnceLock::new(),
        };
        let mut pages = self.pages();
        pages.last += 1;
        arrival.sequence = pages.last;
        let arrival = Arc::new(arrival);
        while pages.arrivals.len() >= self.options.capacity.max(1) {
            pages.arrivals.pop_front();
        }
        pages.arrivals.push_back(arrival.clone());
        Some(arrival)
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { enabled: true, capacity: 10_000, secrets: false }
    }
}

/// The operation name of token requests, in the log and in faults.
pub(crate) const TOKEN: &str = "Token";
/// The operation name of a person's sign-in.
pub(crate) const SIGN_IN: &str = "SignIn";
/// The operation name of requests for a machine's own identity.
pub(crate) const MANAGED: &str = "ManagedIdentity";

fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

fn redacted(authorization: &str) -> String {
    let scheme = authorization.split_once(' ').map_or("", |(scheme, _)| scheme);
    format!("{scheme} <redacted>")
}

/// A token request's form without the values that prove an identity.
fn without_secrets(form: &str) -> String {
    let shown = |pair: &str| match pair.split_once('=') {
        Some((
            name @ ("client_secret" | "client_assertion" | "refresh_token" | "code" | "device_code"
            | "code_verifier"),
            _,
        )) => {
            format!("{name}=<redacted>")
        }
        _ => pair.to_owned(),
    };
    form.split('&').map(shown).collect::<Vec<_>>().join("&")
}
