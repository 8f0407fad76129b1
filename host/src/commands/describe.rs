//! `connector describe`: what an action or a trigger does, takes and needs.

mod example;
mod parts;

use std::io::{self, Write};

use connector_host::manifest::{Action, Manifest, Permissions, Status, Trigger};
use connector_host::{Connector, Function, Shape};

use super::actions::effect;
use crate::cli::{Format, Globals};
use crate::error::CliError;
use crate::terminal::printable;
use crate::{output, setup};

pub(crate) fn run(globals: &Globals, name: Option<&str>) -> Result<(), CliError> {
    let connector = setup::connector(globals)?;
    let manifest = connector.manifest();
    let json = matches!(globals.output, Format::Json | Format::Ndjson);
    let Some(name) = name else {
        return if json { output::document(manifest) } else { describe_connector(&connector) };
    };
    if let Some(trigger) = manifest.triggers.iter().find(|trigger| trigger.name == name) {
        return if json { output::document(trigger) } else { describe_trigger(trigger, manifest) };
    }
    let function = setup::function(&connector, name)?;
    if json { output::document(&function.action) } else { describe_action(function, manifest) }
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

fn describe_trigger(trigger: &Trigger, manifest: &Manifest) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", trigger.title)?;
    writeln!(out, "{}\n", trigger.summary)?;
    if let Some(poll) = &trigger.poll {
        writeln!(out, "polled       by {}", poll.name)?;
        permissions(&mut out, &poll.permissions)?;
    }
    if let Some(subscribe) = &trigger.subscribe {
        writeln!(out, "pushed       to `connector serve`, by {}", subscribe.name)?;
    }
    if let Some(status) = status(trigger.status, trigger.poll.as_ref()) {
        writeln!(out, "status       {status}")?;
    }
    if let Some(poll) = &trigger.poll {
        writeln!(out, "\nparameters of a poll, which `connector watch` fills in")?;
        for field in &poll.parameters {
            writeln!(out, "  {}: {}", printable(&field.title), printable(&field.description))?;
            parts::write(&mut out, manifest, &field.type_name, 3)?;
        }
    }
    writeln!(out, "\nexample\n  connector watch {} --to -", trigger.name)?;
    Ok(())
}

fn describe_action(function: &Function, manifest: &Manifest) -> Result<(), CliError> {
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
    if let Some(status) = status(action.status, Some(action)) {
        writeln!(out, "status       {status}")?;
    }
    permissions(&mut out, &action.permissions)?;
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
        // Those that are fields of a shared record are plain values.
        if let Some(field) = action.parameters.iter().find(|field| *field.name == *parameter.name) {
            parts::write(&mut out, manifest, &field.type_name, 3)?;
        }
    }
    writeln!(out, "\nreturns {}", returned(function.signature.result()))?;
    writeln!(out, "\nexample\n  {}", example::of(function))?;
    Ok(())
}

fn permissions(out: &mut impl Write, permissions: &Permissions) -> io::Result<()> {
    if !permissions.application.is_empty() {
        writeln!(out, "application  {}", permissions.application.join(" or "))?;
        writeln!(out, "delegated    {}", permissions.delegated.join(" or "))?;
    }
    Ok(())
}

fn status(status: Status, action: Option<&Action>) -> Option<String> {
    match status {
        Status::Stable => None,
        Status::Preview => Some("preview: it may still change".into()),
        Status::Deprecated => {
            let date = action.and_then(|action| action.deprecated_on.as_ref());
            let when = date.map(|date| format!(", ends on {date}")).unwrap_or_default();
            let next = action.and_then(|action| action.successor.as_ref());
            let instead = next.map(|next| format!("; use {next}")).unwrap_or_default();
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
