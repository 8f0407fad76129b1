//! `connector connections`: what is configured, and whether it works.

use std::time::{Duration, Instant};

use connector_host::manifest::{Effect, Status};
use connector_host::{Connector, Function, Parameter, Shape};
use serde_json::{Map, Value, json};

use crate::cli::{Format, Globals};
use crate::error::CliError;
use crate::{output, setup};

/// How long a test may take unless told otherwise.
const TEST_DEADLINE: Duration = Duration::from_secs(60);

/// Lists the connections of the configuration file.
pub(crate) fn list(globals: &Globals) -> Result<(), CliError> {
    let connector = setup::connector(globals)?;
    let config = setup::config(globals)?;
    let connections = config.connections().map(|name| {
        Ok(match config.profile(name, connector.manifest()) {
            Ok(profile) => json!({
                "name": name,
                "api": profile.api_url().to_string(),
                "auth": profile.auth().kind(),
                "quota": profile.quota().limit.map_or_else(
                    || "none".to_owned(),
                    |limit| format!("{} in {} s", limit.calls, limit.period_seconds),
                ),
            }),
            Err(error) => json!({ "name": name, "error": error.to_string() }),
        })
    });
    let connections: Vec<Value> = connections.collect::<Result<_, CliError>>()?;
    if matches!(globals.output, Format::Json | Format::Ndjson) {
        return output::document(&connections);
    }
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let rows = connections.iter().map(|connection| {
        let api = text(connection, "api") + &text(connection, "error");
        vec![text(connection, "name"), api, text(connection, "auth"), text(connection, "quota")]
    });
    output::listing(&["NAME", "API", "AUTH", "QUOTA"], rows.collect())
}

/// Signs in and makes one cheap read.
pub(crate) fn test(globals: &Globals) -> Result<(), CliError> {
    let (host, connector) = setup::host(globals)?;
    let connection = setup::connection(globals, &host, &connector)?;
    let (function, input) = cheapest_read(&connector).ok_or_else(|| {
        CliError::usage(
            "the connector has no action that reads without parameters",
            "call an action to test it",
        )
    })?;
    let time = globals.deadline.unwrap_or(TEST_DEADLINE);
    setup::runtime()?.block_on(async {
        let began = Instant::now();
        let signed_in = connection.egress().sign_in().await;
        signed_in.map_err(|error| CliError::Connect(error.into()))?;
        let signed_in_after = began.elapsed();
        connection.call_within(time, &function.action.name, Value::Object(input)).await?;
        let result = json!({
            "connection": connection.profile().name(),
            "api": connection.profile().api_url().to_string(),
            "auth": connection.profile().auth().kind(),
            "signInMilliseconds": millis(signed_in_after),
            "action": function.action.name,
            "milliseconds": millis(began.elapsed() - signed_in_after),
        });
        if matches!(globals.output, Format::Json | Format::Ndjson) {
            return output::document(&result);
        }
        let lines = [
            ("connection", connection.profile().name().to_owned()),
            ("api", connection.profile().api_url().to_string()),
            (
                "sign-in",
                format!("ok, {} in {} ms", connection.profile().auth().kind(), millis(signed_in_after)),
            ),
            ("read", format!("ok, {} in {} ms", function.action.name, result["milliseconds"])),
        ];
        let rows = lines.map(|(what, how)| vec![what.to_owned(), how]);
        output::listing(&["CHECK", "RESULT"], rows.into())
    })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A read that needs nothing, asked for a single thing if it can be. Stable actions first.
fn cheapest_read(connector: &Connector) -> Option<(&Function, Map<String, Value>)> {
    let reads = connector.actions().filter(|function| {
        function.action.effect == Effect::Read && !function.signature.parameters().any(Parameter::required)
    });
    let function = reads.min_by_key(|function| function.action.status != Status::Stable)?;
    let first = function.signature.parameters().find(|parameter| {
        &*parameter.name == "top"
            && matches!(&parameter.shape, Shape::Option(shape) if matches!(**shape, Shape::Integer(_)))
    });
    let input = first.map(|first| (first.name.to_string(), Value::from(1)));
    Some((function, input.into_iter().collect()))
}
