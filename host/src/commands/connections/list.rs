//! `connector connections list`: what is configured.

use serde_json::{Value, json};

use crate::cli::{Format, Globals};
use crate::error::CliError;
use crate::{output, setup};

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
