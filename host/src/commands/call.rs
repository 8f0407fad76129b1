//! `connector call`: calls one action, with flags made from the component's own types.

mod flags;
mod input;
mod named;
mod strict;

use std::ffi::OsString;
use std::time::Duration;

use connector_host::{Connection, DEFAULT_DEADLINE, Function};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value};

use crate::cli::Globals;
use crate::commands::watch::news::counted;
use crate::error::CliError;
use crate::output::Printer;
use crate::terminal::{Screen, tell};
use crate::{setup, terminal, usage};
pub(super) use flags::command;

pub(crate) fn run(globals: &mut Globals, words: Vec<OsString>) -> Result<(), CliError> {
    let Some(position) = words.iter().position(|word| !word.to_string_lossy().starts_with('-')) else {
        return help(&words);
    };
    let name = words[position].to_string_lossy().into_owned();
    // The flags may name another component, to which the action belongs.
    globals.component = component_flag(&words).or(globals.component.take());
    let (host, connector) = setup::host(globals)?;
    let function = setup::function(&connector, &name)?;
    let mut flags = words;
    flags.remove(position);
    let called = format!("connector call {name}");
    let line = std::iter::once(OsString::from(&called)).chain(flags);
    let mut matches =
        command(function).try_get_matches_from(line).map_err(|error| usage::mistake(error, &called))?;
    globals.update(&mut matches)?;
    let input = input::read(function, &matches)?;
    let columns = flags::columns(&matches);
    let printer = Printer::new(function, globals, columns.as_deref())?;
    let connection = setup::connection(globals, &host, &connector)?;
    let all = flags::all(function, &matches);
    let deadline = globals.deadline.unwrap_or(DEFAULT_DEADLINE);
    setup::run(call(&connection, deadline, function, input, all, printer))?
}

async fn call(
    connection: &Connection,
    deadline: Duration,
    function: &Function,
    input: Map<String, Value>,
    all: bool,
    mut printer: Printer<'_>,
) -> Result<(), CliError> {
    let failed = |error| CliError::call(error, function);
    let top = flags::top(function, &input).filter(|_| all);
    let (input, time_left) = named::ids(connection, function, input, deadline).await.map_err(failed)?;
    let mut pages = connection.pages(time_left, &function.action.name, input).map_err(failed)?;
    let progress = progress(all);
    let mut fetched = Fetched::default();
    while let Some(reply) = pages.next().await {
        let reply = reply.map_err(failed)?;
        fetched.more = reply.next_link().is_some();
        fetched.total = printer.total(&reply).or(fetched.total);
        // Rows may go to the same terminal: they must not begin in the middle of a line.
        fetched.items += progress.suspend(|| printer.page(reply))?;
        fetched.pages += 1;
        progress.set_message(format!(
            "{}, {}",
            counted(fetched.pages, "page"),
            counted(fetched.items as u64, "item")
        ));
        if !all || !fetched.more {
            break;
        }
    }
    progress.finish_and_clear();
    let is_document = printer.is_document();
    printer.finish()?;
    // A document includes the count and the link itself.
    if !is_document {
        fetched.tell();
    }
    if let Some((flag, allowed)) =
        top.filter(|(_, allowed)| !fetched.more && fetched.items as u64 >= *allowed)
    {
        tell!("--{flag} {allowed} ended the list: there may be more");
        tell!("hint: --all without --{flag} fetches all");
    } else if all && fetched.total.is_some_and(|total| total > fetched.items as u64) {
        tell!("the API ended the list early: its last page links to no other");
    }
    Ok(())
}

/// How much of a result was fetched.
#[derive(Debug, Default)]
struct Fetched {
    pages: u64,
    items: usize,
    /// How many there are in total, if the input asked for that.
    total: Option<u64>,
    /// Whether there are further pages.
    more: bool,
}

impl Fetched {
    /// Says on standard error what the rows alone do not: how many there are in total, and that these are not
    /// all.
    fn tell(&self) {
        match (self.total, self.more) {
            (Some(total), _) => tell!("{} of {total}", self.items),
            (None, true) => tell!("{} shown, and there are more", self.items),
            (None, false) => {}
        }
        if self.more {
            tell!("hint: --all fetches the rest");
        }
    }
}

fn progress(shown: bool) -> ProgressBar {
    if !shown || !terminal::stderr_is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// Returns the component that the words after `call` name, before the rest of them is parsed.
pub(super) fn component_flag(words: &[OsString]) -> Option<std::path::PathBuf> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        if text == "--component" {
            return words.next().map(Into::into);
        }
        if let Some(path) = text.strip_prefix("--component=") {
            return Some(path.into());
        }
    }
    None
}

/// Returns how verbose the words ask to be, so that messages from before they are parsed are shown as well.
pub(super) fn verbosity(words: &[OsString]) -> u8 {
    let asked = words.iter().map(|word| match word.to_str() {
        Some("--verbose") => 1,
        Some(word) => {
            word.strip_prefix('-').filter(|flags| flags.chars().all(|flag| flag == 'v')).map_or(0, str::len)
        }
        None => 0,
    });
    asked.sum::<usize>().try_into().unwrap_or(u8::MAX)
}

fn help(words: &[OsString]) -> Result<(), CliError> {
    if words.iter().any(|word| word == "--help" || word == "-h") {
        let mut command = crate::cli::command();
        // Shared flags appear only in a command that has been built.
        command.build();
        if let Some(call) = command.find_subcommand_mut("call") {
            return Ok(Screen::stdout().help(&call.render_long_help())?);
        }
    }
    Err(CliError::usage("the action is missing", "`connector actions` lists the actions"))
}
