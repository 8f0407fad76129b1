//! `connector describe`: what an action or a trigger does, takes and needs.

mod example;
mod parts;

use std::io::{self, Write};

use connector_host::manifest::{Action, Manifest, Permissions, Status, Trigger};
use connector_host::{Connector, Function, Shape};
use serde_json::{Value, json};

use super::actions::effect;
use crate::cli::{Format, Globals};
use crate::error::CliError;
use crate::terminal::Screen;
use crate::{output, setup};
use parts::Parts;

/// The column in which the text beside a label begins.
const COLUMN: usize = 13;

pub(crate) fn run(globals: &Globals, name: Option<&str>) -> Result<(), CliError> {
    let connector = setup::connector(globals)?;
    let manifest = connector.manifest();
    let json = matches!(globals.output, Format::Json | Format::Ndjson);
    let Some(name) = name else {
        return if json { output::document(manifest) } else { describe_connector(&connector) };
    };
    if let Some(trigger) = manifest.triggers.iter().find(|trigger| trigger.name == name) {
        return if json {
            output::document(&with_schemas(&connector, name, json!(trigger))?)
        } else {
            describe_trigger(trigger, manifest)
        };
    }
    let function = setup::function(&connector, name)?;
    if json {
        output::document(&with_schemas(&connector, name, json!(function.action))?)
    } else {
        describe_action(function, manifest)
    }
}

/// Adds the schemas to what the manifest says, since its type names alone do not explain the types.
fn with_schemas(connector: &Connector, name: &str, mut described: Value) -> Result<Value, CliError> {
    described["schema"] = super::schema::schemas(connector, name)?;
    Ok(described)
}

fn describe_connector(connector: &Connector) -> Result<(), CliError> {
    let manifest = connector.manifest();
    let mut screen = Screen::stdout();
    screen.line(format_args!("{} ({} {})", manifest.title, manifest.name, manifest.version))?;
    screen.line(&manifest.summary)?;
    screen.line("")?;
    let mut say = |label: &str, text: &str| screen.labelled(COLUMN, label, text);
    say("contract", &manifest.contract)?;
    say("actions", &connector.actions().count().to_string())?;
    let triggers: Vec<&str> = manifest.triggers.iter().map(|trigger| trigger.name.as_str()).collect();
    let names = triggers.join(", ");
    say("triggers", if triggers.is_empty() { "none" } else { &names })?;
    if let Some(quota) = manifest.quota {
        let calls = format!("{} calls in {} s for each connection", quota.calls, quota.period_seconds);
        say("quota", &calls)?;
    }
    let clouds: Vec<&str> = manifest.clouds.keys().map(String::as_str).collect();
    say("clouds", &clouds.join(", "))?;
    Ok(())
}

fn describe_trigger(trigger: &Trigger, manifest: &Manifest) -> Result<(), CliError> {
    let mut screen = Screen::stdout();
    screen.line(&trigger.title)?;
    screen.line(&trigger.summary)?;
    screen.line("")?;
    if let Some(poll) = &trigger.poll {
        screen.labelled(COLUMN, "polled", format_args!("by {}", poll.name))?;
        permissions(&mut screen, &poll.permissions)?;
    }
    if let Some(subscribe) = &trigger.subscribe {
        screen.labelled(COLUMN, "pushed", format_args!("to `connector serve`, by {}", subscribe.name))?;
    }
    if let Some(status) = status(trigger.status, trigger.poll.as_ref()) {
        screen.labelled(COLUMN, "status", status)?;
    }
    if let Some(poll) = &trigger.poll {
        screen.line("")?;
        screen.line("parameters of a poll, which `connector watch` fills in")?;
        let mut parts = Parts::new(manifest);
        for field in &poll.parameters {
            screen.hanging(4, format_args!("  {}: {}", field.title, field.description))?;
            parts.write(&mut screen, (&field.key, &field.type_name), 3)?;
        }
    }
    screen.line("")?;
    screen.line("example")?;
    screen.verbatim(format_args!("  connector watch {} --to -", trigger.name))?;
    Ok(())
}

fn describe_action(function: &Function, manifest: &Manifest) -> Result<(), CliError> {
    let action = &function.action;
    let mut screen = Screen::stdout();
    screen.line(&action.title)?;
    screen.line(&action.summary)?;
    if !action.description.is_empty() {
        screen.line("")?;
        action.description.lines().try_for_each(|line| screen.line(line))?;
    }
    screen.line("")?;
    screen.labelled(COLUMN, "effect", effect(action.effect))?;
    if let Some(inverse) = &action.inverse {
        screen.labelled(COLUMN, "undone by", inverse)?;
    }
    if let Some(status) = status(action.status, Some(action)) {
        screen.labelled(COLUMN, "status", status)?;
    }
    permissions(&mut screen, &action.permissions)?;
    for limit in action.limits.iter() {
        screen.labelled(
            COLUMN,
            "API limit",
            format_args!("{} calls in {} s", limit.calls, limit.period_seconds),
        )?;
    }
    for source in &action.sources {
        screen.labelled(COLUMN, "source", source)?;
    }
    screen.line("")?;
    screen.line("parameters")?;
    let mut parts = Parts::new(manifest);
    for parameter in function.signature.parameters() {
        let required = if parameter.required() { ", required" } else { "" };
        screen.line(format_args!("  --{} ({}{required})", parameter.name, parameter.shape.name()))?;
        screen.line(format_args!("      {}: {}", parameter.title, parameter.description))?;
        // Parameters that are fields of a shared record are plain values.
        if let Some(field) = action.parameters.iter().find(|field| *field.name == *parameter.name) {
            parts.write(&mut screen, (&field.key, &field.type_name), 3)?;
        }
    }
    screen.line("")?;
    result(&mut screen, function, manifest)?;
    screen.line("")?;
    screen.line("example")?;
    screen.verbatim(format_args!("  {}", example::of(function)))?;
    Ok(())
}

/// Describes what an action returns: the fields of a record and their parts, or a single value.
fn result(screen: &mut Screen<impl Write>, function: &Function, manifest: &Manifest) -> io::Result<()> {
    let returns = &function.action.returns;
    screen.line("result")?;
    let mut parts = Parts::new(manifest);
    if manifest.record(&returns.type_name).is_some() {
        return parts.write(screen, ("result", &returns.type_name), 1);
    }
    let shape = function.signature.result();
    if let (true, Shape::Record(fields)) = (returns.type_name.is_empty(), shape) {
        return fields.iter().try_for_each(|field| {
            screen.line(format_args!("  {} ({})", field.spelling.key, field.shape.name()))
        });
    }
    let key = returns.key.as_deref().unwrap_or("value");
    let told = returns.description.as_deref().or(returns.title.as_deref()).unwrap_or_default();
    let told = if told.is_empty() { String::new() } else { format!(": {told}") };
    screen.hanging(4, format_args!("  {key} ({}){told}", shape.name()))?;
    parts.write(screen, (key, &returns.type_name), 2)
}

fn permissions(screen: &mut Screen<impl Write>, permissions: &Permissions) -> io::Result<()> {
    if !permissions.application.is_empty() {
        screen.labelled(COLUMN, "application", permissions.application.join(" or "))?;
        screen.labelled(COLUMN, "delegated", permissions.delegated.join(" or "))?;
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
