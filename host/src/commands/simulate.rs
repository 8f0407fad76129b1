//! `connector simulate`: the stand-in API and its token authority, until it is interrupted.

use std::io::{self, Write};

use defender_simulator::{Options, Simulator};
use serde_json::json;

use crate::cli::{Format, Globals, SimulateArgs};
use crate::error::CliError;
use crate::setup;

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
    let text = match text.strip_prefix('@') {
        Some(path) => setup::read_text(path)?,
        None => text.to_owned(),
    };
    serde_json::from_str(&text).map_err(|error| {
        CliError::usage(format!("--options is not a set of options: {error}"), "see the simulator's README")
    })
}

fn announce(simulator: &Simulator, format: Format) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    if format == Format::Json {
        let known = json!({
            "url": simulator.url(),
            "tenantId": simulator.tenant_id(),
            "clientId": simulator.client_id(),
            "clientSecret": simulator.client_secret(),
        });
        writeln!(out, "{known}")?;
    } else {
        writeln!(
            out,
            "Serving the stand-in API on {0}; its switches are under {0}/_simulator/.",
            simulator.url()
        )?;
        writeln!(out, "Put this into a configuration file, and name the file with --config:\n")?;
        writeln!(out, "{}", profile(simulator))?;
        writeln!(
            out,
            "and set its secret:\n\n    export DEFENDER_CLIENT_SECRET='{}'\n",
            simulator.client_secret()
        )?;
        writeln!(out, "Stop with Ctrl-C.")?;
    }
    Ok(out.flush()?)
}

/// A connection to the simulator, as the configuration file has it.
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
