//! `connector events`: events that triggers have found and not yet delivered, or could not deliver.

use std::sync::Arc;

use connector_host::clock::SystemClock;
use connector_host::store::{StoreError, Stored, Subscription, SubscriptionState};
use connector_host::triggers::{Clerk, Overview};
use serde_json::{Value, json};

use crate::cli::{EventsCommand, Format, Globals};
use crate::commands::watch::news::{counted, time};
use crate::error::CliError;
use crate::terminal::{printable, tell};
use crate::{output, setup};

pub(crate) fn run(globals: &Globals, command: &EventsCommand) -> Result<(), CliError> {
    let clerk = Clerk::new(setup::store(globals)?, Arc::new(SystemClock));
    let watches = clerk.watches()?;
    match command {
        EventsCommand::List => list(globals, &watches),
        EventsCommand::Pending { watch } => {
            let read = |name: &str, after| clerk.waiting(name, after);
            show(globals, &rows(&chosen(&watches, watch.as_deref())?, read)?)
        }
        EventsCommand::Dead { watch } => {
            let read = |name: &str, after| clerk.dead(name, after);
            show(globals, &rows(&chosen(&watches, watch.as_deref())?, read)?)
        }
        EventsCommand::Replay { watch, all, ids } => {
            let watch = one(&watches, watch)?;
            let wanted = if *all { None } else { Some(ids.as_slice()) };
            let replayed = clerk.replay(&watch.watch, wanted)?;
            let missing = ids.iter().find(|id| !replayed.contains(id));
            if let Some(id) = missing {
                return Err(CliError::usage(
                    format!("{} has no dead event {id}", watch.watch),
                    "`connector events dead` lists them",
                ));
            }
            let who = if watch.running { "" } else { "; delivery is when it is watched again" };
            let (count, verb) = (replayed.len() as u64, if replayed.len() == 1 { "waits" } else { "wait" });
            tell!("{} {verb} again{who}", counted(count, "event"));
            Ok(())
        }
        EventsCommand::Resume { watch } => {
            let watch = one(&watches, watch)?;
            if clerk.resume(&watch.watch)? {
                tell!("{} can be watched again", watch.watch);
            } else {
                tell!("{} was not stopped", watch.watch);
            }
            Ok(())
        }
        EventsCommand::Forget { watch } => {
            let watch = one(&watches, watch)?;
            if !clerk.forget(&watch.watch)? {
                return Err(CliError::usage(
                    format!("{} is being watched", watch.watch),
                    "end the watch first, then forget it",
                ));
            }
            tell!(
                "{} is forgotten, with {}",
                watch.watch,
                counted(watch.backlog.waiting + watch.backlog.dead, "event")
            );
            if let Some(Subscription { state, address, .. }) = &watch.subscription {
                let id = match state {
                    SubscriptionState::Held(id) | SubscriptionState::Ending(id) => {
                        format!(" {}", printable(id))
                    }
                    SubscriptionState::Asked => String::new(),
                };
                tell!(
                    "warning: the API does not know of that: its subscription{id} goes on notifying {}; end it there, \
                     or have `connector serve` take it in",
                    printable(address)
                );
            }
            Ok(())
        }
    }
}

fn list(globals: &Globals, watches: &[Overview]) -> Result<(), CliError> {
    if matches!(globals.output, Format::Json | Format::Ndjson) {
        let rows = watches.iter().map(|watch| {
            json!({
                "watch": watch.watch,
                "state": state(watch),
                "waiting": watch.backlog.waiting,
                "oldest": watch.backlog.oldest.map(time),
                "dead": watch.backlog.dead,
                "failingSince": watch.progress.failing_since.map(time),
                "reason": reason(watch),
                "subscribedAt": watch.subscription.as_ref().map(|subscription| &subscription.address),
            })
        });
        return documents(globals.output, &rows.collect::<Vec<Value>>());
    }
    let rows = watches.iter().map(|watch| {
        vec![
            watch.watch.clone(),
            state(watch).to_owned(),
            watch.backlog.waiting.to_string(),
            watch.backlog.dead.to_string(),
            watch.backlog.oldest.map(time).unwrap_or_default(),
            reason(watch).unwrap_or_default(),
        ]
    });
    output::listing(&["WATCH", "STATE", "WAITING", "DEAD", "OLDEST", "REASON"], rows.collect())
}

fn state(watch: &Overview) -> &'static str {
    match watch {
        Overview { progress, .. } if progress.stopped.is_some() => "stopped",
        Overview { running: true, progress, .. } if progress.failing_since.is_some() => "failing",
        Overview { running: true, .. } => "running",
        _ => "idle",
    }
}

/// Why nothing is being delivered, if that is so.
fn reason(watch: &Overview) -> Option<String> {
    let trouble = || watch.first.as_ref()?.trouble.as_ref().map(|trouble| trouble.reason.clone());
    watch.progress.stopped.clone().or_else(trouble)
}

/// An event, with the name of its watch.
type Row = (String, Stored);

fn rows(
    watches: &[&Overview],
    read: impl Fn(&str, u64) -> Result<Vec<Stored>, StoreError>,
) -> Result<Vec<Row>, CliError> {
    let mut rows = Vec::new();
    for watch in watches {
        let mut after = 0;
        loop {
            let page = read(&watch.watch, after)?;
            let Some(last) = page.last() else { break };
            after = last.number;
            rows.extend(page.into_iter().map(|stored| (watch.watch.clone(), stored)));
        }
    }
    Ok(rows)
}

fn show(globals: &Globals, rows: &[Row]) -> Result<(), CliError> {
    if matches!(globals.output, Format::Json | Format::Ndjson) {
        let rows = rows.iter().map(|(watch, stored)| {
            let trouble = stored.trouble.as_ref();
            json!({
                "watch": watch,
                "id": stored.event.id,
                "time": stored.event.time,
                "foundAt": time(stored.found_at),
                "attempts": trouble.map_or(0, |trouble| trouble.attempts),
                "nextAttempt": trouble.filter(|_| stored.dead_since.is_none()).map(|trouble| time(trouble.due)),
                "deadSince": stored.dead_since.map(time),
                "reason": trouble.map(|trouble| &trouble.reason),
                "data": serde_json::from_str::<Value>(&stored.event.data).unwrap_or(Value::Null),
            })
        });
        return documents(globals.output, &rows.collect::<Vec<Value>>());
    }
    let rows = rows.iter().map(|(watch, stored)| {
        let trouble = stored.trouble.as_ref();
        vec![
            stored.event.id.clone(),
            time(stored.found_at),
            trouble.map_or(0, |trouble| trouble.attempts).to_string(),
            trouble.map(|trouble| trouble.reason.clone()).unwrap_or_default(),
            watch.clone(),
        ]
    });
    output::listing(&["ID", "FOUND", "TRIES", "REASON", "WATCH"], rows.collect())
}

fn documents(format: Format, rows: &[Value]) -> Result<(), CliError> {
    if format == Format::Ndjson {
        rows.iter().try_for_each(output::document)
    } else {
        output::document(&rows)
    }
}

fn chosen<'a>(watches: &'a [Overview], name: Option<&str>) -> Result<Vec<&'a Overview>, CliError> {
    match name {
        Some(name) => Ok(vec![one(watches, name)?]),
        None => Ok(watches.iter().collect()),
    }
}

/// Finds the watch by its full name, or by an ending that no other watch shares.
fn one<'a>(watches: &'a [Overview], name: &str) -> Result<&'a Overview, CliError> {
    let meant = |watch: &&Overview| {
        watch.watch == name || watch.watch.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'))
    };
    let mut meant = watches.iter().filter(meant);
    match (meant.next(), meant.next()) {
        (Some(watch), None) => Ok(watch),
        (Some(one), Some(other)) => Err(CliError::usage(
            format!("`{name}` may be {} or {}", one.watch, other.watch),
            "give the full name",
        )),
        (None, _) => Err(CliError::usage(
            format!("no watch is called `{name}`"),
            "`connector events list` lists all watches",
        )),
    }
}
