//! `connector connections add`: asks for a connection's settings, and writes them to the configuration file.

use std::path::Path;

use connector_host::config::{Config, ConfigError, DEFAULT_CONNECTION, Variables, looks_secret};
use connector_host::{Connector, Profile, ProfileError, Proposal};

use super::ask::{ask, confirmed, is_possible, name as ask_name, tidy_up_when_interrupted};
use super::check::check;
use super::file::{ConfigFile, Setting};
use super::kinds::What;
use super::questions::{Answers, LOOPBACK, draft, next, own};
use crate::cli::{AddArgs, Globals, LoginArgs};
use crate::commands::login::login;
use crate::error::CliError;
use crate::terminal::{printable, tell};
use crate::{hint, setup};

pub(crate) fn add(globals: &Globals, arguments: &AddArgs) -> Result<(), CliError> {
    let connector = setup::connector(globals)?;
    let mut file = ConfigFile::read(&setup::config_path(globals)?)?;
    let asks = is_possible();
    if asks {
        tidy_up_when_interrupted()?;
    }
    let name = name(globals, arguments, asks)?;
    if file.has(&name) && !arguments.replace {
        return Err(CliError::usage(
            format!("{} has a connection \"{name}\" already", file.path().display()),
            "choose another name, or replace it with --replace",
        ));
    }
    let mut known = given(arguments)?;
    let profile = loop {
        complete(&mut known, &connector, asks)?;
        file.set(&name, &draft(&known))?;
        match profile(globals, &file, &name, &connector) {
            Ok(profile) => break profile,
            Err(ConfigError::Invalid { error, .. }) if asks && mend(&mut known, &error)? => {}
            Err(error) => return Err(refused(error)),
        }
    };
    let path = file.path().to_owned();
    file.write()?;
    tell!("the connection \"{name}\" is in {}", path.display());
    finish(globals, &name, &path, &profile, asks)
}

/// Asks for everything that was not given.
fn complete(known: &mut Answers, connector: &Connector, asks: bool) -> Result<(), CliError> {
    while let Some(question) = next(known, connector.manifest()) {
        match question.left_out {
            _ if asks => ask(question, known)?,
            Some(key) => drop(known.insert(key, Setting::Nothing)),
            None => {
                return Err(CliError::usage(
                    format!("{} is missing: there is no terminal to ask on", question.flags),
                    "give it as a flag; `connector connections add --help` shows all of them",
                ));
            }
        }
    }
    Ok(())
}

/// Asks again for invalid answers; returns whether that may help.
fn mend(known: &mut Answers, error: &ProfileError) -> Result<bool, CliError> {
    if let ProfileError::Unaccepted { proposals } = error {
        return accept(known, proposals).map(|()| true);
    }
    tell!("{}", printable(&format!("{error}; {}", hint::words(&error.hint()))));
    Ok(known.remove(bare(error.key())).is_some())
}

/// Shows where the credential would go on the connector's word alone, and asks whether that is allowed.
fn accept(known: &mut Answers, proposals: &[Proposal]) -> Result<(), CliError> {
    tell!("");
    tell!(
        "This is not the connector that this program carries. Its author would decide where the connection's data"
    );
    tell!("and its credential go:");
    for proposal in proposals {
        let what = match bare(proposal.key) {
            "api-url" => "the API, which gets what is sent and the token",
            "authority" => "the authority, which gets the secret or the login",
            "scope" => "the scope, which says what the token is good for",
            _ => "a path on the authority",
        };
        tell!("    {}  ({what})", printable(&proposal.value));
    }
    let accepted = confirmed("Do you trust these, and want them in your configuration", false)?;
    for proposal in proposals {
        let key = bare(proposal.key);
        if accepted {
            known.insert(key, Setting::Text(proposal.value.clone()));
        } else {
            ask(own(key), known)?;
        }
    }
    Ok(())
}

/// Returns the error for a user who cannot be asked.
fn refused(error: ConfigError) -> CliError {
    match &error {
        ConfigError::Invalid { error: reason, .. } => match &**reason {
            ProfileError::Unaccepted { proposals } => {
                let flags = proposals
                    .iter()
                    .map(|proposal| format!("--{} \"{}\"", bare(proposal.key), proposal.value));
                let flags: Vec<_> = flags.collect();
                CliError::usage(
                    format!("this is not the connector that this program carries: {error}"),
                    format!("if you trust whoever runs these addresses, accept them: {}", flags.join(" ")),
                )
            }
            _ => error.into(),
        },
        _ => error.into(),
    }
}

/// Returns a key as flags and questions name it.
fn bare(key: &'static str) -> &'static str {
    key.strip_prefix("auth.").unwrap_or(key)
}

/// Says what remains to be done, or does it.
fn finish(globals: &Globals, name: &str, path: &Path, profile: &Profile, asks: bool) -> Result<(), CliError> {
    let globals =
        Globals { connection: Some(name.to_owned()), config: Some(path.to_owned()), ..globals.clone() };
    if let Some(variable) = profile.auth().secret_variables().into_iter().find(|name| is_to_be_set(name)) {
        tell!("hint: set {variable} to the secret, then `connector connections test --connection {name}`");
        return Ok(());
    }
    if profile.auth().needs_login() {
        if !asks || !confirmed("Log in now", true)? {
            tell!("hint: `connector login --connection {name}` signs you in");
            return Ok(());
        }
        login(&globals, &LoginArgs { no_browser: false })?;
    }
    if !asks {
        tell!("hint: `connector connections test --connection {name}` says whether it works");
        return Ok(());
    }
    if confirmed("Test it now", true)? { super::test(&globals, &[]) } else { Ok(()) }
}

/// Whether the user has to set the variable, and has not done so.
fn is_to_be_set(variable: &str) -> bool {
    variable != PLATFORMS && is_unset(variable)
}

/// The platform sets this variable if there is a managed identity.
const PLATFORMS: &str = "IDENTITY_HEADER";

/// Whether the variable is unset or empty in this process.
pub(super) fn is_unset(variable: &str) -> bool {
    std::env::var_os(variable).is_none_or(|value| value.is_empty())
}

fn name(globals: &Globals, arguments: &AddArgs, asks: bool) -> Result<String, CliError> {
    match arguments.name.as_ref().or(globals.connection.as_ref()) {
        Some(name) if is_name(name) => Ok(name.clone()),
        Some(_) => Err(CliError::usage("that is not a valid name for a connection", NAMES)),
        None if asks => ask_name(DEFAULT_CONNECTION, |name| if is_name(name) { Ok(()) } else { Err(NAMES) }),
        None => Ok(DEFAULT_CONNECTION.to_owned()),
    }
}

const NAMES: &str = "use letters, digits, `-`, `_` and `.`, and at most 64 of them";

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty() && name.len() <= 64 && name.bytes().all(plain)
}

/// Returns the answers that the flags give.
fn given(arguments: &AddArgs) -> Result<Answers, CliError> {
    let texts = [
        ("cloud", &arguments.cloud, What::Text),
        ("api-url", &arguments.api_url, What::Address),
        ("tenant-id", &arguments.tenant_id, What::Id),
        ("kind", &arguments.kind, What::Text),
        ("client-id", &arguments.client_id, What::Id),
        ("client-secret-env", &arguments.client_secret_env, What::Variable),
        ("client-secret-file", &arguments.client_secret_file, What::File),
        ("certificate-file", &arguments.certificate_file, What::File),
        ("key-file", &arguments.key_file, What::File),
        ("certificate-password-env", &arguments.certificate_password_env, What::Variable),
        ("certificate-password-file", &arguments.certificate_password_file, What::File),
        ("signing-algorithm", &arguments.signing_algorithm, What::Text),
        ("redirect-uri", &arguments.redirect_uri, What::Redirect),
        ("token-file", &arguments.token_file, What::File),
        // Link-local addresses are usual there; the profile checks them.
        ("metadata-endpoint", &arguments.metadata_endpoint, What::Text),
        ("token-env", &arguments.token_env, What::Variable),
        ("authority", &arguments.authority, What::Address),
        ("scope", &arguments.scope, What::Text),
        ("token-path", &arguments.token_path, What::Path),
        ("authorization-path", &arguments.authorization_path, What::Path),
        ("device-authorization-path", &arguments.device_authorization_path, What::Path),
    ];
    let mut known = Answers::new();
    for (key, value, what) in texts {
        let Some(value) = value else { continue };
        check(what, value, arguments.allow_loopback_http)
            .map_err(|reason| CliError::usage(format!("--{key}: {reason}"), HELP))?;
        if what == What::Variable && looks_secret(value) && is_unset(value) {
            return Err(CliError::usage(
                format!("--{key}: no variable of that name is set, and it looks like a secret itself"),
                "name the variable that holds the secret, and consider that the secret is now in your shell's history",
            ));
        }
        known.insert(key, Setting::Text(value.clone()));
    }
    if !arguments.token_command.is_empty() {
        known.insert("token-command", Setting::Words(arguments.token_command.clone()));
    }
    if arguments.allow_loopback_http {
        known.insert(LOOPBACK, Setting::Flag(true));
    }
    Ok(known)
}

const HELP: &str = "`connector connections add --help` says what the flags take";

/// Returns the connection's profile, if the file contains a valid one.
fn profile(
    globals: &Globals,
    file: &ConfigFile,
    name: &str,
    connector: &Connector,
) -> Result<Profile, ConfigError> {
    let trust = setup::trust(globals, connector);
    Config::parse(file.path(), &file.text(), &Variables::process())?.profile(
        name,
        connector.manifest(),
        trust,
    )
}
