//! What a watch tells people on standard error: a timed line for each problem, and for its end; with `-v`,
//! also for what went well.

use std::time::Duration;

use connector_host::clock::{Clock as _, SystemClock, Timestamp};
use connector_host::triggers::{Drained, News};

use crate::cli::WatchArgs;
use crate::terminal::{printable, tell};

pub(super) fn tell_of_start(name: &str, arguments: &WatchArgs) {
    log(&format!("watching {} for {}; stop with Ctrl-C", printable(name), where_to(&arguments.to)));
}

pub(super) fn tell_of_end(drained: Drained) {
    let Drained { found, delivered, dead, .. } = drained;
    let dead = if dead == 0 { String::new() } else { format!(", {dead} dead") };
    tell!("{}, {delivered} delivered{dead}", counted(found, "new event"));
}

/// Tells news of the only trigger. It also says where the watch resumes, and that `since` is only for a first
/// start.
pub(super) fn tell(news: &News, since: bool) {
    let News::Began { first: false, begun, waiting } = news else { return tell_of(None, news) };
    let begun = begun.map(|begun| format!(" (first started at {})", time(begun))).unwrap_or_default();
    let ignored = if since { "; --since is for a first start, and --restart begins anew" } else { "" };
    log(&format!("going on where it left off{begun}, {}{ignored}", waiting_events(*waiting)));
}

/// Tells news of a trigger that has a name because there are others.
pub(in crate::commands) fn tell_of(name: Option<&str>, news: &News) {
    let named = |message: &str| match name {
        Some(name) => format!("{name}: {message}"),
        None => message.to_owned(),
    };
    let (log, warn) = (|message: &str| log(&named(message)), |message: &str| warn(&named(message)));
    match news {
        News::Began { first: false, waiting, .. } if *waiting > 0 => {
            log(&format!("going on where it left off, {}", waiting_events(*waiting)));
        }
        News::PollFailed { case, reason, next } => {
            warn(&format!("the poll failed ({case}): {}; next try in {}", printable(reason), span(*next)));
        }
        News::PollRecovered { failures, after } => log(&format!(
            "polls are answered again, after {} in {}",
            counted((*failures).into(), "failed poll"),
            span(*after)
        )),
        News::StoreFailed { error, next } => warn(&format!("{error}; next try in {}", span(*next))),
        News::StoreRecovered => log("the state can be written again"),
        News::Late { events, by, again: false } => warn(&late(*events, *by)),
        News::ApiClockSetBack { by } => warn(&format!(
            "the API's clock was ahead and was set back by {}; the watch goes back with it",
            span(*by)
        )),
        News::DeliveryFailed { id, attempts, reason, next } => warn(&format!(
            "event {} was not delivered (attempt {attempts}): {}; next try in {}",
            printable(id),
            printable(reason),
            span(*next)
        )),
        News::DeliveryRecovered { after } => {
            log(&format!("events are delivered again, after {} of failures", span(*after)));
        }
        News::ClockSetBack { id, by, next } => warn(&format!(
            "the clock was set back: the next try of event {} would be in {} only; it is in {}",
            printable(id),
            span(*by),
            span(*next)
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

/// Returns what to do about events that arrive later than the watch looks back.
fn late(events: u64, by: Duration) -> String {
    let (came, later) = (counted(events, "event"), span(by));
    let set = match overlap_for(by) {
        Some(overlap) => format!(
            "set `overlap` to {overlap}; for the next week the watch looks back that far by itself, where the connector can"
        ),
        None => "that is more than the longest `overlap`, a day".into(),
    };
    format!(
        "{came} became visible up to {later} late, which is more than `overlap` looks back, so others may be missed: {set}"
    )
}

/// Returns an `overlap` that would find events this late: whole hours, with one to spare; `None` if that is
/// over a day.
fn overlap_for(by: Duration) -> Option<String> {
    let hours = by.as_secs().div_ceil(3600);
    match hours {
        ..=23 => Some(format!("{}h", hours + 1)),
        24 => Some("24h".into()),
        _ => None,
    }
}

fn waiting_events(waiting: u64) -> String {
    match waiting {
        0 => "with nothing left to deliver".into(),
        waiting => format!("with {} left to deliver", counted(waiting, "event")),
    }
}

/// A count with its noun, in the plural if needed.
pub(in crate::commands) fn counted(count: u64, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

/// Tells a person what went wrong.
pub(in crate::commands) fn warn(message: &str) {
    log(&format!("warning: {message}"));
}

/// Tells a person what happened, and when.
pub(in crate::commands) fn log(message: &str) {
    tell!("{} {message}", time(SystemClock.now()));
}

/// A time for people and programs: ISO 8601, to the second.
pub(in crate::commands) fn time(time: Timestamp) -> String {
    let seconds = time.as_micros().div_euclid(1_000_000);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
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

/// How long something takes, in words.
fn span(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds @ 1..300 => format!("{seconds} s"),
        seconds @ 300..7200 => format!("{} min", seconds / 60),
        seconds @ 7200..172_800 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        seconds => format!("{} days", seconds / 86_400),
    }
}
