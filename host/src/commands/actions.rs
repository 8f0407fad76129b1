//! `connector actions`: lists the actions that can be called.

use connector_host::manifest::{Effect, Status};

use crate::cli::{Format, Globals};
use crate::error::CliError;
use crate::{output, setup};

pub(crate) fn run(globals: &Globals) -> Result<(), CliError> {
    let connector = setup::connector(globals)?;
    match globals.output {
        Format::Json => output::document(&connector.manifest().actions),
        Format::Ndjson => connector.actions().try_for_each(|function| output::document(&function.action)),
        Format::Csv => {
            let rows = connector.actions().map(|function| {
                let action = &function.action;
                [
                    action.name.as_str(),
                    effect(action.effect),
                    status(action.status),
                    &action.title,
                    &action.summary,
                ]
            });
            output::csv(globals, &["name", "effect", "status", "title", "summary"], rows)
        }
        Format::Auto | Format::Table => {
            let rows = connector.actions().map(|function| {
                let action = &function.action;
                vec![
                    action.name.clone(),
                    effect(action.effect).into(),
                    shown(action.status).into(),
                    action.title.clone(),
                ]
            });
            output::listing(&["ACTION", "EFFECT", "STATUS", "TITLE"], rows.collect())
        }
    }
}

pub(super) fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Write => "write",
        Effect::Disruptive => "disruptive",
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Stable => "stable",
        Status::Preview => "preview",
        Status::Deprecated => "deprecated",
    }
}

/// Stable is the usual case and is not shown: people look for the exceptions.
fn shown(of: Status) -> &'static str {
    if of == Status::Stable { "" } else { status(of) }
}
