//! A place to run cases: a server, and a connection to it.

use connector_host::{Connection, Failure};

use super::file;
use crate::support;
use crate::support::difference::Differences;
use crate::support::server::{Received, Server};

/// The token that the connection adds to each request.
pub(crate) const TOKEN: &str = "case-token";

/// A server and a connection to it, for one action.
pub(crate) struct Bench {
    pub(crate) server: Server,
    pub(crate) connection: Connection,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let server = Server::start().await.expect("a port of this machine is free");
        let connection = support::connect(&server.origin(), TOKEN);
        Self { server, connection }
    }
}

/// Compares a request with what the API must see.
pub(crate) fn compare_request(
    differences: &mut Differences,
    expected: &file::Request,
    found: &Received,
    host: &str,
) {
    differences.compare("request.method", &expected.method, &found.method);
    let target = match expected.query.as_str() {
        "" => expected.path.clone(),
        query => format!("{}?{query}", expected.path),
    };
    differences.compare("request.target", &target, &found.target);
    let body = expected.body.as_deref();
    let found_body = String::from_utf8_lossy(&found.body);
    differences.compare("request.body", body.unwrap_or_default(), &found_body);

    let mut headers = expected.headers.clone();
    headers.insert("host".into(), host.into());
    if let Some(body) = body {
        headers.insert("content-length".into(), body.len().to_string());
    }
    for (name, value) in &headers {
        let place = format!("request.headers.{name}");
        match (value.strip_suffix('*'), found.headers.get(name)) {
            (Some(start), Some(found)) if found.starts_with(start) => {}
            (None, Some(found)) => differences.compare(&place, value, found),
            (_, found) => differences.add(&place, value, found.map_or("nothing", String::as_str)),
        }
    }
    for (name, value) in found.headers.iter().filter(|(name, _)| !headers.contains_key(*name)) {
        differences.add(&format!("request.headers.{name}"), "nothing", value);
    }
}

/// Compares a failure with what the caller must get.
pub(crate) fn compare_failure(differences: &mut Differences, expected: &file::Failure, found: &Failure) {
    let case = found.case.to_string();
    if expected.case != case {
        differences.add("failure.case", &expected.case, &told(found));
    }
    differences.compare("failure.code", &expected.code, &found.code);
    differences.compare("failure.target", &expected.target, &found.target);
    differences.compare("failure.status", &expected.status, &found.status);
    differences.compare(
        "failure.retryAfterSeconds",
        &expected.retry_after_seconds,
        &found.retry_after_seconds,
    );
    differences.compare("failure.missingRoles", &expected.missing_roles, &found.missing_roles);
    differences.compare("failure.parameter", &expected.parameter, &found.parameter);
    let message = expected.message.as_deref().unwrap_or_default();
    if found.message.is_empty() || !found.message.contains(message) {
        differences.add("failure.message", message, &found.message);
    }
}

/// A failure in a line.
pub(crate) fn told(failure: &Failure) -> String {
    format!("{}: {}", failure.case, failure.message)
}
