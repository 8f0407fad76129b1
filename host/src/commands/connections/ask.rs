//! Asks on a terminal. Each answer is checked at once, and asked for again if it is not valid.

use std::io::{IsTerminal, stdin};
use std::time::Duration;

use connector_host::config::looks_secret;
use dialoguer::console::Term;
use dialoguer::{Confirm, Input, Select};

use super::add::is_unset;
use super::check::check;
use super::file::Setting;
use super::kinds::What;
use super::questions::{Answers, Choice, LOOPBACK, Question, Wanted};
use crate::error::CliError;
use crate::terminal::{printable, tell};
use crate::{setup, terminal};

/// Whether there is somebody to ask.
pub(super) fn is_possible() -> bool {
    stdin().is_terminal() && terminal::stderr_is_terminal()
}

/// Restores the terminal after an interrupt: a choice hides the cursor, and nothing else would show it again.
pub(super) fn tidy_up_when_interrupted() -> Result<(), CliError> {
    let runtime = setup::runtime()?;
    std::thread::spawn(move || {
        if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            show_cursor();
            // The prompt reports that there is no answer, and ends first.
            std::thread::sleep(MOMENT);
            std::process::exit(INTERRUPTED);
        }
    });
    Ok(())
}

const MOMENT: Duration = Duration::from_millis(300);
/// The exit code after an interrupt, as in shells.
const INTERRUPTED: i32 = 130;

fn show_cursor() {
    // If the terminal is gone, there is no cursor to show.
    let _ = Term::stderr().show_cursor();
}

/// Asks, and adds the answer to those already known.
pub(super) fn ask(question: Question, known: &mut Answers) -> Result<(), CliError> {
    let unchosen = || CliError::usage("nothing was chosen", NOTHING);
    match question.answer {
        Wanted::Choice { key, choices } => {
            let titles: Vec<&str> = choices.iter().map(|choice| choice.title.as_str()).collect();
            let chosen = select(&question.prompt, &titles)?;
            let Choice { value, then, .. } = choices.into_iter().nth(chosen).ok_or_else(unchosen)?;
            if let Some(question) = then {
                return ask(*question, known);
            }
            known.insert(key, Setting::Text(value));
        }
        Wanted::Place(places) => {
            let titles: Vec<&str> = places.iter().map(|(title, _)| *title).collect();
            let chosen = select(&question.prompt, &titles)?;
            match places.into_iter().nth(chosen).ok_or_else(unchosen)? {
                (_, Ok(question)) => return ask(question, known),
                (_, Err(left_out)) => drop(known.insert(left_out, Setting::Nothing)),
            }
        }
        Wanted::Text { key, what, default } => loop {
            let text = typed(&question.prompt, default.clone(), |text| check(what, text, true))?;
            let setting = match what {
                What::Variable if !is_meant(&text)? => continue,
                What::Address if !may_be_there(&text, known)? => continue,
                What::Command => Setting::Words(shlex::split(&text).unwrap_or_default()),
                _ => Setting::Text(text),
            };
            known.insert(key, setting);
            break;
        },
    }
    Ok(())
}

/// Whether requests may go to the address. If it is on this machine, the user has to confirm that.
fn may_be_there(address: &str, known: &mut Answers) -> Result<bool, CliError> {
    if known.contains_key(LOOPBACK) || check(What::Address, address, false).is_ok() {
        return Ok(true);
    }
    let may = confirmed(
        "That is this machine. Let requests go there, and by http: for tests and simulators",
        true,
    )?;
    if may {
        known.insert(LOOPBACK, Setting::Flag(true));
    }
    Ok(may)
}

/// Asks for the new connection's name.
pub(super) fn name(default: &str, check: fn(&str) -> Result<(), &'static str>) -> Result<String, CliError> {
    typed("The name of the connection", Some(default.to_owned()), |text| check(text).map_err(str::to_owned))
}

pub(super) fn confirmed(prompt: &str, default: bool) -> Result<bool, CliError> {
    Confirm::new().with_prompt(printable(prompt)).default(default).interact().map_err(|error| unasked(&error))
}

/// Whether the user means this text as the name of a variable. A secret that was pasted by mistake is never
/// repeated.
fn is_meant(variable: &str) -> Result<bool, CliError> {
    if !is_unset(variable) {
        return Ok(true);
    }
    if looks_secret(variable) {
        tell!("No variable of that name is set, and it looks like a secret itself.");
        return confirmed("Is it a variable's name all the same", false);
    }
    tell!("{variable} is not set yet.");
    Ok(true)
}

fn typed(
    prompt: &str,
    default: Option<String>,
    check: impl Fn(&str) -> Result<(), String>,
) -> Result<String, CliError> {
    let mut input = Input::<String>::new()
        .with_prompt(printable(prompt))
        .validate_with(move |text: &String| check(text.trim()));
    if let Some(default) = default {
        input = input.default(default);
    }
    let text = input.interact_text().map_err(|error| unasked(&error))?;
    Ok(text.trim().to_owned())
}

fn select(prompt: &str, titles: &[&str]) -> Result<usize, CliError> {
    let titles = titles.iter().map(|title| printable(title));
    let select = Select::new().with_prompt(printable(prompt)).items(titles).default(0);
    select.interact().map_err(|error| unasked(&error))
}

fn unasked(error: &dialoguer::Error) -> CliError {
    show_cursor();
    CliError::usage(format!("there is no answer ({error})"), NOTHING)
}

const NOTHING: &str = "nothing was written; give the answers as flags";
