//! Ids by name: `name:…` in place of an id is looked up before the call.

use std::time::{Duration, Instant};

use connector_host::{CallError, Connection, Function};
use serde_json::{Map, Value};

use crate::terminal::tell;

/// Returns the input with ids, each of which it reports, and the time that is left for the call.
pub(super) async fn ids(
    connection: &Connection,
    function: &Function,
    input: Map<String, Value>,
    time: Duration,
) -> Result<(Value, Duration), CallError> {
    let start = Instant::now();
    let resolved = connection.resolve(time, &function.action.name, Value::Object(input)).await?;
    for found in &resolved.resolutions {
        tell!("{}: {} is {}", found.parameter, found.name, found.id);
    }
    // If nothing was looked up, no time was used.
    let taken = if resolved.resolutions.is_empty() { Duration::ZERO } else { start.elapsed() };
    Ok((resolved.input, time.saturating_sub(taken)))
}
