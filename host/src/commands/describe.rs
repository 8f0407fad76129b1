//! `connector describe`: what an action does, takes and needs.

use std::io::{self, Write};

use connector_host::manifest::Status;
use connector_host::{Connector, Function, Parameter, Shape};
use serde_json::json;

use super::actions::effect;
use crate::cli::{Format, Globals};
use crate::error::CliError;
use crate::terminal::printable;
use crate::{output, setup};

pub(crate) fn run(globals: &Globals, action: Option<&str>) -> Result<(), CliError> {
    let connector = setup::connector(globals)?;
    let json = matches!(globals.output, Format::Json | Format::Ndjson);
    match action {
        None if json => output::document(connector.manifest()),
        None => describe_connector(&connector),
        Some(name) => {
            let function = setup::function(&connector, name)?;
            if json { output::document(&function.action) } else { describe_action(function) }
        }
    }
}

fn describe_connector(connector: &Connector) -> Result<(), CliError> {
    let manifest = connector.manifest();
    let mut out = io::stdout().lock();
    writeln!(out, "{} ({} {})", manifest.title, manifest.name, manifest.version)?;
    writeln!(out, "{}", manifest.summary)?;
    writeln!(out)?;
    writeln!(out, "contract  {}", manifest.contract)?;
    writeln!(out, "actions   {}", connector.actions().count())?;
    let triggers: Vec<&str> = manifest.triggers.iter().map(|trigger| trigger.name.as_str()).collect();
    writeln!(out, "triggers  {}", if triggers.is_empty() { "none".into() } else { triggers.join(", ") })?;
    if let Some(quota) = manifest.quota {
        writeln!(out, "quota     {} calls in {} s for each connection", quota.calls, quota.period_seconds)?;
    }
    let clouds: Vec<&str> = manifest.clouds.keys().map(String::as_str).collect();
    writeln!(out, "clouds    {}", clouds.join(", "))?;
    Ok(())
}

fn describe_action(function: &Function) -> Result<(), CliError> {
    let action = &function.action;
    let mut out = io::stdout().lock();
    writeln!(out, "{}", action.title)?;
    writeln!(out, "{}", action.summary)?;
    if !action.description.is_empty() {
        writeln!(out, "\n{}", action.description)?;
    }
    writeln!(out)?;
    writeln!(out, "effect       {}", effect(action.effect))?;
    if let Some(inverse) = &action.inverse {
        writeln!(out, "undone by    {inverse}")?;
    }
    if let Some(status) = status(function) {
        writeln!(out, "status       {status}")?;
    }
    if !action.permissions.application.is_empty() {
        writeln!(out, "application  {}", action.permissions.application.join(" or "))?;
        writeln!(out, "delegated    {}", action.permissions.delegated.join(" or "))?;
    }
    for limit in action.limits.iter() {
        writeln!(out, "API limit    {} calls in {} s", limit.calls, limit.period_seconds)?;
    }
    for source in &action.sources {
        writeln!(out, "source       {source}")?;
    }
    writeln!(out, "\nparameters")?;
    for parameter in function.signature.parameters() {
        let required = if parameter.required() { ", required" } else { "" };
        writeln!(out, "  --{} ({}{required})", parameter.name, parameter.shape.name())?;
        writeln!(out, "      {}: {}", printable(&parameter.title), printable(&parameter.description))?;
    }
    writeln!(out, "\nreturns {}", returned(function.signature.result()))?;
    writeln!(out, "\nexample\n  {}", example(function))?;
    Ok(())
}

fn status(function: &Function) -> Option<String> {
    let action = &function.action;
    match action.status {
        Status::Stable => None,
        Status::Preview => Some("preview: it may still change".into()),
        Status::Deprecated => {
            let when =
                action.deprecated_on.as_ref().map(|date| format!(", ends on {date}")).unwrap_or_default();
            let instead = action.successor.as_ref().map(|next| format!("; use {next}")).unwrap_or_default();
            Some(format!("deprecated{when}{instead}"))
        }
    }
}

fn returned(shape: &Shape) -> String {
    match shape {
        Shape::Record(fields) => {
            fields.iter().map(|field| &*field.spelling.key).collect::<Vec<_>>().join(", ")
        }
        other => format!("value ({})", other.name()),
    }
}

fn example(function: &Function) -> String {
    let flags = function.signature.parameters().filter(|parameter| parameter.required()).map(example_flag);
    let flags: Vec<String> = flags.collect();
    format!("connector call {} {}", function.action.name, flags.join(" ")).trim_end().to_owned()
}

fn example_flag(parameter: &Parameter) -> String {
    let value = match &parameter.shape {
        Shape::Enum(cases) => cases.first().map_or_else(String::new, |case| case.name.to_string()),
        Shape::Integer(_) => "0".into(),
        Shape::List(item) => match &**item {
            Shape::Record(fields) => {
                let object: serde_json::Map<_, _> =
                    fields.iter().map(|field| (field.spelling.key.to_string(), json!("…"))).collect();
                format!("'{}'", serde_json::Value::Object(object))
            }
            _ => "…".into(),
        },
        _ => format!("\"{}\"", parameter.title.to_lowercase()),
    };
    format!("--{} {value}", parameter.name)
}
