//! `connector watch`: runs a trigger whose events go to a callback.

pub(super) mod news;

use std::sync::Arc;

use connector_host::clock::SystemClock;
use connector_host::triggers::{Clerk, Ended, Watch, WatchError};

use super::to::To;
use crate::cli::{Globals, WatchArgs};
use crate::error::CliError;
use crate::setup;
use crate::terminal::printable;

pub(crate) fn run(globals: &Globals, arguments: &WatchArgs) -> Result<(), CliError> {
    let (host, connector) = setup::host(globals)?;
    let connection = setup::connection(globals, &host, &connector)?;
    let trigger = connection
        .trigger(&arguments.trigger)
        .map_err(|error| CliError::usage(error.to_string(), error.hint()))?;
    let has_since = arguments.since.is_some();
    let mut watch = trigger
        .watch()
        .to_shared(to(arguments).callback(&setup::config(globals)?)?)
        .quota_share(arguments.quota_share)
        .give_up_after(arguments.give_up)
        .observe(move |told| news::tell(told, has_since));
    if let Some(since) = &arguments.since {
        watch = watch.since(since.to_string());
    }
    if let Some(overlap) = arguments.overlap {
        watch = watch.overlap(overlap);
    }
    if let Some(events) = arguments.page_size {
        watch = watch.page_size(events);
    }
    if let Some(interval) = arguments.interval {
        watch = watch.interval(interval, interval);
    }
    let watch = watch.build()?;
    if arguments.restart {
        restart(globals, watch.name())?;
    }
    setup::run(async {
        if arguments.once { once(&watch).await } else { on_and_on(&watch, arguments).await }
    })?
}

/// Forgets where the watch left off, so that it starts afresh.
fn restart(globals: &Globals, name: &str) -> Result<(), CliError> {
    let clerk = Clerk::new(setup::store(globals)?, Arc::new(SystemClock));
    let Some(known) = clerk.watches()?.into_iter().find(|watch| watch.watch == name) else { return Ok(()) };
    if !clerk.forget(name)? {
        return Err(WatchError::Busy { watch: name.to_owned() }.into());
    }
    let forgotten = match known.backlog.waiting + known.backlog.dead {
        0 => String::new(),
        left => format!(", without the {} that it still had", news::counted(left, "event")),
    };
    news::log(&format!("{} begins anew{forgotten}", printable(name)));
    Ok(())
}

async fn once(watch: &Watch) -> Result<(), CliError> {
    let drained = tokio::select! {
        drained = watch.drain_once() => drained?,
        () = interrupted() => return Err(CliError::local(
            "interrupted before all events were delivered",
            "what was found is kept; run it again",
        )),
    };
    news::tell_of_end(drained);
    Ok(())
}

async fn on_and_on(watch: &Watch, arguments: &WatchArgs) -> Result<(), CliError> {
    news::tell_of_start(watch.name(), arguments);
    match watch.run_until(interrupted()).await? {
        Ended::Stopped(reason) => Err(WatchError::Stopped { watch: watch.name().to_owned(), reason }.into()),
        Ended::Closed => Err(CliError::Closed),
        _ => Ok(()),
    }
}

/// Waits for Ctrl-C, or for any other request to end the process.
pub(super) async fn interrupted() {
    #[cfg(unix)]
    if let Ok(mut terminated) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Where events go.
fn to(arguments: &WatchArgs) -> To {
    To {
        place: arguments.to.clone(),
        secret_env: arguments.secret_env.clone(),
        binary: arguments.binary,
        envelope: arguments.format,
        allow_loopback_http: arguments.allow_loopback_http,
        timeout: arguments.timeout,
    }
}
