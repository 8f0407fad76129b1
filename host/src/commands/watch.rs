//! `connector watch`: a trigger whose events go to a callback.

mod news;

use std::sync::Arc;
use std::time::Duration;

use connector_host::Connection;
use connector_host::config::Variables;
use connector_host::egress::credential::SecretSource;
use connector_host::triggers::{Callback, Command, Ended, Http, Lines, Mode, Signer, Watch, WatchError};

use crate::cli::{Globals, WatchArgs};
use crate::error::CliError;
use crate::setup;

/// How long the program waits for what is stuck in a system call when it ends.
const LAST: Duration = Duration::from_secs(1);

pub(crate) fn run(globals: &Globals, arguments: &WatchArgs) -> Result<(), CliError> {
    let (host, connector) = setup::host(globals)?;
    let connection = setup::connection(globals, &host, &connector)?;
    let trigger = connection
        .trigger(&arguments.trigger)
        .map_err(|error| CliError::usage(error.to_string(), error.hint()))?;
    let mut watch = trigger
        .watch()
        .to_shared(callback(arguments, &connection)?)
        .quota_share(arguments.quota_share)
        .give_up_after(arguments.give_up)
        .observe(news::tell);
    if let Some(since) = &arguments.since {
        watch = watch.since(since);
    }
    if let Some(overlap) = arguments.overlap {
        watch = watch.overlap(overlap);
    }
    if let Some(interval) = arguments.interval {
        watch = watch.interval(interval, interval);
    }
    let watch = watch.build()?;
    let runtime = setup::runtime()?;
    let ended = runtime.block_on(async {
        if arguments.once { once(&watch).await } else { on_and_on(&watch, arguments).await }
    });
    // A reader that does not read may hold up a thread for ever.
    runtime.shutdown_timeout(LAST);
    ended
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

/// Waits for Ctrl-C, or for whatever else asks a process to end.
async fn interrupted() {
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

/// Where `--to` says that events go.
fn callback(arguments: &WatchArgs, connection: &Connection) -> Result<Arc<dyn Callback>, CliError> {
    let to = arguments.to.as_str();
    if to != "-" && !to.starts_with("exec:") {
        return http(arguments);
    }
    if !arguments.secret_env.is_empty() || arguments.binary || arguments.allow_loopback_http {
        return Err(CliError::usage(
            "--secret-env, --binary and --allow-loopback-http are for addresses",
            "leave them out",
        ));
    }
    match to.strip_prefix("exec:") {
        None => Ok(Arc::new(Lines::stdout())),
        Some(line) => command(line, arguments, connection),
    }
}

fn command(
    line: &str,
    arguments: &WatchArgs,
    connection: &Connection,
) -> Result<Arc<dyn Callback>, CliError> {
    let mut words = shlex::split(line).unwrap_or_default().into_iter();
    let program = words.next().ok_or_else(|| {
        CliError::usage(
            format!("`exec:{line}` names no program, or a quotation mark is left open"),
            "write it like --to 'exec:program argument'; for a shell, --to 'exec:sh -c \"…\"'",
        )
    })?;
    let command = Command::builder(program, words).hide(secret_variables(connection));
    Ok(Arc::new(command.timeout(arguments.timeout.unwrap_or(Duration::from_secs(60))).build()))
}

/// The variables that hold the connection's secrets: they are no business of a program that takes events.
fn secret_variables(connection: &Connection) -> Vec<String> {
    connection.profile().auth().secret_variables().into_iter().map(str::to_owned).collect()
}

fn http(arguments: &WatchArgs) -> Result<Arc<dyn Callback>, CliError> {
    let variables = Variables::process();
    let secrets = arguments.secret_env.iter().map(|name| {
        SecretSource::Variable(name.clone())
            .read(&variables)
            .map_err(|error| CliError::usage(error.to_string(), error.hint()))
    });
    let secrets: Vec<_> = secrets.collect::<Result<_, CliError>>()?;
    let signer =
        Signer::new(secrets).map_err(|error| CliError::usage(error.to_string(), error.hint().to_owned()))?;
    if signer.is_empty() {
        news::warn(
            "events are not signed: give a secret with --secret-env, so that the receiver can trust them",
        );
    }
    let mode = if arguments.binary { Mode::Binary } else { Mode::Structured };
    let http = Http::builder(&arguments.to)
        .signer(signer)
        .mode(mode)
        .timeout(arguments.timeout.unwrap_or(Duration::from_secs(30)))
        .allow_loopback_http(arguments.allow_loopback_http)
        .build()
        .map_err(|error| CliError::usage(error.to_string(), error.hint().to_owned()))?;
    Ok(Arc::new(http))
}
