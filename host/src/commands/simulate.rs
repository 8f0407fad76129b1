//! `connector simulate`: runs the stand-in API and its token authority until it is interrupted.

use std::io::Write;

use defender_simulator::{Options, Simulator};
use serde_json::json;

use crate::cli::{Format, Globals, SimulateArgs};
use crate::error::CliError;
use crate::terminal::Screen;
use crate::{argument, setup, terminal};

pub(crate) fn run(globals: &Globals, arguments: &SimulateArgs) -> Result<(), CliError> {
    let mut options: Options = match &arguments.options {
        Some(text) => options(text)?,
        None => Options::default(),
    };
    options.port = arguments.port;
    setup::run(async {
        let simulator = Simulator::start(options).await.map_err(|error| {
            CliError::local(
                format!("cannot serve on 127.0.0.1:{}: {error}", arguments.port),
                "choose another port with --port, or 0 for any that is free",
            )
        })?;
        announce(&simulator, globals.output)?;
        super::watch::interrupted().await;
        simulator.shutdown().await;
        Ok(())
    })?
}

fn options(text: &str) -> Result<Options, CliError> {
    serde_json::from_str(&argument::read(text)?.text).map_err(|error| {
        CliError::usage(
            format!("--options is not a set of options: {error}"),
            r#"give options such as '{"limits": {"perMinute": 20}}'; tests/simulator/README.md lists them"#,
        )
    })
}

fn announce(simulator: &Simulator, format: Format) -> Result<(), CliError> {
    if format == Format::Json {
        let known = json!({
            "url": simulator.url(),
            "tenantId": simulator.tenant_id(),
            "clientId": simulator.client_id(),
            "clientSecret": simulator.client_secret(),
        });
        let mut out = terminal::data();
        writeln!(out, "{known}")?;
        return Ok(out.flush()?);
    }
    let mut screen = Screen::stdout();
    let url = simulator.url();
    screen
        .line(format_args!("Serving the stand-in API on {url}; its switches are under {url}/_simulator/."))?;
    screen.line("Put this into a configuration file, and name the file with --config:")?;
    screen.line("")?;
    screen.lines(&profile(simulator))?;
    screen.line("and set its secret:")?;
    screen.line("")?;
    screen.verbatim(format_args!("    export DEFENDER_CLIENT_SECRET='{}'", simulator.client_secret()))?;
    screen.line("")?;
    screen.line(
        "To sign in as a person instead, set kind to \"device-code\" or \"auth-code\", leave client-secret-env out, and \
         run `connector login`: the page that opens is the simulator's own.",
    )?;
    screen.line("")?;
    screen.line("Stop with Ctrl-C.")?;
    Ok(screen.flush()?)
}

/// Returns a connection to the simulator, as written in the configuration file.
fn profile(simulator: &Simulator) -> String {
    format!(
        "    [connections.default]\n    \
         api-url = \"{url}\"\n    \
         tenant-id = \"{tenant}\"\n    \
         allow-loopback-http = true\n\n    \
         [connections.default.auth]\n    \
         kind = \"client-secret\"\n    \
         client-id = \"{client}\"\n    \
         client-secret-env = \"DEFENDER_CLIENT_SECRET\"\n    \
         authority = \"{url}\"\n",
        url = simulator.url(),
        tenant = simulator.tenant_id(),
        client = simulator.client_id(),
    )
}
