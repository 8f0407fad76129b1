//! `connector connections add`: asks what a connection needs to know, and writes it into the configuration file.

use std::io::{IsTerminal, stderr, stdin};
use std::path::Path;

use connector_host::config::{Config, DEFAULT_CONNECTION, Variables};
use connector_host::{Auth, Connector};
use dialoguer::{Confirm, Input, Select};

use super::file::{ConfigFile, Setting};
use super::questions::{Answers, Question, Wanted, What, check, draft, next};
use crate::cli::{AddArgs, Globals, LoginArgs};
use crate::commands::login::login;
use crate::error::CliError;
use crate::setup;

pub(crate) fn add(globals: &Globals, arguments: &AddArgs) -> Result<(), CliError> {
    let connector = setup::connector(globals)?;
    let mut file = ConfigFile::read(&setup::config_path(globals)?)?;
    let asks = stdin().is_terminal() && stderr().is_terminal();
    let name = name(globals, arguments, asks)?;
    if file.has(&name) && !arguments.replace {
        return Err(CliError::usage(
            format!("{} has a connection \"{name}\" already", file.path().display()),
            "choose another name, or replace it with --replace",
        ));
    }
    let mut known = given(arguments)?;
    while let Some(question) = next(&known, connector.manifest()) {
        if !asks {
            return Err(CliError::usage(
                format!("{} is missing: there is no terminal to ask on", question.flags),
                "give it as a flag; `connector connections add --help` shows all of them",
            ));
        }
        let (key, setting) = ask(question)?;
        known.insert(key, setting);
    }
    file.set(&name, &draft(&known))?;
    let left = checked(&file, &name, &connector)?;
    let path = file.path().to_owned();
    file.write()?;
    eprintln!("the connection \"{name}\" is in {}", path.display());
    finish(globals, &name, &path, &left, asks)
}

/// What a connection needs before it can be tested.
enum Left {
    /// A variable that holds its secret.
    Variable(String),
    /// A person to log in.
    Login,
    /// Nothing that is known of.
    Nothing,
}

/// Says what is left to do, or does it.
fn finish(globals: &Globals, name: &str, path: &Path, left: &Left, asks: bool) -> Result<(), CliError> {
    let globals =
        Globals { connection: Some(name.to_owned()), config: Some(path.to_owned()), ..globals.clone() };
    let is_unset = |variable: &str| std::env::var_os(variable).is_none_or(|value| value.is_empty());
    match left {
        Left::Variable(variable) if is_unset(variable) => {
            eprintln!(
                "hint: set {variable} to the secret, then `connector connections test --connection {name}`"
            );
            return Ok(());
        }
        Left::Login => {
            if !asks || !confirmed("Log in now")? {
                eprintln!("hint: `connector login --connection {name}` signs you in");
                return Ok(());
            }
            login(&globals, &LoginArgs { no_browser: false })?;
        }
        _ => {}
    }
    if !asks {
        eprintln!("hint: `connector connections test --connection {name}` says whether it works");
        return Ok(());
    }
    if confirmed("Test it now")? { super::test(&globals, &[]) } else { Ok(()) }
}

fn confirmed(prompt: &str) -> Result<bool, CliError> {
    Confirm::new().with_prompt(prompt).default(true).interact().map_err(|error| unasked(&error))
}

fn name(globals: &Globals, arguments: &AddArgs, asks: bool) -> Result<String, CliError> {
    let name = match arguments.name.as_ref().or(globals.connection.as_ref()) {
        Some(name) => name.clone(),
        None if asks => Input::new()
            .with_prompt("The name of the connection")
            .default(DEFAULT_CONNECTION.to_owned())
            .interact_text()
            .map_err(|error| unasked(&error))?,
        None => DEFAULT_CONNECTION.to_owned(),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
        return Err(CliError::usage(
            "that is no name for a connection",
            "use letters, digits, `-`, `_` and `.`, and at most 64 of them",
        ));
    }
    Ok(name)
}

/// What the flags say.
fn given(arguments: &AddArgs) -> Result<Answers, CliError> {
    let texts = [
        ("cloud", &arguments.cloud, What::Text),
        ("api-url", &arguments.api_url, What::Text),
        ("tenant-id", &arguments.tenant_id, What::Text),
        ("kind", &arguments.kind, What::Text),
        ("client-id", &arguments.client_id, What::Text),
        ("client-secret-env", &arguments.client_secret_env, What::Variable),
        ("client-secret-file", &arguments.client_secret_file, What::File),
        ("token-env", &arguments.token_env, What::Variable),
        ("authority", &arguments.authority, What::Text),
    ];
    let mut known = Answers::new();
    for (key, value, what) in texts {
        if let Some(value) = value {
            check(what, value).map_err(|reason| CliError::usage(format!("--{key}: {reason}"), HELP))?;
            known.insert(key, Setting::Text(value.clone()));
        }
    }
    if !arguments.token_command.is_empty() {
        known.insert("token-command", Setting::Words(arguments.token_command.clone()));
    }
    if arguments.allow_loopback_http {
        known.insert("allow-loopback-http", Setting::Flag(true));
    }
    Ok(known)
}

const HELP: &str = "`connector connections add --help` says what the flags take";

fn ask(question: Question) -> Result<(&'static str, Setting), CliError> {
    match question.answer {
        Wanted::Choice { key, choices } => {
            let titles: Vec<&str> = choices.iter().map(|choice| choice.title.as_str()).collect();
            let chosen = select(&question.prompt, &titles)?;
            let value = choices.into_iter().nth(chosen).map(|choice| choice.value);
            Ok((key, Setting::Text(value.unwrap_or_default())))
        }
        Wanted::Place(places) => {
            let titles: Vec<&str> = places.iter().map(|(title, _)| *title).collect();
            let chosen = select(&question.prompt, &titles)?;
            match places.into_iter().nth(chosen) {
                Some((_, question)) => ask(question),
                None => Err(CliError::usage("nothing was chosen", HELP)),
            }
        }
        Wanted::Text { key, what, default } => {
            let mut input = Input::<String>::new()
                .with_prompt(question.prompt)
                .validate_with(move |text: &String| check(what, text.trim()));
            if let Some(default) = default {
                input = input.default(default);
            }
            let text = input.interact_text().map_err(|error| unasked(&error))?;
            let text = text.trim();
            let setting = match what {
                What::Command => Setting::Words(shlex::split(text).unwrap_or_default()),
                _ => Setting::Text(text.to_owned()),
            };
            Ok((key, setting))
        }
    }
}

fn select(prompt: &str, titles: &[&str]) -> Result<usize, CliError> {
    let select = Select::new().with_prompt(prompt).items(titles.iter().copied()).default(0);
    select.interact().map_err(|error| unasked(&error))
}

fn unasked(error: &dialoguer::Error) -> CliError {
    CliError::usage(format!("there is no answer ({error})"), "nothing was written; give the answers as flags")
}

/// Whether the file is one with which the connection can be made, and what is left to do for it.
fn checked(file: &ConfigFile, name: &str, connector: &Connector) -> Result<Left, CliError> {
    use connector_host::egress::credential::SecretSource;
    let profile = Config::parse(file.path(), &file.text(), &Variables::process())?
        .profile(name, connector.manifest(), connector_host::Trust::Connector)?;
    Ok(match profile.auth() {
        Auth::TokenVariable(variable) => Left::Variable(variable.clone()),
        Auth::ClientSecret { secret: SecretSource::Variable(variable), .. } => {
            Left::Variable(variable.clone())
        }
        auth if auth.needs_login() => Left::Login,
        _ => Left::Nothing,
    })
}
