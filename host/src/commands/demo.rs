//! `connector demo`: a sandboxed connector at work against the stand-in API, told step by step.
//!
//! Each step checks what it claims: the command succeeds only if every check held.

mod proof;
mod story;
mod trigger;

use std::time::Instant;

use connector_host::egress::credential::SecretSource;
use connector_host::manifest::Limit;
use connector_host::{Connection, Connector, Host, Profile, ProfileBuilder, Trust};
use defender_simulator::{Options, Simulator};

use crate::error::CliError;
use crate::setup;
use crate::terminal::Screen;
use story::Story;

pub(crate) fn run() -> Result<(), CliError> {
    setup::run(demo())?
}

async fn demo() -> Result<(), CliError> {
    let began = Instant::now();
    let simulator = Simulator::start(Options::default())
        .await
        .map_err(|error| CliError::local(format!("cannot serve on 127.0.0.1: {error}"), "free a port"))?;
    say(&format!("The stand-in API and its token authority serve on {}.", simulator.url()))?;

    let host = Host::builder().concurrency(4).build()?;
    let compiling = Instant::now();
    let connector = host.load(setup::EMBEDDED)?;
    say(&format!(
        "Loaded {} {}: {} KB, {} actions, compiled in {} ms. It gets memory, a clock and one door; no files, no sockets.",
        connector.manifest().name,
        connector.manifest().version,
        setup::EMBEDDED.len() / 1000,
        connector.actions().count(),
        compiling.elapsed().as_millis(),
    ))?;

    let connection = connect(&host, &connector, &simulator, |profile| profile)?;
    let mut story = Story::new(&connection);
    story.list_machines().await?;
    story.hunt().await?;
    story.isolate().await?;
    story.tag().await?;
    story.update_alert().await?;
    story.release().await?;

    let watched = trigger::show(&connection, &simulator).await?;
    story.heard(&watched.arrived);

    let limited = Limit { calls: 5, period_seconds: 2 };
    let hurried = connect(&host, &connector, &simulator, |profile| profile.name("hurried").quota(limited))?;
    story.hurry(&hurried, limited).await?;

    say("")?;
    proof::show(&simulator, &[&connection, &hurried], story.replies())?;
    say(&format!(
        "alerts raised             {}, of which {} arrived, signed",
        watched.raised,
        watched.arrived.len()
    ))?;
    simulator.shutdown().await;
    say(&format!("All steps checked out, in {:.1} s.", began.elapsed().as_secs_f32()))
}

fn connect(
    host: &Host,
    connector: &Connector,
    simulator: &Simulator,
    adjust: impl FnOnce(ProfileBuilder) -> ProfileBuilder,
) -> Result<Connection, CliError> {
    let secret = SecretSource::Given(simulator.client_secret().to_owned().into());
    let profile = Profile::builder()
        .name("demo")
        .api_url(simulator.url())
        .authority(simulator.url())
        .tenant(simulator.tenant_id())
        .allow_loopback_http(true)
        .trust(Trust::Connector)
        .client_secret(simulator.client_id(), secret);
    let profile = adjust(profile)
        .build(connector.manifest())
        .map_err(|error| CliError::local(error.to_string(), error.hint()))?;
    Ok(host.connect(connector, profile)?)
}

/// Tells a step.
fn say(line: &str) -> Result<(), CliError> {
    let mut screen = Screen::stdout();
    screen.line(line)?;
    Ok(screen.flush()?)
}

/// Ends the demo if a step did not turn out as told.
fn check(holds: bool, what: &str) -> Result<(), CliError> {
    if holds {
        return Ok(());
    }
    Err(CliError::local(format!("the demo did not check out: {what}"), "report this with the output above"))
}
