//! `connector connections list`: which connections are configured, and whether everything they need to sign
//! in is there. Sends nothing.

use connector_host::config::ConfigError;
use connector_host::egress::destination::Origin;
use connector_host::{Manifest, Profile};
use serde_json::{Value, json};

use super::state::state;
use crate::cli::{Format, Globals};
use crate::error::CliError;
use crate::terminal::tell;
use crate::{hint, output, setup};

/// Lists the connections of the configuration file.
pub(crate) fn list(globals: &Globals) -> Result<(), CliError> {
    let (host, connector) = setup::keeper(globals)?;
    let runtime = setup::runtime()?;
    let config = setup::config(globals)?;
    let trust = setup::trust(globals, &connector);
    let connections = config.connections().map(|name| {
        let manifest = connector.manifest();
        match config.profile(name, manifest, trust) {
            Ok(profile) => {
                let state = state(&profile, || runtime.block_on(host.is_logged_in(&profile)));
                json!({
                    "name": name,
                    "api": profile.api_url().to_string(),
                    "clouds": clouds(&profile, manifest),
                    "auth": profile.auth().kind(),
                    "complete": state.is_ok(),
                    "state": state.unwrap_or_else(|lacking| lacking),
                    "quota": profile.quota().limit.map_or_else(
                        || "none".to_owned(),
                        |limit| format!("{} in {} s", limit.calls, limit.period_seconds),
                    ),
                })
            }
            Err(error) => json!({
                "name": name,
                "key": key(&error),
                "error": error.to_string(),
                "hint": hint::words(&error.hint()),
            }),
        }
    });
    let connections: Vec<Value> = connections.collect();
    if matches!(globals.output, Format::Json | Format::Ndjson) {
        return output::document(&connections);
    }
    let rows = connections.iter().map(|connection| {
        let clouds: Vec<&str> =
            connection["clouds"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let place = if clouds.is_empty() { text(connection, "api") } else { clouds.join(" or ") };
        let state = match (connection.get("error"), &connection["complete"]) {
            (Some(_), _) => format!("`{}` is wrong", text(connection, "key")),
            (None, Value::Bool(false)) => "incomplete".to_owned(),
            (None, _) => text(connection, "state"),
        };
        vec![text(connection, "name"), place, text(connection, "auth"), text(connection, "quota"), state]
    });
    output::listing(&["NAME", "CLOUD OR API", "AUTH", "QUOTA", "STATE"], rows.collect())?;
    connections.iter().try_for_each(explain)?;
    if !connections.is_empty() {
        tell!(
            "hint: nothing was sent; `connector connections test --connection NAME` says whether a connection works"
        );
    }
    Ok(())
}

/// What is wrong or missing takes more words than a cell can hold.
fn explain(connection: &Value) -> Result<(), CliError> {
    if connection.get("error").is_some() {
        output::line(&text(connection, "error"))?;
        return text(connection, "hint").lines().try_for_each(|line| output::line(&format!("    {line}")));
    }
    match &connection["complete"] {
        Value::Bool(false) => {
            output::line(&format!("{}: {}", text(connection, "name"), text(connection, "state")))
        }
        _ => Ok(()),
    }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

/// Returns the key that is missing or wrong.
fn key(error: &ConfigError) -> &'static str {
    match error {
        ConfigError::Invalid { error, .. } => error.key(),
        _ => "connections",
    }
}

/// Returns the clouds with this API: several clouds may share one.
fn clouds(profile: &Profile, manifest: &Manifest) -> Vec<String> {
    let same = |api: &str| api.parse::<Origin>().is_ok_and(|origin| origin == *profile.api_url());
    let clouds = manifest.clouds.iter().filter(|(_, cloud)| same(&cloud.api));
    clouds.map(|(name, _)| name.clone()).collect()
}
