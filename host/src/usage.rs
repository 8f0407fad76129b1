//! Command lines that clap rejects, in this program's own words: what is wrong with which flag, and what to
//! do next.

use std::ffi::OsString;

use clap::ValueEnum;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::Format;
use crate::error::CliError;

/// Returns the error for a command line that clap rejected. Help and version are not mistakes, and are left
/// alone. `command` is the one that was not understood, such as `connector call list-alerts`.
pub(crate) fn mistake(error: clap::Error, command: &str) -> CliError {
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => CliError::Clap(Box::new(error)),
        _ => CliError::usage(message(&error), hint(&error, command)),
    }
}

/// Whether the words ask for JSON anywhere. Whoever wants JSON wants failures in it too, whatever else is
/// wrong.
pub(crate) fn asks_for_json(words: &[OsString]) -> bool {
    format(words) == Some(Format::Json)
}

/// Returns the format that the words ask for, before the rest of them is parsed.
fn format(words: &[OsString]) -> Option<Format> {
    let mut words = words.iter().map(|word| word.to_string_lossy()).take_while(|word| word != "--");
    let mut asked = None;
    while let Some(word) = words.next() {
        let value = if word == "--output" || word == "-o" {
            words.next()
        } else {
            let value = word.strip_prefix("--output=").or_else(|| word.strip_prefix("-o"));
            value.map(|value| value.trim_start_matches('=').to_owned().into())
        };
        asked = value.and_then(|value| Format::from_str(&value, false).ok()).or(asked);
    }
    asked
}

fn message(error: &clap::Error) -> String {
    let flag = || text(error, ContextKind::InvalidArg).unwrap_or_else(|| "an argument".into());
    let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument if flag().starts_with('-') => format!("unknown flag `{}`", flag()),
        ErrorKind::UnknownArgument => format!("unexpected argument `{}`", flag()),
        ErrorKind::InvalidSubcommand => match text(error, ContextKind::InvalidSubcommand) {
            Some(name) => format!("unknown command `{name}`"),
            None => first_line(error),
        },
        ErrorKind::MissingSubcommand => "a command is missing".into(),
        ErrorKind::InvalidValue if value.is_empty() => format!("`{}` needs a value", flag()),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => format!("`{}` cannot be `{value}`", flag()),
        ErrorKind::MissingRequiredArgument => format!("`{}` is missing", list(error).join("`, `")),
        ErrorKind::ArgumentConflict => match text(error, ContextKind::PriorArg) {
            Some(other) if other == flag() => format!("`{other}` is given more than once"),
            Some(other) => format!("`{}` cannot be used with `{other}`", flag()),
            None => first_line(error),
        },
        _ => first_line(error),
    }
}

fn hint(error: &clap::Error, command: &str) -> String {
    let suggestion =
        [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
            .into_iter()
            .find_map(|kind| text(error, kind));
    if let Some(suggestion) = suggestion {
        return format!("did you mean `{}`?", kebab_case(&suggestion));
    }
    match error.kind() {
        ErrorKind::InvalidValue => match error.get(ContextKind::ValidValue) {
            Some(ContextValue::Strings(known)) if !known.is_empty() => {
                format!("one of: {}", known.join(", "))
            }
            _ => format!("see `{command} --help`"),
        },
        // The reason that the value's parser gave.
        ErrorKind::ValueValidation => match std::error::Error::source(error) {
            Some(reason) => reason.to_string(),
            None => format!("see `{command} --help`"),
        },
        ErrorKind::InvalidSubcommand | ErrorKind::MissingSubcommand => {
            format!("`{command} --help` lists the commands")
        }
        _ => format!("`{command} --help` lists the flags"),
    }
}

/// Returns the command that the words name, as far as they name one: `connector connections test`.
pub(crate) fn command(words: &[OsString], root: &clap::Command) -> String {
    let (mut command, mut name) = (root, root.get_name().to_owned());
    for word in words.iter().skip(1).filter_map(|word| word.to_str()) {
        if let Some(inner) = command.find_subcommand(word) {
            name = format!("{name} {word}");
            command = inner;
        }
    }
    name
}

/// Flags have other names as well; the one to learn is in lower case.
fn kebab_case(flag: &str) -> String {
    let mut name = String::with_capacity(flag.len());
    for letter in flag.chars() {
        if letter.is_ascii_uppercase() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// Returns clap's own message, without the text around it.
fn first_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => texts.first().cloned(),
        _ => None,
    }
}

fn list(error: &clap::Error) -> Vec<String> {
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::Strings(names)) => names.clone(),
        Some(ContextValue::String(name)) => vec![name.clone()],
        _ => Vec::new(),
    }
}
