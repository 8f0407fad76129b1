//! `connector connections list`: what is configured, and whether it can sign in. Nothing is sent.

use connector_host::egress::credential::CredentialError;
use connector_host::egress::destination::Origin;
use connector_host::{Auth, Manifest, Profile};
use serde_json::{Value, json};

use crate::cli::{Format, Globals};
use crate::error::CliError;
use crate::{output, setup};

/// Lists the connections of the configuration file.
pub(crate) fn list(globals: &Globals) -> Result<(), CliError> {
    let connector = setup::connector(globals)?;
    let config = setup::config(globals)?;
    let trust = setup::trust(globals, &connector);
    let connections = config.connections().map(|name| {
        let manifest = connector.manifest();
        match config.profile(name, manifest, trust) {
            Ok(profile) => json!({
                "name": name,
                "api": profile.api_url().to_string(),
                "clouds": clouds(&profile, manifest),
                "auth": profile.auth().kind(),
                "state": state(&profile),
                "quota": profile.quota().limit.map_or_else(
                    || "none".to_owned(),
                    |limit| format!("{} in {} s", limit.calls, limit.period_seconds),
                ),
            }),
            Err(error) => json!({ "name": name, "error": error.to_string() }),
        }
    });
    let connections: Vec<Value> = connections.collect();
    if matches!(globals.output, Format::Json | Format::Ndjson) {
        return output::document(&connections);
    }
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let rows = connections.iter().map(|connection| {
        let clouds: Vec<&str> =
            connection["clouds"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let place = if clouds.is_empty() { text(connection, "api") } else { clouds.join(" or ") };
        let state = text(connection, "state") + &text(connection, "error");
        vec![text(connection, "name"), place, text(connection, "auth"), text(connection, "quota"), state]
    });
    output::listing(&["NAME", "CLOUD OR API", "AUTH", "QUOTA", "STATE"], rows.collect())
}

/// The clouds whose API it is: more than one cloud may have the same.
fn clouds(profile: &Profile, manifest: &Manifest) -> Vec<String> {
    let same = |api: &str| api.parse::<Origin>().is_ok_and(|origin| origin == *profile.api_url());
    let clouds = manifest.clouds.iter().filter(|(_, cloud)| same(&cloud.api));
    clouds.map(|(name, _)| name.clone()).collect()
}

/// Whether what the connection signs in with is there, as far as that can be said without asking anybody.
fn state(profile: &Profile) -> String {
    let ready = "ready".to_owned();
    match profile.auth() {
        Auth::Anonymous => "no sign-in".into(),
        Auth::ClientSecret { secret, .. } => match secret.read(profile.variables()) {
            Ok(_) => ready,
            Err(CredentialError::MissingVariable { variable }) => format!("{variable} is not set"),
            Err(error) => error.to_string(),
        },
        Auth::TokenVariable(name) => match profile.variables().var(name) {
            Some(value) if !value.is_empty() => ready,
            _ => format!("{name} is not set"),
        },
        Auth::TokenCommand { program, .. } => format!("runs {program}"),
        _ => String::new(),
    }
}
