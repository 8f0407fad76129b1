//! `connector proxy`: the connection's way to the network, on loopback, for engines that run the component
//! themselves.

use std::io::Write;
use std::time::Duration;

use connector_host::Connection;
use connector_host::proxy::{DEFAULT_DEADLINE, Proxy, ProxyBuilder, ProxyError};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use crate::cli::{Format, Globals, ProxyArgs};
use crate::commands::sign_in::sign_in;
use crate::error::CliError;
use crate::terminal::{Screen, tell};
use crate::{setup, terminal};

/// How long an authority may delay the start.
const SIGN_IN_TIME: Duration = Duration::from_secs(20);
/// How long requests in flight may take to end after an interrupt; another interrupt aborts them.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn run(globals: &Globals, arguments: &ProxyArgs) -> Result<(), CliError> {
    let (host, connector) = setup::host(globals)?;
    let connection = setup::connection(globals, &host, &connector)?;
    let deadline = globals.deadline.unwrap_or(DEFAULT_DEADLINE);
    setup::run(async {
        try_signing_in(&connection, deadline.min(SIGN_IN_TIME)).await?;
        let settled = Proxy::builder(connection.clone()).port(arguments.port).deadline(deadline);
        let settled = arguments.allow_origin.iter().cloned().fold(settled, ProxyBuilder::allow_origin);
        let proxy = settled.start().await.map_err(not_started)?;
        announce(&proxy, &connection, globals.output)?;
        interrupted().await?;
        tell!("stopping: requests in flight may end; interrupt again to break them off");
        tokio::select! {
            () = proxy.stop(PATIENCE) => {}
            interrupted = interrupted() => interrupted?,
        }
        let stats = connection.egress().stats();
        tell!("sent {} requests, {} of them again", stats.requests, stats.retries);
        Ok(())
    })?
}

/// It is better to learn of a wrong secret now than at the first request. An authority that is unavailable
/// may come back.
async fn try_signing_in(connection: &Connection, time: Duration) -> Result<(), CliError> {
    match sign_in(connection, time).await {
        Err(failed) if failed.is_transient => {
            tell!("warning: {}; it is tried again when a request comes", failed.message);
            Ok(())
        }
        Err(failed) => Err(failed.error),
        Ok(_) => Ok(()),
    }
}

fn not_started(error: ProxyError) -> CliError {
    let hint = match error {
        ProxyError::Bind { .. } => "choose another port with --port, or 0 for any that is free",
        _ => "report this with the output of `connector --version`",
    };
    CliError::local(error.to_string(), hint)
}

/// Says where the proxy is, in the variables that the component reads.
fn announce(proxy: &Proxy, connection: &Connection, format: Format) -> Result<(), CliError> {
    let variables = &connection.connector().manifest().environment;
    let (url, key) = (proxy.url(), proxy.key());
    if matches!(format, Format::Json | Format::Ndjson) {
        let mut environment = Map::new();
        if let Some(name) = &variables.api_url {
            environment.insert(name.clone(), Value::from(url.expose_secret()));
        }
        let known = json!({
            "url": url.expose_secret(),
            "origin": proxy.origin(),
            "key": key.expose_secret(),
            "environment": environment,
        });
        let mut out = terminal::data();
        writeln!(out, "{known}")?;
        return Ok(out.flush()?);
    }
    let mut screen = Screen::stdout();
    screen.line(format_args!(
        "Serving the connection \"{}\" to {} on {}. Whoever has the key may use it.",
        connection.profile().name(),
        connection.profile().api_url(),
        proxy.origin()
    ))?;
    let name = variables.api_url.as_deref().unwrap_or("API_URL");
    screen.line("Give the component")?;
    screen.line("")?;
    screen.verbatim(format_args!("    {name}={}", url.expose_secret()))?;
    screen.line("")?;
    if let Some(token) = &variables.access_token {
        screen.line("or, so that links to a next page do not hold the key,")?;
        screen.line("")?;
        screen.verbatim(format_args!("    {name}={}", proxy.origin()))?;
        screen.verbatim(format_args!("    {token}={}", key.expose_secret()))?;
        screen.line("")?;
    }
    screen.line("Stop with Ctrl-C.")?;
    Ok(screen.flush()?)
}

/// Waits until the user or the service manager asks the program to stop.
async fn interrupted() -> Result<(), CliError> {
    let unheard = |error: std::io::Error| {
        CliError::local(format!("cannot wait for an interrupt: {error}"), "stop the process instead")
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminated = signal(SignalKind::terminate()).map_err(unheard)?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted.map_err(unheard),
            _ = terminated.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.map_err(unheard)
}
