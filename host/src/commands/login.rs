//! `connector login` and `connector logout`: people sign in once, so that later commands can act for them.

use std::time::Duration;

use connector_host::egress::EgressError;
use connector_host::egress::credential::CredentialError;
use connector_host::{Prompt, SignedIn};
use serde_json::json;

use crate::cli::{Format, Globals, LoginArgs};
use crate::error::CliError;
use crate::terminal::tell;
use crate::{output, setup, terminal};

/// Signs a person in to the connection.
pub(crate) fn login(globals: &Globals, arguments: &LoginArgs) -> Result<(), CliError> {
    setup::require_vault()?;
    let (host, connector) = setup::host(globals)?;
    let profile = setup::profile(globals, &connector)?;
    let name = profile.name();
    let browser = !arguments.no_browser;
    let signing_in = host.login(&profile, |prompt| tell(&prompt, browser));
    let SignedIn { user, .. } = setup::run(async {
        match globals.deadline {
            Some(time) => tokio::time::timeout(time, signing_in).await.map_err(|_| time),
            None => Ok(signing_in.await),
        }
    })?
    .map_err(overdue)?
    .map_err(EgressError::from)?;
    let who = user.as_deref().map(terminal::printable);
    tell!("signed in{}", who.as_ref().map_or(String::new(), |who| format!(" as {who}")));
    tell!("hint: `connector connections test --connection {name}` says what that allows");
    report(globals, &json!({ "connection": name, "user": user }))
}

/// Forgets the connection's login.
pub(crate) fn logout(globals: &Globals) -> Result<(), CliError> {
    setup::require_vault()?;
    let (host, connector) = setup::host(globals)?;
    let profile = setup::profile(globals, &connector)?;
    let name = profile.name();
    let forgotten = setup::run(host.logout(&profile))?.map_err(EgressError::from)?;
    if forgotten {
        tell!("the login of the connection \"{name}\" is forgotten on this machine");
        tell!("hint: a token that was obtained before is good at the API until it expires");
    } else {
        tell!("the connection \"{name}\" had no login on this machine");
    }
    report(globals, &json!({ "connection": name, "forgotten": forgotten }))
}

/// Says what the person has to do, and does for them what a program can.
fn tell(prompt: &Prompt, browser: bool) {
    match prompt {
        Prompt::DeviceCode { address, code, complete_address, expires_in } => {
            let (address, code) = (terminal::printable(address), terminal::printable(code));
            tell!("To sign in, open {address} on any device, and type the code {code}");
            tell!("(it is good for {}).", minutes(*expires_in));
            if let Some(complete) = complete_address {
                tell!("Or open {}", terminal::printable(complete));
            }
        }
        Prompt::Browser { address } => {
            let shown = terminal::printable(address);
            if browser && webbrowser::open(address).is_ok() {
                tell!("Sign in in the browser that opens. If none does, open this address on this machine:");
            } else {
                tell!("To sign in, open this address in a browser on this machine:");
            }
            tell!("{shown}");
        }
        _ => {}
    }
}

fn minutes(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds => format!("{} minutes", seconds / 60),
    }
}

/// The same error as when the library itself has waited long enough.
fn overdue(time: Duration) -> EgressError {
    CredentialError::LoginTimedOut { seconds: time.as_secs() }.into()
}

/// For programs; people have been told already.
fn report(globals: &Globals, document: &serde_json::Value) -> Result<(), CliError> {
    match globals.output {
        Format::Json | Format::Ndjson => output::document(document),
        _ => Ok(()),
    }
}
