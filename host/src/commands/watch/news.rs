//! What a watch tells a person, on standard error: a line for what went wrong; with `-v`, for what went well too.

use std::time::Duration;

use connector_host::triggers::{Drained, News};

use crate::cli::WatchArgs;
use crate::terminal::{printable, tell};

pub(super) fn tell_of_start(name: &str, arguments: &WatchArgs) {
    tell!("watching {} for {}; stop with Ctrl-C", printable(name), where_to(&arguments.to));
}

pub(super) fn tell_of_end(drained: Drained) {
    let Drained { found, delivered, dead, .. } = drained;
    let dead = if dead == 0 { String::new() } else { format!(", {dead} dead") };
    tell!("{}, {delivered} delivered{dead}", counted(found, "new event"));
}

pub(super) fn tell(news: &News) {
    tell_of(None, news);
}

/// Tells news of a trigger that has a name, since there are others.
pub(in crate::commands) fn tell_of(name: Option<&str>, news: &News) {
    let warn = |message: &str| match name {
        Some(name) => warn(&format!("{name}: {message}")),
        None => warn(message),
    };
    match news {
        News::Began { first: false, waiting } if *waiting > 0 => {
            let whose = name.map(|name| format!("{name}: ")).unwrap_or_default();
            let (events, wait) = (counted(*waiting, "event"), if *waiting == 1 { "waits" } else { "wait" });
            tell!("{whose}going on where it left off, with {events} that {wait}");
        }
        News::PollFailed { case, reason, next } => {
            warn(&format!("the poll failed ({case}): {}; next try in {}", printable(reason), seconds(*next)));
        }
        News::StoreFailed { error, next } => warn(&format!("{error}; next try in {}", seconds(*next))),
        News::DeliveryFailed { id, attempts, reason, next } => warn(&format!(
            "event {} was not delivered (attempt {attempts}): {}; next try in {}",
            printable(id),
            printable(reason),
            seconds(*next)
        )),
        News::ClockSetBack { id, by, next } => warn(&format!(
            "the clock was set back: event {} was to be tried in {} only; next try in {}",
            printable(id),
            seconds(*by),
            seconds(*next)
        )),
        News::Died { id, reason } => warn(&format!(
            "event {} is given up: {}; `connector events dead` shows it, `connector events replay` tries it again",
            printable(id),
            printable(reason)
        )),
        News::Polled { found, next } => {
            tracing::info!(target: "connector", trigger = name, found, seconds = next.as_secs_f32(), "polled");
        }
        News::Delivered { id, after } => {
            tracing::info!(target: "connector", trigger = name, id, seconds = after.as_secs_f32(), "delivered");
        }
        _ => {}
    }
}

/// So many things.
pub(in crate::commands) fn counted(count: u64, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

/// Tells a person what went wrong.
pub(in crate::commands) fn warn(message: &str) {
    tell!("warning: {message}");
}

/// Where events go, without the parts of an address that may be secret.
fn where_to(to: &str) -> String {
    match to.split_once("://") {
        Some((scheme, rest)) => {
            printable(&format!("{scheme}://{}", rest.split(['/', '?', '#']).next().unwrap_or_default()))
        }
        None if to == "-" => "standard output".into(),
        None => printable(to),
    }
}

fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds @ 1..300 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}
